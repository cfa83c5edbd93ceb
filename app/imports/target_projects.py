"""Projects as a target of an import."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.imports.columns.projects import PROJECTS
from app.imports.drafts import draft_of
from app.imports.targets import New, Stored, Titled, any_since, plain
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.projects import permissions, service
from app.projects import schemas as projects
from app.projects.models import Project, ProjectState

_BACK = {
    "starts_on": "start_on",
    "ends_on": "end_on",
    "number": "project_no",
    "funding_parts": "funding_lines",
    "is_estimate": "budget_is_estimate",
    "catalogue_item_code": "catalogue_item",
    "responsibility_list_type": "responsibility_list",
}
_FIELDS = frozenset(PROJECTS.fields)


class ProjectTarget:
    """Creates and updates projects through their service."""

    kind = "projects"

    def may_write(self, actor: Actor, path: str, *, filed: bool) -> bool:
        return permissions.may_post(actor, path)

    async def stored(
        self, session: AsyncSession, actor: Actor, edition: str, lookups: Sequence[str]
    ) -> list[Stored]:
        titles = any_(literal(list(lookups), ARRAY(Project.title.type)))
        found = await session.scalars(self._live(edition).where(Project.title == titles))
        return await self._as_stored(session, actor, found.all())

    async def changed_since(self, session: AsyncSession, edition: str, since: datetime) -> bool:
        return await any_since(session, self._live(edition), Project, since)

    async def titles(self, session: AsyncSession, edition: str, limit: int) -> list[Titled]:
        query = self._live(edition).with_only_columns(Project.id, Project.title, Project.area_path)
        return [Titled(*row) for row in await session.execute(query.limit(limit))]

    async def everything(self, session: AsyncSession, actor: Actor, edition: str) -> list[Stored]:
        query = self._live(edition).where(permissions.visible_to(actor)).order_by(Project.number)
        return await self._as_stored(session, actor, (await session.scalars(query)).all())

    def _live(self, edition: str) -> Any:
        return select(Project).where(
            Project.edition_code == edition,
            Project.parent_id.is_(None),
            Project.state != ProjectState.WITHDRAWN,
        )

    async def _as_stored(
        self, session: AsyncSession, actor: Actor, things: Sequence[Project]
    ) -> list[Stored]:
        views = await service.views(session, actor, list(things)) if things else []
        return [
            Stored(thing.id, _record(view), thing.state in permissions.FREE_STATES and permissions.may_edit(actor, thing))
            for thing, view in zip(things, views, strict=True)
        ]  # fmt: skip

    def drafted(self, records: Sequence[Mapping[str, Any]], as_of: date) -> Sequence[Any]:
        drafts = [draft_of(self.kind, record, as_of) for record in records]
        return service.listed(cast(list[projects.ProjectDraft], drafts))

    async def look_up(
        self, session: AsyncSession, actor: Actor, drafts: Sequence[Any], known: Any = None
    ) -> Any:
        return await service.look_up(session, actor, drafts, known)

    async def create(
        self, session: AsyncSession, actor: Actor, edition: str, rows: Sequence[New], names: Any = None
    ) -> list[UUID]:
        ids = [row.id for row in rows]
        entries, origins = [row.draft for row in rows], [row.provenance for row in rows]
        await service.enter_many(session, actor, edition, entries, origins, ids, names)
        return ids

    async def update(
        self, session: AsyncSession, actor: Actor, thing_id: UUID, fields: Mapping[str, Any], note: str, as_of: date
    ) -> None:  # fmt: skip
        project = await service.get(session, actor, thing_id)
        draft = draft_of(self.kind, {"title": project.title, "buyer": "—" * 2, **fields}, as_of)
        sent = draft.model_dump(exclude_unset=True, exclude={"edition", "number", "need_ids"})
        if "buyer" not in fields:
            sent.pop("buyer", None)
        if "title" not in fields:
            sent.pop("title", None)
        change = projects.ProjectChange.model_validate({**sent, "reason": note}, context=FEN, by_name=True)
        await service.change(session, actor, project, change)

    async def touched(self, session: AsyncSession, ids: Sequence[UUID]) -> int:
        return await service.touched(session, ids)

    async def remove(self, session: AsyncSession, actor: Actor, ids: Sequence[UUID], note: str) -> None:
        await service.take_back(session, actor, ids, note)


def _record(view: projects.ProjectView) -> dict[str, Any]:
    """A stored project as a row of a list would say it."""
    facts = {name: getattr(view, name) for name in type(view).model_fields}
    record = {
        _BACK.get(name, name): value for name, value in facts.items() if _BACK.get(name, name) in _FIELDS
    }
    record["buyer"] = view.buyer.name
    record["procuring_entity"] = view.procuring_entity.name if view.procuring_entity else None
    record["communities"] = view.communities or ([view.community] if view.community else None)
    record["community"] = record["communities"][0] if record["communities"] else None
    record["funding_lines"] = [
        {"source": part.source, "amount_fen": part.amount_fen} for part in view.funding_parts
    ]
    record["outputs"] = [
        {"indicator": o.indicator, "service_method": o.service_method, "target": _plain_number(o.target), "unit": o.unit}
        for o in view.outputs
    ]  # fmt: skip
    record["outcomes"] = [{"indicator": outcome.indicator} for outcome in view.outcomes]
    record["budget_is_estimate"] = view.is_estimate or None
    record["major_matter"] = view.major_matter or None
    if not view.contacts_shown:
        record["contact_name"] = record["contact_phone"] = None
    return plain({name: value for name, value in record.items() if value not in ([], {}, "")})


def _plain_number(target: Any) -> int | float:
    return int(target) if target == int(target) else float(target)
