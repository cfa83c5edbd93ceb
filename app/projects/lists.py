"""Entering projects by the thousand: what a draft says is written out beforehand, in whatever process; what it names is
looked up and entered here, by COPY."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.kernel import bulk, journal
from app.kernel.actor import Actor
from app.kernel.search_keys import grams_of_each
from app.projects.entering import TERMS, Placed, located, number, pointers, terms
from app.projects.lifecycle import LIFECYCLE, audience_of
from app.projects.models import Project, ProjectText
from app.projects.schemas import ProjectDraft

_WRITTEN = tuple(sorted(TERMS))
MOST_NAMED = 20_000
"""Names of a list that are remembered from one of its parts to the next."""
_PLAIN = TERMS - {"outputs", "outcomes", "funding_parts"}


class Named(NamedTuple):
    """What a draft names, as it is spelt. A list names the same few hundred places and payers over and over."""

    district: str | None
    street: str | None
    community: str | None
    communities: tuple[str, ...]
    buyer: str | None
    buyer_id: UUID | None
    procuring_entity: str | None
    procuring_entity_id: UUID | None


class Listed(NamedTuple):
    """A draft made ready for a list: what it names, all else as the columns it becomes, and what it is found by."""

    title: str
    number: str | None
    named: Named
    terms: str
    words: str


Sides = Mapping[Named, tuple[Placed, UUID, UUID | None]]
"""What names mean: place, buyer, procuring entity."""


def listed(drafts: Sequence[ProjectDraft]) -> list[Listed]:
    """The drafts made ready. Pure, and what it gives can be sent to another process."""
    columns = {name: [getattr(draft, name) for draft in drafts] for name in _PLAIN}
    for name in _WRITTEN:
        if name not in columns:
            columns[name] = [terms(draft, {name})[name] if getattr(draft, name) else [] for draft in drafts]
    written = bulk.written(Project, {name: columns[name] for name in _WRITTEN})
    known: dict[Named, Named] = {}
    named = [known.setdefault(names, names) for names in map(_named, drafts)]  # each sent but once
    words = [
        " ".join(filter(None, (draft.title, draft.description, draft.need_analysis))) for draft in drafts
    ]
    return [
        Listed(draft.title.strip(), draft.number, names, text, told)
        for draft, names, text, told in zip(drafts, named, written, words, strict=True)
    ]


def _named(draft: ProjectDraft) -> Named:
    return Named(
        draft.district,
        draft.street,
        draft.community,
        tuple(draft.communities),
        draft.buyer,
        draft.buyer_id,
        draft.procuring_entity,
        draft.procuring_entity_id,
    )


async def look_up(
    session: AsyncSession, actor: Actor, entries: Sequence[Listed], known: Sides | None = None
) -> Sides:
    """What the entries name; communities and parties that are new are entered. May be done before, and by itself.

    `known`: what was looked up for the entries before these.
    """
    known = known if known and len(known) < MOST_NAMED else {}
    words = [named for named in dict.fromkeys(entry.named for entry in entries) if named not in known]
    if not words:
        return known
    return {
        **known,
        **dict(zip(words, await located(session, actor, words, pointers(len(words))), strict=True)),
    }


async def enter_many(
    session: AsyncSession,
    actor: Actor,
    edition: str,
    entries: Sequence[Listed],
    provenance: Sequence[dict[str, Any] | None],
    ids: Sequence[UUID],
    sides: Sides | None = None,
) -> None:
    """`create_many` for lists: the same rows and journal entries, by COPY, under ids that are given.

    `provenance` is where in which list each record stood: import_id, sheet, row. `sides`: what was looked up before.
    """
    if not entries:
        return
    code = (await editions.get(session, edition)).code
    codes = [code] * len(entries)
    sides = sides or await look_up(session, actor, entries)
    placed, buyers, entities = zip(*(sides[entry.named] for entry in entries), strict=True)
    numbers = await number(session, entries, codes, placed, pointers(len(entries)))
    columns = {
        "id": ids,
        "number": numbers,
        "edition_code": codes,
        "title": [entry.title for entry in entries],
        "state": [LIFECYCLE.initial] * len(ids),
        "buyer_id": buyers,
        "procuring_entity_id": entities,
        "created_by": [actor.account_id] * len(ids),
        "provenance": provenance,
        **{name: [place.columns[name] for place in placed] for name in placed[0].columns},
    }
    texts = [entry.terms for entry in entries]
    await bulk.add_columns(session, Project, columns, bulk.Written(_WRITTEN, texts))
    keys = search_keys(entries, numbers)
    await bulk.add_columns(session, ProjectText, {"project_id": ids, "search_grams": keys})
    told = cache(audience_of)
    audiences = [
        told(place.area_path, *payers) for place, *payers in zip(placed, buyers, entities, strict=True)
    ]
    entered = journal.Event(LIFECYCLE.name, ids[0], "entered", audiences[0], to_state=LIFECYCLE.initial)
    each = {
        "subject_id": ids,
        "subject_number": numbers,
        "area_path": [audience.area_path for audience in audiences],
        "party_ids": [audience.party_ids for audience in audiences],
        "change": [{"title": entry.title} for entry in entries],
    }
    await journal.record_list(session, actor, entered, each)


def search_keys(entries: Sequence[Listed], numbers: Sequence[str]) -> Iterator[str]:
    """What each project of a list is found by, as `ProjectText.of` has it for one."""
    return grams_of_each(f"{given} {entry.words}" for entry, given in zip(entries, numbers, strict=True))
