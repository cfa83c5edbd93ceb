"""Loads the demonstration fair through the doors a bureau uses: its lists are uploaded, previewed, committed; projects are
submitted, admitted, published; matches are asked for; the day of the fair is prepared (`day`). Every stage may be broken off
and taken up again."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from rich.progress import Progress
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.gazetteer import Gazetteer
from app.catalogue.codes import Category, FundingSource
from app.demo import accounts, day
from app.demo.accounts import CITY, DEMO
from app.demo.generate import build
from app.demo.records import Project as DemoProject
from app.demo.stages import EDITION, LOOK_SECONDS, failed, job_done, progress_bars, signed_in, with_bar
from app.demo.workbooks import write
from app.editions import service as editions
from app.editions.schemas import EditionDraft
from app.funding import setup as funding
from app.funding.models import FundingLine
from app.funding.schemas import LineDraft, SourceDraft
from app.identity.roles import Role
from app.imports import service as imports
from app.imports.models import Import, ImportState
from app.imports.schemas import Said
from app.kernel import clock, sandbox
from app.kernel.actor import Actor
from app.kernel.database import Database
from app.kernel.errors import CannotRun, NotFound, Problem
from app.kernel.money import FEN
from app.matches import service as matches
from app.matches.models import MatchRun
from app.matches.schemas import RunDraft
from app.projects import service as projects
from app.projects.models import Project, ProjectState
from app.settings import Settings

ORGANIZATIONS = "社会组织"
STEP = 700

OTHER_DATA = Problem(
    "demo_refused",
    "数据目录中已有其他数据：演示数据不会写入，除非加 --force，或用 --data 另选目录。",
    "The data folder holds other data: the demonstration is not loaded beside it unless you add --force, or choose another "
    "folder with --data.",
)


async def load(database: Database, settings: Settings, *, force: bool) -> None:
    """Bring the demonstration fair to the eve of its opening: all published and matched, the talks seated in the hall.

    Raises `CannotRun` (exit 2) when the installation holds other data and `force` is not set.
    """
    async with database.reading() as session:
        ours, used = (
            await accounts.exist(session),
            await session.scalar(select(func.count()).select_from(Project)),
        )
        if used and not ours and not force:
            raise CannotRun(OTHER_DATA, exit_code=2)
        # Who loads stands beside the service, not in one of its requests: the sandbox may have moved its clock.
        clock.settle(await sandbox.offset(session, settings))
        matched = ours and await _is_matched(session)
        if matched and await day.stands(session):
            return
    with progress_bars() as bars:
        if not matched:
            await _fill(database, settings, bars)
        await day.prepare(database, bars)


async def _fill(database: Database, settings: Settings, bars: Progress) -> None:
    """Everything up to the matches."""
    await accounts.open_officials(database, settings)
    await with_bar(bars, "生成名单 Writing the lists", _prepare(database, settings))
    await _import(database, bars, settings.data / "demo")
    await accounts.open_others(database, settings)
    await with_bar(bars, "提交 Submitting", _move(database, ProjectState.DRAFT, projects.submit_many, DEMO))
    city = await signed_in(database, accounts.name_of(Role.CITY_BUREAU))
    await with_bar(
        bars, "入库审核 Admitting", _move(database, ProjectState.SUBMITTED, projects.admit_many, city)
    )
    await with_bar(
        bars, "发布 Publishing", _move(database, ProjectState.APPROVED, projects.publish_many, city)
    )
    await _match(database, bars, city)


async def _is_matched(session: AsyncSession) -> bool:
    stored = select(MatchRun.id).where(MatchRun.edition_code == EDITION, MatchRun.stored_at.is_not(None))
    return await session.scalar(stored.limit(1)) is not None


# -- lists and money -------------------------------------------------------------------------------------------------


async def _prepare(database: Database, settings: Settings) -> int:
    fair = await asyncio.to_thread(build)
    files = await asyncio.to_thread(write, fair, settings.data / "demo")
    async with database.writing() as session:
        try:
            await editions.get(session, EDITION)
        except NotFound:
            await editions.create(session, DEMO, _edition(clock.today()))
        if (
            await session.scalar(select(FundingLine.id).where(FundingLine.edition_code == EDITION).limit(1))
            is None
        ):
            await _open_lines(session, fair.projects)
    return len(files)


def _edition(today: date) -> EditionDraft:
    # The call is open on the day of the demonstration, whenever that is.
    return EditionDraft(
        code=EDITION,
        name="2026年南京市社区暨社会公益服务项目洽谈会（演示）",
        ordinal=13,
        call_opens_on=min(date(2026, 1, 5), today),
        call_closes_on=max(date(2026, 12, 31), today + timedelta(days=60)),
        fair_opens_on=max(date(2026, 12, 10), today + timedelta(days=14)),
        fair_closes_on=max(date(2026, 12, 11), today + timedelta(days=15)),
    )


async def _open_lines(session: AsyncSession, listed: Sequence[DemoProject]) -> None:
    """The money of the lists, as the three tiers and the lottery would have set it aside: a fifth more than is asked for."""
    gazetteer = Gazetteer.default()
    asked: dict[tuple[FundingSource, str], int] = defaultdict(int)
    for project in listed:
        district = gazetteer.resolve_district(project.district).area
        assert district is not None
        street = gazetteer.resolve_street(project.street, district).area
        assert street is not None
        for source, fen in project.funding.items():
            own = street.path if source == FundingSource.STREET_FISCAL else district.path
            asked[FundingSource(source), own] += fen
    sources: dict[tuple[FundingSource, str], int] = defaultdict(int)
    for (source, area), fen in asked.items():
        wide = source in (FundingSource.CITY_FISCAL, FundingSource.LOTTERY_FUND)
        sources[source, CITY if wide else area] += _with_room(fen)
    drafts = [
        SourceDraft.model_validate(
            {
                "year": 2026,
                "source": source,
                "name": f"2026年{area}·{source}",
                "area_path": area,
                "amount_fen": fen,
                "earmark_categories": [Category.ELDERLY_CARE] if source == FundingSource.LOTTERY_FUND else [],
                "earmark_percent": 50 if source == FundingSource.LOTTERY_FUND else 0,
            },
            by_name=True,
            by_alias=False,
            context=FEN,
        )
        for (source, area), fen in sources.items()
    ]
    opened = dict(zip(sources, await funding.open_sources(session, DEMO, drafts), strict=True))
    lines = [
        LineDraft.model_validate(
            {
                "source_id": (opened.get((source, area)) or opened[source, CITY]).id,
                "edition_code": EDITION,
                "area_path": area,
                "name": f"2026年社洽会·{source}",
                "amount_fen": _with_room(fen),
            },
            by_name=True,
            by_alias=False,
            context=FEN,
        )
        for (source, area), fen in asked.items()
    ]
    await funding.open_lines(session, DEMO, lines)


def _with_room(fen: int) -> int:
    return -(-fen * 6 // 5 // 100) * 100


# -- through the import ----------------------------------------------------------------------------------------------


async def _import(database: Database, bars: Progress, folder: Path) -> None:
    """Each district's bureau sends its list, the city the organizations; what is ready is committed; wait for the rows."""
    paths = await asyncio.to_thread(lambda: sorted(folder.glob("*.xlsx")))
    bar = bars.add_task("导入 Importing", total=len(paths) * 2)
    waiting: dict[UUID, Actor] = {}
    for path in sorted(paths, key=lambda path: (ORGANIZATIONS not in path.name, path.name)):
        sender = await _sender(database, path.name)
        async with database.writing() as session:
            thing, _ = await imports.upload(
                session,
                sender,
                kind="organizations" if ORGANIZATIONS in path.name else "projects",
                edition=EDITION,
                file_name=path.name,
                content=await asyncio.to_thread(path.read_bytes),
                said=Said(),
            )
        waiting[thing.id] = sender
    while waiting:
        for import_id, sender in list(waiting.items()):
            if await _advance(database, sender, import_id) == ImportState.COMMITTED:
                del waiting[import_id]
        done = 2 * (len(paths) - len(waiting)) + await _previewed(database, waiting)
        bars.update(bar, completed=done)
        await asyncio.sleep(LOOK_SECONDS)


