"""Acts on editions: open, change, find the current one; working days."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import permissions, repository, rules
from app.editions.calendar import is_working_day, working_days_after, working_days_between
from app.editions.models import Edition
from app.editions.schemas import EditionChange, EditionDraft, EditionView
from app.editions.settings import EditionSettings
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, raise_all

__all__ = [
    "change",
    "create",
    "create_many",
    "current",
    "get",
    "is_working_day",
    "settings_of",
    "views",
    "working_days_after",
    "working_days_between",
]

_PLAIN = ("name", "call_opens_on", "call_closes_on", "fair_opens_on", "fair_closes_on", "weights_version")


async def create_many(session: AsyncSession, actor: Actor, drafts: Sequence[EditionDraft]) -> list[Edition]:
    """Open editions. Raises `NotYou`, `Malformed` (every broken window) or `NotNow` (code or ordinal taken)."""
    if not all(permissions.may_manage(actor, draft.city_path) for draft in drafts):
        raise NotYou()
    raise_all((problem for draft in drafts for problem in _broken(draft)), Malformed)
    taken = await repository.clashing(
        session, [draft.code for draft in drafts], [draft.ordinal for draft in drafts]
    )
    raise_all(_taken(edition) for edition in taken)
    editions = [
        Edition(
            **draft.model_dump(exclude={"settings"}),
            stored_settings=_stored(draft.settings),
        )
        for draft in drafts
    ]
    session.add_all(editions)
    await session.flush()
    await journal.record(session, actor, *(_event(edition, "opened") for edition in editions))
    return editions


async def create(session: AsyncSession, actor: Actor, draft: EditionDraft) -> Edition:
    return (await create_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, code: str) -> Edition:
    """The edition of this code. Raises `NotFound`."""
    found = await repository.coded(session, code)
    if found is None:
        raise NotFound()
    return found


async def current(session: AsyncSession) -> Edition:
    """The latest edition whose call has opened, else the next to come. Raises `NotFound` when there is none at all."""
    found = await repository.current(session, clock.today())
    if found is None:
        raise NotFound(
            Problem("no_edition", "尚未开设任何一届社洽会。", "No edition of the fair has been opened yet.")
        )
    return found


async def settings_of(session: AsyncSession, code: str) -> EditionSettings:
    """The rules in figures of an edition."""
    return (await get(session, code)).settings


async def change(session: AsyncSession, actor: Actor, edition: Edition, wanted: EditionChange) -> Edition:
    """Change windows, weights or settings. What began under the old figures keeps the deadlines it was given."""
    if not permissions.may_manage(actor, edition.city_path):
        raise NotYou()
    before: dict[str, Any] = {}
    for name in _PLAIN:
        value = getattr(wanted, name)
        if value is not None and value != getattr(edition, name):
            before[name] = [str(getattr(edition, name)), str(value)]
            setattr(edition, name, value)
    if wanted.settings is not None:
        old, new = _stored(edition.settings), _stored(wanted.settings)
        before |= {f"settings.{key}": [old[key], new[key]] for key in new if old[key] != new[key]}
        edition.stored_settings = new
    raise_all(_broken(edition), Malformed)
    await session.flush()
    await journal.record(session, actor, _event(edition, "changed", before))
    return edition


async def views(session: AsyncSession, editions: Sequence[Edition]) -> list[EditionView]:
    return [EditionView.model_validate(edition) for edition in editions]


def _stored(settings: EditionSettings) -> dict[str, Any]:
    return settings.model_dump(mode="json")


def _broken(edition: Edition | EditionDraft) -> list[Problem]:
    windows = rules.windows(
        edition.call_opens_on, edition.call_closes_on, edition.fair_opens_on, edition.fair_closes_on
    )
    return windows + rules.usable(edition.settings)


def _taken(edition: Edition) -> Problem:
    return Problem(
        "edition_taken",
        f"届次代码 {edition.code} 或届数 {edition.ordinal} 已存在。",
        f"An edition with code {edition.code} or ordinal {edition.ordinal} exists already.",
        "/code",
    )


def _event(edition: Edition, event: str, change: dict[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        "edition",
        edition.id,
        event,
        journal.Audience(edition.city_path, level=journal.PUBLIC),
        number=edition.code,
        change=change or {},
    )
