"""Projects as their reader may see them, in a fixed number of statements however many there are."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.identity.masking import masked_name, masked_phone
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.parties import service as parties
from app.projects import permissions, repository
from app.projects.models import Amendment, Project
from app.projects.schemas import AmendmentView, ProjectSummary, ProjectView

OFFICIAL = ("major_matter_minutes", "multi_year_proof", "remarks", "provenance")
"""Fields for the officials of the area: for others they are null."""


async def summaries(session: AsyncSession, projects: Sequence[Project]) -> list[ProjectSummary]:
    """Rows of a list: two statements."""
    facts = _facts(projects, *await _named(session, projects))
    return [ProjectSummary.model_validate(known, by_name=True, context=FEN) for known in facts]


async def views(session: AsyncSession, actor: Actor, projects: Sequence[Project]) -> list[ProjectView]:
    """Whole projects with their lots and amendments: four statements at the most."""
    bodies, names = await _named(session, projects)
    facts = _facts(projects, bodies, names)
    parents = [project.id for project in projects if project.is_parent]
    lots = await repository.lots(session, parents) if parents else {}
    published = [project.id for project in projects if project.published_at]
    amendments = await repository.amendments(session, published) if published else {}
    return [
        ProjectView.model_validate(
            known | _whole(actor, project, lots.get(project.id, []), amendments.get(project.id, []), names),
            by_name=True,
            context=FEN,
        )
        for known, project in zip(facts, projects, strict=True)
    ]


async def _named(
    session: AsyncSession, projects: Sequence[Project]
) -> tuple[dict[UUID, str], dict[str, str]]:
    """Names of the paying side and of every place."""
    bodies = await parties.names(
        session, [party for project in projects for party in (project.buyer_id, project.procuring_entity_id)]
    )
    paths = [path for project in projects for path in (project.area_path, *project.delivery_paths)]
    return bodies, await areas.names(session, paths)


def _facts(
    projects: Sequence[Project], bodies: dict[UUID, str], names: dict[str, str]
) -> list[dict[str, Any]]:
    return [
        _columns(project, ProjectSummary.model_fields)
        | {
            "edition": project.edition_code,
            "district": _name(project.district_path, names),
            "street": _name(project.street_path, names),
            "community": _name(project.community_path, names),
            "buyer": _party(project.buyer_id, bodies),
            "procuring_entity": _party(project.procuring_entity_id, bodies),
            "state_since": clock.local(project.state_since),
            "published_at": clock.local(project.published_at) if project.published_at else None,
            "updated_at": clock.local(project.updated_at),
        }
        for project in projects
    ]


def _whole(
    actor: Actor,
    project: Project,
    lots: Sequence[Project],
    amendments: Sequence[Amendment],
    names: dict[str, str],
) -> dict[str, Any]:
    inside = permissions.sees_inside(actor, project)
    own = ProjectView.model_fields.keys() - ProjectSummary.model_fields.keys()
    facts = _columns(project, own)
    if not inside:
        facts |= dict.fromkeys(OFFICIAL)
        facts["contact_name"] = masked_name(project.contact_name)
        facts["contact_phone"] = masked_phone(project.contact_phone)
    return facts | {
        "contacts_shown": inside,
        "communities": [_name(path, names) for path in project.delivery_paths],
        "lots": [{"id": lot.id, "name": lot.number} for lot in lots],
        "amendments": [_amendment(amendment) for amendment in amendments],
        "created_at": clock.local(project.created_at),
    }


def _amendment(amendment: Amendment) -> AmendmentView:
    view = AmendmentView.model_validate(amendment)
    view.at = clock.local(view.at)
    return view


def _columns(project: Project, fields: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(project, name) for name in fields if hasattr(Project, name)}


def _name(path: str | None, names: dict[str, str]) -> str | None:
    return None if path is None else names.get(path.rsplit("/", 1)[-1], path)


def _party(party_id: UUID | None, bodies: dict[UUID, str]) -> dict[str, Any] | None:
    return None if party_id is None else {"id": party_id, "name": bodies.get(party_id, "")}