async def _sender(database: Database, file_name: str) -> Actor:
    if ORGANIZATIONS in file_name:
        return await signed_in(database, accounts.name_of(Role.CITY_BUREAU))
    district = next(area for area in Gazetteer.default().districts if area.name in file_name)
    return await signed_in(database, accounts.district_name(district.path))


async def _advance(database: Database, sender: Actor, import_id: UUID) -> str:
    async with database.writing() as session:
        thing = await imports.get(session, sender, import_id)
        if thing.state == ImportState.PREVIEWED:
            await imports.commit(session, sender, thing, all_or_nothing=False)
        elif thing.state in (ImportState.FAILED, ImportState.CANCELLED):
            raise failed(f"{thing.file_name}: {thing.problems}")
        return thing.state


async def _previewed(database: Database, ids: Iterable[UUID]) -> int:
    async with database.reading() as session:
        later = (ImportState.PREVIEWED, ImportState.COMMITTING)
        found = select(func.count()).where(Import.id.in_(list(ids)), Import.state.in_(later))
        return await session.scalar(found) or 0


# -- into the market ---------------------------------------------------------------------------------------------------

Act = Callable[[AsyncSession, Actor, Sequence[Project]], Awaitable[projects.Outcome]]


async def _move(database: Database, state: ProjectState, act: Act, actor: Actor) -> int:
    """Move every project of a state, some hundreds in one transaction; how many moved. Raises with the first refusal."""
    moved = 0
    while True:
        async with database.writing() as session:
            found = await session.scalars(
                select(Project)
                .where(Project.edition_code == EDITION, Project.state == state, Project.is_parent.is_(False))
                .order_by(Project.id)
                .limit(STEP)
            )
            batch = list(found)
            outcome = await act(session, actor, batch)
        refused = [(batch_id, error) for batch_id, error in outcome.items() if error is not None]
        if refused:
            raise failed(f"{len(refused)} × {refused[0][1]}")
        moved += len(batch)
        if len(batch) < STEP:
            return moved


async def _match(database: Database, bars: Progress, city: Actor) -> None:
    async with database.writing() as session:
        run = await matches.start(session, city, EDITION, RunDraft())
        job_id = run.job_id
    await job_done(database, bars, "匹配 Matching", job_id)
