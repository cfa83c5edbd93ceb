"""Organizations as a target of an import."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.imports.columns.organizations import COLUMNS
from app.imports.drafts import draft_of
from app.imports.targets import New, Stored, Titled, any_since, plain
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.organizations import permissions, service
from app.organizations.models import LIVE_REGISTRATION, Organization
from app.organizations.schemas import OrganizationView, ProfileChange, RegisteredChange

_PROFILE = frozenset(ProfileChange.model_fields)
_BACK = {"legal_representative": "legal_rep", "old_registration_number": "old_reg_no"}
_FIELDS = frozenset(column.field for column in COLUMNS if "." not in column.field)


class OrganizationTarget:
    """Creates and updates organizations through their service."""

    kind = "organizations"

    def may_write(self, actor: Actor, path: str, *, filed: bool) -> bool:
        return permissions.may_create(actor, path, filed=filed)

    async def stored(
        self, session: AsyncSession, actor: Actor, edition: str, lookups: Sequence[str]
    ) -> list[Stored]:
        found = await session.scalars(
            select(Organization).where(
                Organization.state.in_(LIVE_REGISTRATION),
                or_(Organization.uscc.in_(lookups), Organization.name.in_(lookups)),
            )
        )
        return await self._as_stored(session, actor, found.all())

    async def changed_since(self, session: AsyncSession, edition: str, since: datetime) -> bool:
        return await any_since(session, select(Organization), Organization, since)

    async def titles(self, session: AsyncSession, edition: str, limit: int) -> list[Titled]:
        query = (
            select(Organization)
            .where(Organization.state.in_(LIVE_REGISTRATION))
            .with_only_columns(Organization.id, Organization.name, Organization.area_path, Organization.uscc)
        )
        return [Titled(*row) for row in await session.execute(query.limit(limit))]

    async def everything(self, session: AsyncSession, actor: Actor, edition: str) -> list[Stored]:
        found = await session.scalars(
            select(Organization)
            .where(Organization.state.in_(LIVE_REGISTRATION), permissions.visible_to(actor))
            .order_by(Organization.number)
        )
        return await self._as_stored(session, actor, found.all())

    async def _as_stored(
        self, session: AsyncSession, actor: Actor, things: Sequence[Organization]
    ) -> list[Stored]:
        views = await service.views(session, actor, list(things)) if things else []
        return [
            Stored(thing.id, _record(view), permissions.may_edit_profile(actor, thing))
            for thing, view in zip(things, views, strict=True)
        ]

    def drafted(self, records: Sequence[Mapping[str, Any]], as_of: date) -> Sequence[Any]:
        return [draft_of(self.kind, record, as_of) for record in records]

    async def look_up(
        self, session: AsyncSession, actor: Actor, drafts: Sequence[Any], known: Any = None
    ) -> Any:
        return None

    async def create(
        self, session: AsyncSession, actor: Actor, edition: str, rows: Sequence[New], names: Any = None
    ) -> list[UUID]:
        made = await service.create_many(
            session, actor, [row.draft for row in rows], [row.provenance for row in rows]
        )
        return [organization.id for organization in made]

    async def update(
        self,
        session: AsyncSession,
        actor: Actor,
        thing_id: UUID,
        fields: Mapping[str, Any],
        note: str,
        as_of: date,
    ) -> None:
        organization = await service.get(session, actor, thing_id)
        draft = draft_of(self.kind, {"name": organization.name, **fields}, as_of)
        sent = draft.model_dump(exclude_unset=True, by_alias=False)
        profile = {name: value for name, value in sent.items() if name in _PROFILE}
        standing = {name: value for name, value in sent.items() if name in RegisteredChange.model_fields}
        if "name" not in fields:
            standing.pop("name", None)
        if profile:
            change = ProfileChange.model_validate(profile, context=FEN, by_name=True)
            await service.change_profile(session, actor, organization, change)
        if standing:
            registered = RegisteredChange.model_validate(
                {**standing, "note": note}, context=FEN, by_name=True
            )
            await service.change_standing(session, actor, organization, registered)

    async def touched(self, session: AsyncSession, ids: Sequence[UUID]) -> int:
        return await service.touched(session, ids)

    async def remove(self, session: AsyncSession, actor: Actor, ids: Sequence[UUID], note: str) -> None:
        await service.take_back(session, actor, ids, note)


def _record(view: OrganizationView) -> dict[str, Any]:
    """A stored organization as a row of a list would say it."""
    facts = {name: getattr(view, name) for name in type(view).model_fields}
    record = {
        _BACK.get(name, name): value for name, value in facts.items() if _BACK.get(name, name) in _FIELDS
    }
    record["service_areas"] = [area.name for area in view.service_areas]
    record["qualifications"] = [held.name for held in view.qualifications]
    record["registration_status"] = view.registration_status
    record["track_record"] = [
        {
            name: value
            for name, value in (
                ("title", done.title),
                ("year", done.year),
                ("amount_fen", done.amount_fen),
                ("grade", done.grade),
            )
            if value is not None
        }
        for done in view.track_record
        if done.source == "declared"
    ]
    record["annual_inspection"] = {str(year): result for year, result in view.annual_inspection.items()}
    if not view.contacts_shown:
        record["contact_name"] = record["contact_phone"] = None
    record["remarks"] = view.remarks
    record["credit_status"] = view.credit_status
    return plain({name: value for name, value in record.items() if value not in ([], {})})
