"""Projects as the ranker reads them: plain data named as DOMAIN §4.1, in a fixed number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.catalogue.codes import label
from app.kernel.lifecycle import held
from app.parties import service as parties
from app.projects import repository
from app.projects.models import Project


async def for_matching(session: AsyncSession, ids: Iterable[UUID] | None = None) -> list[dict[str, Any]]:
    """The projects with `ids`, else all that are on offer (published or negotiating), as arguments of `matching.Project`.

    Besides those: `number`, `edition`, `state`, `buyer_id`. In the order of ids; districts by canonical name, target groups in
    Chinese, money in fen.
    """
    projects = await (repository.on_offer(session) if ids is None else _named(session, list(ids)))
    names = await areas.names(
        session, [path for project in projects for path in (project.area_path, *project.delivery_paths)]
    )
    bodies = await parties.names(
        session, [party for project in projects for party in (project.buyer_id, project.procuring_entity_id)]
    )
    return [_plain(project, names, bodies) for project in projects]


async def _named(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Project]:
    """The rows with these ids; what the transaction holds is not read again."""
    known = [held(session, Project, project_id) for project_id in ids]
    if any(project is None for project in known):
        return await repository.with_ids(session, ids)
    return sorted((project for project in known if project), key=lambda project: project.id)


def _plain(project: Project, names: Mapping[str, str], bodies: Mapping[UUID, str]) -> dict[str, Any]:
    entity = project.procuring_entity_id
    districts = [path.split("/")[1] for path in project.delivery_paths if "/" in path]
    return {
        "id": str(project.id),
        "number": project.number,
        "edition": project.edition_code,
        "state": project.state,
        "title": project.title,
        "description": project.description,
        "need_analysis": project.need_analysis,
        "category": project.category,
        "categories": list(project.categories),
        "target_groups": [label("target_group", code) for code in project.target_groups],
        "district": _name(project.district_path, names),
        "street": _name(project.street_path, names),
        "community": _name(project.community_path, names),
        "delivery_districts": [names.get(code, code) for code in dict.fromkeys(districts)],
        "buyer_id": project.buyer_id,
        "buyer": bodies.get(project.buyer_id),
        "procuring_entity": bodies.get(entity) if entity else None,
        "funders": [part["funder"] for part in project.funding_parts if part.get("funder")],
        "budget_fen": project.budget_fen,
        "min_rating": project.min_rating,
        "min_certified_social_workers": project.min_certified_social_workers or 0,
        "required_qualifications": list(project.required_qualifications),
        "preferred_qualifications": list(project.preferred_qualifications),
    }


def _name(path: str | None, names: Mapping[str, str]) -> str | None:
    return None if path is None else names.get(path.rsplit("/", 1)[-1])
