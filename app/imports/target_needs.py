"""Residents' needs as a target of an import."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.areas.gazetteer import Gazetteer, normalize_community
from app.imports.drafts import draft_of
from app.imports.places import path_of
from app.imports.targets import New, Stored, Titled, any_since, plain
from app.kernel.actor import Actor
from app.needs import permissions, service
from app.needs.models import Need, NeedState
from app.needs.schemas import NeedChange, NeedView


class NeedTarget:
    """Collects and changes needs through their service."""

    kind = "needs"

    def may_write(self, actor: Actor, path: str, *, filed: bool) -> bool:
        return permissions.may_collect(actor, path)

    async def stored(
        self, session: AsyncSession, actor: Actor, edition: str, lookups: Sequence[str]
    ) -> list[Stored]:
        titles = any_(literal(list(lookups), ARRAY(Need.title.type)))
        return await self._found(session, actor, select(Need).where(Need.title == titles))

    async def changed_since(self, session: AsyncSession, edition: str, since: datetime) -> bool:
        return await any_since(session, select(Need), Need, since)

    async def titles(self, session: AsyncSession, edition: str, limit: int) -> list[Titled]:
        query = (
            select(Need).where(Need.state.in_(_LIVE)).with_only_columns(Need.id, Need.title, Need.area_path)
        )
        return [Titled(*row) for row in await session.execute(query.limit(limit))]

    async def everything(self, session: AsyncSession, actor: Actor, edition: str) -> list[Stored]:
        return await self._found(session, actor, select(Need).order_by(Need.number))

    async def _found(self, session: AsyncSession, actor: Actor, query: Any) -> list[Stored]:
        live = query.where(Need.state.in_(_LIVE), permissions.visible_to(actor))
        things = (await session.scalars(live)).all()
        views = await service.views(session, list(things), actor) if things else []
        names = await areas.names(session, {thing.area_path for thing in things})
        return [
            Stored(
                thing.id,
                _record(view, names),
                thing.state == NeedState.COLLECTED and permissions.may_change(actor, thing),
            )
            for thing, view in zip(things, views, strict=True)
        ]

    def drafted(self, records: Sequence[Mapping[str, Any]], as_of: date) -> Sequence[Any]:
        return [(draft_of(self.kind, record, as_of), _community(record)) for record in records]

    async def look_up(
        self, session: AsyncSession, actor: Actor, drafts: Sequence[Any], known: Any = None
    ) -> Any:
        return None

    async def create(
        self, session: AsyncSession, actor: Actor, edition: str, rows: Sequence[New], names: Any = None
    ) -> list[UUID]:
        drafts, communities = zip(*(row.draft for row in rows), strict=True) if rows else ((), ())
        await areas.ensure_communities(session, filter(None, communities))
        return [need.id for need in await service.create_many(session, actor, drafts)]

    async def update(
        self, session: AsyncSession, actor: Actor, thing_id: UUID, fields: Mapping[str, Any], note: str, as_of: date
    ) -> None:  # fmt: skip
        need = await service.get(session, actor, thing_id)
        whole = {"title": need.title, "description": need.description, **fields}
        sent = draft_of(self.kind, whole, as_of).model_dump(
            exclude_unset=True, exclude={"origin", "area_path"}
        )
        await service.change(session, actor, need, NeedChange.model_validate(sent))

    async def touched(self, session: AsyncSession, ids: Sequence[UUID]) -> int:
        return await service.touched(session, ids)

    async def remove(self, session: AsyncSession, actor: Actor, ids: Sequence[UUID], note: str) -> None:
        await service.take_back(session, actor, ids, note)


_LIVE = (NeedState.COLLECTED, NeedState.CONVERTED)


def _record(view: NeedView, names: Mapping[str, str]) -> dict[str, Any]:
    """A stored need as a row of a list would say it."""
    codes = view.area_path.split("/")
    gazetteer = Gazetteer.default()
    above = [gazetteer.areas[code].name if code in gazetteer.areas else None for code in codes[1:3]]
    community = names.get(codes[-1]) if len(codes) > 3 else None
    return plain({
        "title": view.title,
        "description": view.description,
        "category": view.category,
        "target_groups": view.target_groups or None,
        "dimension": view.dimension,
        "origin": view.origin,
        "beneficiaries_planned": view.persons,
        "district": above[0] if above else None,
        "street": above[1] if len(above) > 1 else None,
        "community": community,
        "communities": [community] if community else None,
        "urgency": view.urgency,
    })  # fmt: skip


def _community(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """The community a record names, as the path of its street and its own name."""
    name = record.get("community")
    return (path_of({**record, "community": None}), normalize_community(name)) if name else None
