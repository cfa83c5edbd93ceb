"""The `sheqia` command. Every command imports what it needs when it runs: `sheqia --help` answers at once."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.kernel.errors import CannotRun, Problem, SheqiaError

if TYPE_CHECKING:
    from app.settings import Settings

app = typer.Typer(
    help="社洽 Sheqia：公益服务项目洽谈会的服务端。 The service behind a fair for community service projects.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
admin = typer.Typer(help="账号管理。 Accounts.", no_args_is_help=True)
app.add_typer(admin, name="admin")

Data = Annotated[Path | None, typer.Option("--data", help="数据目录 data folder [SHEQIA_DATA, ./.data]")]
DEMO_ELSEWHERE = Problem(
    "demo_refused",
    "已设置 DATABASE_URL：演示数据不会写入外部数据库，除非加 --force。",
    "DATABASE_URL is set: the demonstration is not loaded into another database unless you add --force.",
)


@app.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="载入演示数据 load the demonstration fair")] = False,
    port: Annotated[int | None, typer.Option(help="端口 port [SHEQIA_PORT, 8000]")] = None,
    host: Annotated[str | None, typer.Option(help="监听地址 address [SHEQIA_HOST, 127.0.0.1]")] = None,
    data: Data = None,
    workers: Annotated[int | None, typer.Option(help="API 进程数 API processes [SHEQIA_WORKERS, 1]")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="演示数据也可载入已有数据的库 demo beside other data")
    ] = False,
) -> None:
    """启动服务。 Start the database, bring it up to date and serve."""
    from app.installation import serving

    # A demonstration is a sandbox: its clock may be moved, so that the whole story can be played in minutes.
    chosen = _settings(data=data, port=port, host=host, workers=workers, sandbox=True if demo else None)
    if demo and chosen.database_url and not force:
        raise CannotRun(DEMO_ELSEWHERE, exit_code=2)
    serving.serve(chosen, errand=["app.demo", *(["--force"] if force else [])] if demo else [])


@app.command()
def migrate(data: Data = None) -> None:
    """更新数据库结构。 Bring the database schema up to date."""
    from app.installation import storage

    async def act(database: object) -> None:
        """Reaching the database has brought its schema up to date."""

    storage.perform(_settings(data=data), act)


@app.command()
def doctor(data: Data = None, port: Annotated[int | None, typer.Option(help="端口 port")] = None) -> None:
    """检查安装。 Say what is wrong with this installation and what to do."""
    from rich.console import Console
    from rich.table import Table

    from app.installation.doctor import examine

    table = Table("", "检查 Check", "结果 Result", show_lines=True)
    healthy = True
    for finding in examine(_settings(data=data, port=port)):
        fault = finding.problem
        healthy = healthy and fault is None
        result = f"{fault.zh}\n{fault.en}" if fault else finding.found
        table.add_row("✗" if fault else "✓", f"{finding.zh}\n{finding.en}", result)
    Console().print(table)
    raise typer.Exit(0 if healthy else 1)


@app.command()
def backup(file: Path, data: Data = None) -> None:
    """备份数据库到文件。 Write the whole database to FILE."""
    import asyncio

    from app.installation.backup import back_up

    asyncio.run(back_up(_settings(data=data), file))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="替换现有数据 replace what is there")] = False,
) -> None:
    """从备份文件恢复。 Fill the database from a FILE written by backup."""
    import asyncio

    from app.installation import backup as backups

    asyncio.run(backups.restore(_settings(data=data), file, force=force))


@app.command("verify-journal")
def verify_journal(data: Data = None) -> None:
    """校验日志链。 Prove that no journal entry was changed, removed or inserted."""
    from app.installation import storage
    from app.kernel import sealer
    from app.kernel.database import Database

    async def act(database: Database) -> int:
        async with database.engine.connect() as connection:
            return await sealer.verify(connection)

    length = storage.perform(_settings(data=data), act)
    typer.echo(f"日志链完整：{length} 条。 The journal is whole: {length} entries.")


@app.command()
def openapi(
    file: Annotated[Path | None, typer.Argument(help="缺省为标准输出 stdout by default")] = None,
) -> None:
    """输出 OpenAPI 文档。 Write the API's OpenAPI document."""
    import json

    from app.main import create_app

    document = json.dumps(create_app().openapi(), ensure_ascii=False, indent=2) + "\n"
    if file:
        file.write_text(document, "utf-8")
    else:
        sys.stdout.write(document)


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="名单文件 .xlsx .xls .csv .txt")],
    kind: Annotated[str, typer.Option(help="projects, organizations, needs")] = "projects",
    edition: Annotated[str, typer.Option(help="届次 edition code, such as 2026 [current]")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只预览，不开数据库 preview, open no database")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="有提示即失败；要么全部导入 warnings fail; all rows or none")
    ] = False,
    data: Data = None,
) -> None:
    """导入名单。 Import a list. 0 done, 1 rows were rejected, 2 the file cannot be read."""
    from app.imports import command

    if dry_run:
        raise typer.Exit(command.run(file, kind, edition, as_json=as_json, strict=strict))
    from app.installation import storage

    code = storage.perform(
        _settings(data=data),
        lambda database: command.apply(database, file, kind, edition, as_json=as_json, strict=strict),
    )
    raise typer.Exit(code)


@app.command()
def match(
    edition: Annotated[str, typer.Option(help="届次 edition code, such as 2026 [current]")] = "",
    backend: Annotated[
        str | None, typer.Option(help="多进程 loky, dask: share the work out [one process]")
    ] = None,
    data: Data = None,
) -> None:
    """匹配一次。 Rank the open projects of an edition once, store the run and print its summary."""
    from app.installation import storage
    from app.matches import command

    code = storage.perform(_settings(data=data), lambda database: command.run(database, edition, backend))
    raise typer.Exit(code)


@admin.command("create-account")
def create_account(
    name: str,
    role: Annotated[str, typer.Option(help="角色代码 code of the role")],
    label: Annotated[str, typer.Option(help="显示名称 name shown")] = "",
    area: Annotated[str | None, typer.Option(help="区域路径 area path, '' is everywhere")] = None,
    party: Annotated[str | None, typer.Option(help="机构编号 id of the party")] = None,
    data: Data = None,
) -> None:
    """开立账号并打印密码。 Open an account and print its password."""
    from app.installation import accounts, storage

    password = storage.perform(
        _settings(data=data),
        lambda database: accounts.open_one(database, name, label or name, role, area, party),
    )
    typer.echo(password)


def main() -> None:
    """Run the command line: what the operator can mend is one line in two languages, never a traceback."""
    try:
        app()
    except SheqiaError as error:
        for problem in error.problems:
            typer.echo(f"sheqia: {problem.zh} {problem.en}", err=True)
        raise SystemExit(error.extra.get("exit_code", 1)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _settings(**given: Any) -> "Settings":
    """The settings, where options given on the command line win over the environment (children read them there)."""
    from app.settings import settings

    os.environ.update(
        {f"SHEQIA_{name.upper()}": str(value) for name, value in given.items() if value is not None}
    )
    return settings()


if __name__ == "__main__":
    main()
