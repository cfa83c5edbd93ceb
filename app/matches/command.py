"""`sheqia match`: one match run from the command line, with a summary that people read."""

import asyncio
from functools import partial
from uuid import UUID

from rich.console import Console
from rich.table import Table

from app.editions import service as editions
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.errors import CannotRun, Problem
from app.kernel.job_worker import Worker
from app.kernel.jobs import OPEN, Handler
from app.matches import encoding, repository, service
from app.matches.runs import ALONE, EMBED, RUN, Sharing
from app.matches.schemas import RunDraft, RunView

OPERATOR = machine("command line")
BACKENDS = ("loky", "dask")
POLL_SECONDS = 0.5
NO_BACKEND = Problem(
    "no_such_backend",
    "--backend 只能是 loky 或 dask；dask 须先安装附加组件（sheqia[dask]）。",
    "--backend is loky or dask; dask needs the extra (sheqia[dask]) installed.",
)
LABELS = (
    ("projects", "项目", "projects"),
    ("organizations", "机构", "organizations"),
    ("pairs", "入选配对", "pairs kept"),
    ("projects_without_candidate", "无候选机构的项目", "projects without a candidate"),
    ("projects_with_one_candidate", "仅一家候选的项目", "projects with one candidate"),
    ("texts_embedded", "新编码文本", "texts embedded anew"),
    ("seconds", "用时（秒）", "seconds"),
)


def sharing_of(backend: str | None) -> Sharing:
    """How the blocks are shared out. Raises `CannotRun` for a backend that is not there."""
    if backend is None:
        return ALONE
    if backend not in BACKENDS:
        raise CannotRun(NO_BACKEND, exit_code=2)
    if backend == "dask":
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise CannotRun(NO_BACKEND, exit_code=2) from None
        Client(n_workers=encoding.cores(), threads_per_worker=1, dashboard_address=None)
    return Sharing(encoding.cores(), backend)


async def run(database: Database, edition: str, backend: str | None) -> int:
    """Ask for a run, perform it here (or wait for the worker that was faster) and print it; 0 when it was stored."""
    sharing = await asyncio.to_thread(sharing_of, backend)
    async with database.writing() as session:
        code = edition or (await editions.current(session)).code
        asked = await service.start(session, OPERATOR, code, RunDraft())
    handlers: dict[str, Handler] = {
        RUN: partial(service.perform, sharing=sharing),
        EMBED: service.embed_missing,
    }
    await Worker(database, handlers).drain()
    told = await _ended(database, asked.id)
    _print(told)
    return 0 if told.stored_at else 1


async def _ended(database: Database, run_id: UUID) -> RunView:
    while True:
        async with database.reading() as session:
            found = await repository.run(session, run_id)
            assert found is not None
            told = (await service.views(session, [found]))[0]
        if told.job is None or told.job.state not in OPEN:
            return told
        await asyncio.sleep(POLL_SECONDS)


def _print(told: RunView) -> None:
    table = Table("匹配 Match run", str(told.id), show_header=True)
    table.add_row("届次 edition", told.edition)
    table.add_row("状态 state", told.job.state if told.job else "")
    ranker = " + ".join(name for name in (told.weights, told.model) if name)
    table.add_row("权重与模型 weights, model", ranker)
    for key, zh, en in LABELS:
        if told.summary is not None and key in told.summary:
            table.add_row(f"{zh} {en}", str(told.summary[key]))
    table.add_row("输入指纹 fingerprint", told.fingerprint or "")
    Console().print(table)
