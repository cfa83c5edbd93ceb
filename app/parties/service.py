"""Acts on parties: name them once, find them again, rename them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, raise_all
from app.kernel.ids import uuid7
from app.kernel.search import grams
from app.parties import permissions, repository, rules
from app.parties.models import Party, PartyKind
from app.parties.schemas import PartyChange, PartyDraft, PartyView

Key = tuple[str, str, str]


async def ensure_many(session: AsyncSession, actor: Actor, drafts: Sequence[PartyDraft]) -> list[Party]:
    """The parties of the drafts, in their order; those that are new are entered.

    A party is known again by its credit code within its kind, else by its normal name within its kind (a committee's
    name also by its area). Naming a known party changes nothing on it. The act that names parties (a project, an
    import) has already asked whether the actor may. Raises `Malformed` for an empty name, `NotNow` (`party_name_taken`)
    when the name belongs to another credit code. Six statements at most for each kind, however many drafts.
    """
    raise_all((problem for draft in drafts for problem in rules.name_says_something(draft.name)), Malformed)
    found: dict[int, Party] = {}
    for kind in PartyKind:
        numbered = [(place, draft) for place, draft in enumerate(drafts) if draft.kind == kind]
        if numbered:
            parties = await _ensure_kind(session, actor, kind, [draft for _, draft in numbered])
            found.update({place: party for (place, _), party in zip(numbered, parties, strict=True)})
    return [found[place] for place in range(len(drafts))]


async def _ensure_kind(
    session: AsyncSession, actor: Actor, kind: PartyKind, drafts: Sequence[PartyDraft]
) -> list[Party]:
    by_code, by_name = await _known(session, kind, drafts)
    missing: dict[Key, PartyDraft] = {}
    for draft in drafts:
        if draft.uscc not in by_code and _key(draft) not in by_name:
            missing.setdefault(_key(draft), draft)
    if missing:
        rows = [_row(key, draft) for key, draft in sorted(missing.items())]
        added = await repository.add_missing(session, rows)
        by_code, by_name = await _known(session, kind, drafts)
        fresh = sorted((party for party in by_name.values() if party.id in added), key=lambda p: p.id)
        await journal.record(session, actor, *(_event(party, "named") for party in fresh))
    found = [by_code.get(draft.uscc or "") or by_name[_key(draft)] for draft in drafts]
    raise_all(
        _taken(party)
        for draft, party in zip(drafts, found, strict=True)
        if draft.uscc and party.uscc and draft.uscc != party.uscc
    )
    return found


async def _known(
    session: AsyncSession, kind: PartyKind, drafts: Sequence[PartyDraft]
) -> tuple[dict[str, Party], dict[Key, Party]]:
    names = {rules.normal_name(draft.name) for draft in drafts}
    parties = await repository.named(session, kind, names, {draft.uscc for draft in drafts if draft.uscc})
    by_code = {party.uscc: party for party in parties if party.uscc}
    by_name = {_key_of(party.kind, party.normal_name, party.area_path): party for party in parties}
    return by_code, by_name


async def create(session: AsyncSession, actor: Actor, draft: PartyDraft) -> Party:
    """Name one party by hand; the known one comes back when it is there already. Raises `NotYou`."""
    if not permissions.may_create(actor, draft.kind, draft.area_path):
        raise NotYou()
    return (await ensure_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, actor: Actor, party_id: UUID) -> Party:
    """One party; everyone may see it. Raises `NotFound`."""
    found = await repository.party(session, party_id)
    if found is None:
        raise NotFound()
    return found


async def named(session: AsyncSession, kind: PartyKind, name: str) -> Party | None:
    """The party of this kind known by this name, if exactly one is."""
    found = await repository.named(session, kind, [rules.normal_name(name)], [])
    return found[0] if len(found) == 1 else None


async def names(session: AsyncSession, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of some parties, for views; ids that are None or unknown are left out."""
    wanted = {party_id for party_id in ids if party_id is not None}
    return {party.id: party.name for party in await repository.with_ids(session, wanted)} if wanted else {}


async def places(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where some parties belong, as area paths."""
    return {party.id: party.area_path for party in await repository.with_ids(session, ids)}


async def change(session: AsyncSession, actor: Actor, party: Party, wanted: PartyChange) -> Party:
    """Rename a party, or correct its credit code or place. Raises `NotYou`, `NotNow` (name or code of another)."""
    if not permissions.may_change(actor, party):
        raise NotYou()
    if wanted.area_path is not None and not permissions.may_create(
        actor, PartyKind(party.kind), wanted.area_path
    ):
        raise NotYou()
    before = {name: getattr(party, name) for name in sorted(wanted.model_fields_set)}
    if wanted.name is not None and wanted.name != party.name:
        raise_all(rules.name_says_something(wanted.name), Malformed)
        party.former_names = [*party.former_names, party.name]
        party.name, party.normal_name = wanted.name, rules.normal_name(wanted.name)
        party.search_grams = grams(party.name, party.uscc, *party.former_names)
    if wanted.uscc is not None:
        party.uscc = wanted.uscc
    if wanted.area_path is not None:
        party.area_path = wanted.area_path
    with session.no_autoflush:
        others = await repository.named(session, party.kind, [party.normal_name], [party.uscc or "-"])
    raise_all(_taken(other) for other in others if other.id != party.id and _same(other, party))
    await session.flush()
    changed = {name: [old, getattr(party, name)] for name, old in before.items()}
    await journal.record(session, actor, _event(party, "changed", changed))
    return party


async def views(session: AsyncSession, parties: Sequence[Party]) -> list[PartyView]:
    return [PartyView.model_validate(party) for party in parties]


def _same(one: Party, other: Party) -> bool:
    if one.uscc is not None and one.uscc == other.uscc:
        return True
    return _key_of(one.kind, one.normal_name, one.area_path) == _key_of(
        other.kind, other.normal_name, other.area_path
    )


def _key(draft: PartyDraft) -> Key:
    return _key_of(draft.kind, rules.normal_name(draft.name), draft.area_path)


def _key_of(kind: str, normal_name: str, area_path: str) -> Key:
    return kind, normal_name, area_path if kind == PartyKind.COMMITTEE else ""


def _row(key: Key, draft: PartyDraft) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": uuid7(),
        "kind": str(draft.kind),
        "name": draft.name.strip(),
        "normal_name": key[1],
        "former_names": [],
        "uscc": draft.uscc,
        "area_path": draft.area_path,
        "search_grams": grams(draft.name, draft.uscc),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _taken(party: Party) -> Problem:
    return Problem(
        "party_name_taken",
        f"名称或统一社会信用代码已属于“{party.name}”（{party.uscc or '无信用代码'}）。",
        f"The name or the credit code already belongs to '{party.name}' ({party.uscc or 'no credit code'}).",
        "/name",
        {"party_id": str(party.id), "name": party.name},
    )


def _event(party: Party, event: str, change: dict[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        f"party.{party.kind}",
        party.id,
        event,
        journal.Audience(party.area_path, (party.id,), journal.PUBLIC),
        change={"name": party.name} | (change or {}),
    )
