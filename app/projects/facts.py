"""What the rules of a project compare, loaded for one or thousands in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import service as catalogue
from app.catalogue.codes import FundingSource
from app.catalogue.lists import Entry
from app.catalogue.models import CatalogueItem
from app.editions import service as editions
from app.editions.models import Edition
from app.funding import service as funding
from app.kernel import clock
from app.kernel.errors import Problem
from app.parties import service as parties
from app.projects import repository
from app.projects.models import Project
from app.projects.similarity import Neighbourhood, Twin


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about one project beside its own row."""

    edition: Edition
    today: date = date.min
    negative: tuple[Entry, ...] = ()
    catalogue_item: CatalogueItem | None = None
    buyer_area: str = ""
    standing: funding.Standing = field(default_factory=funding.Standing)
    committed_fen: int = 0
    parts: tuple[funding.Part, ...] = ()
    funding_problems: tuple[Problem, ...] = ()
    duplicates: tuple[Twin, ...] = ()


async def load(session: AsyncSession, project: Project) -> Facts:
    """The facts of one project."""
    return (await load_many(session, [project]))[project.id]


async def load_many(
    session: AsyncSession, projects: Sequence[Project], *, whole: bool = True
) -> dict[UUID, Facts]:
    """The facts of many projects: a fixed number of statements for each edition. Admission needs the `whole` of them: duplicates,
    catalogue and negative lists; what has been admitted is asked about its money and its edition alone.
    """
    by_edition: dict[str, list[Project]] = defaultdict(list)
    for project in projects:
        by_edition[project.edition_code].append(project)
    found: dict[UUID, Facts] = {}
    for code, some in by_edition.items():
        found |= await _of_edition(session, await editions.get(session, code), some, whole)
    return found


async def _of_edition(
    session: AsyncSession, edition: Edition, projects: Sequence[Project], whole: bool
) -> dict[UUID, Facts]:
    ids = [project.id for project in projects]
    standings = await funding.standings(session, ids)
    buyers = await parties.places(session, {project.buyer_id for project in projects})
    near = Neighbourhood(await repository.neighbours(session, edition.code, projects) if whole else ())
    cited = {project.catalogue_item_code for project in projects if project.catalogue_item_code}
    items = await repository.catalogue_items(session, cited) if cited and whole else {}
    negative = tuple(await catalogue.negative_entries(session)) if whole else ()
    in_need = any(not standings[project_id].committed_fen for project_id in ids)
    purse = await funding.purse(session, edition.code) if in_need else funding.Purse(())
    today = clock.today()
    found = {}
    for project in projects:
        committed = standings[project.id].committed_fen
        parts: list[funding.Part] = []
        problems: list[Problem] = []
        if committed == 0 and project.category:
            wanted = public_parts(project)
            parts, problems = purse.take(project.area_path, project.category, wanted)
        found[project.id] = Facts(
            edition=edition,
            today=today,
            negative=negative,
            catalogue_item=items.get(project.catalogue_item_code or ""),
            buyer_area=buyers.get(project.buyer_id, ""),
            standing=standings[project.id],
            committed_fen=committed,
            parts=tuple(parts),
            funding_problems=tuple(problems),
            duplicates=tuple(near.twins(project)),
        )
    return found


def public_parts(project: Project) -> list[tuple[str, int]]:
    """What funding lines must carry: all of the budget's parts but the supplier's own contribution."""
    return [
        (part["source"], part["amount_fen"])
        for part in project.funding_parts
        if part["source"] != FundingSource.SELF and part["amount_fen"]
    ]
