"""Entering projects, one or thousands, in a fixed number of statements; and what a draft's words become as columns."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.areas.finding import find, find_scope
from app.areas.gazetteer import AreaLevel, Gazetteer
from app.editions import service as editions
from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import take_numbers, uuid7
from app.parties import service as parties
from app.parties.models import PartyKind
from app.parties.schemas import PartyDraft
from app.projects import permissions, repository
from app.projects.lifecycle import LIFECYCLE, audience_of
from app.projects.models import Project, ProjectText
from app.projects.schemas import ProjectDraft, Terms
from app.projects.words import Draft, Numbered, PayerWords, PlaceWords, Words

LETTERS = {
    "320102": "XW",
    "320104": "QH",
    "320105": "JY",
    "320106": "GL",
    "320111": "PK",
    "320113": "QX",
    "320114": "YH",
    "320115": "JN",
    "320116": "LH",
    "320117": "LS",
    "320118": "GC",
    "3201JB": "JB",
}
"""Letters of a district in a project's number; a project of the whole city has SJ (市级)."""
CITY_LETTERS = "SJ"
TERMS = frozenset(Terms.model_fields)

_COMMUNITY_CODE = re.compile(r"^(?:.*/)?(\w{9})-[0-9a-f]{8}$")
_COMMITTEE = re.compile(r"(居民委员会|村民委员会|居委会|村委会|社区|村)$")

At = Callable[[int, str], str]
Spelt = tuple[str | None, str | None, str | None, tuple[str, ...]]
"""A place as a draft spells it: district, street, community, further communities. A list repeats a few of them."""


@dataclass(frozen=True)
class Placed:
    """Where a project is: the deepest area, the chain above it, and every place it is delivered at."""

    area_path: str
    community_path: str | None = None
    delivery_paths: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The columns of a project at this place."""
        codes = self.area_path.split("/")
        return {
            "area_path": self.area_path,
            "district_path": "/".join(codes[:2]) if len(codes) > 1 else None,
            "street_path": "/".join(codes[:3]) if len(codes) > 2 else None,
            "community_path": self.community_path,
            "delivery_paths": list(self.delivery_paths),
        }


async def create_many(
    session: AsyncSession,
    actor: Actor,
    drafts: Sequence[ProjectDraft],
) -> list[Project]:
    """Enter drafts. Each needs a title and a buyer; the rest is asked at `submit`.

    Raises `NotYou` for a place outside the actor's area, `Malformed` for every name that means no place, `NotNow`
    (`number_taken`). With more than one draft, pointers begin with the draft's place in the list.
    """
    codes = await _editions(session, drafts)
    facts = await resolved(session, actor, drafts, codes)
    rows = [_row(actor, *told) for told in zip(drafts, codes, facts, strict=True)]
    projects = [Project(**row) for row in rows]
    session.add_all(projects)
    await session.flush()
    session.add_all(ProjectText.of(project) for project in projects)
    await session.flush()
    await journal.record(session, actor, *map(_entered, rows))
    return projects


class Resolved(NamedTuple):
    """What the names of a draft mean, and the number it bears."""

    place: Placed
    buyer_id: UUID
    procuring_entity_id: UUID | None
    number: str


async def resolved(
    session: AsyncSession, actor: Actor, drafts: Sequence[Draft], codes: Sequence[str]
) -> list[Resolved]:
    """Places and parties of the drafts found or entered, numbers of their editions (`codes`) given."""
    at = pointers(len(drafts))
    sides = await located(session, actor, drafts, at)
    numbers = await number(session, drafts, codes, [place for place, *_ in sides], at)
    return [Resolved(*side, given) for side, given in zip(sides, numbers, strict=True)]


async def located(
    session: AsyncSession, actor: Actor, drafts: Sequence[Words], at: At
) -> list[tuple[Placed, UUID, UUID | None]]:
    """Where each draft is and who pays: place, buyer, procuring entity. Raises `NotYou` for a place outside the actor's."""
    named = await places(session, drafts, at)
    payers, homes = await paying_side(session, actor, drafts, named, at)
    sides = []
    for place, (buyer, entity) in zip(named, payers, strict=True):
        assert buyer is not None, "a draft without a buyer does not validate"
        sides.append((place or _at_home(buyer, homes), buyer, entity))
    if not all(permissions.may_post(actor, path) for path in {place.area_path for place, *_ in sides}):
        raise NotYou()
    return sides


def pointers(count: int) -> At:
    """How a pointer into one of `count` drafts is written."""
    return lambda place, pointer: pointer if count == 1 else f"/{place}{pointer}"


async def _editions(session: AsyncSession, drafts: Sequence[ProjectDraft]) -> list[str]:
    known: dict[str | None, str] = {}
    for code in dict.fromkeys(draft.edition for draft in drafts):
        edition = await (editions.get(session, code) if code else editions.current(session))
        known[code] = edition.code
    return [known[draft.edition] for draft in drafts]


async def places(session: AsyncSession, drafts: Sequence[PlaceWords], at: At) -> list[Placed | None]:
    """The place of every draft, None where nothing is said. Communities that are new are entered.

    Raises `Malformed` with every name that means nothing; one statement for all communities.
    """
    problems: list[Problem] = []
    spelt = [(draft.district, draft.street, draft.community, tuple(draft.communities)) for draft in drafts]
    first = {words: number for number, words in reversed(list(enumerate(spelt)))}
    named = {words: _named(drafts[number]) for words, number in first.items()}
    if any(found for *_, found in named.values()):
        for number, words in enumerate(spelt):
            problems += [problem.at(at(number, problem.pointer or "")) for problem in named[words][3]]
        raise Malformed(*problems)
    pairs = [(base, name) for base, names, *_ in named.values() for name in names if base is not None]
    entered = await areas.ensure_communities(session, pairs)
    known: dict[Spelt, Placed | None] = {}
    for words, (base, names, scopes, _) in named.items():
        if base is None:
            known[words] = None
            continue
        paths = [entered[(base, name)].path for name in names] + scopes
        community = paths[0] if words[2] and paths else None
        if community is None and len(paths) == 1 and paths[0].count("/") == 3:
            community = paths[0]
        known[words] = Placed(community or base, community, tuple(dict.fromkeys(paths)))
    return [known[words] for words in spelt]


def _named(draft: PlaceWords) -> tuple[str | None, list[str], list[str], list[Problem]]:
    """Of one draft: the street, district or city it names; communities to find by name; other scopes by path."""
    if draft.community and (code := _COMMUNITY_CODE.match(draft.community)):
        street = Gazetteer.default().areas.get(code[1])
        if street is not None:
            return street.path, [], [f"{street.path}/{draft.community.rsplit('/', 1)[-1]}"], []
    base, problems = find(draft.district, draft.street)
    names = [name for name in (draft.community, *draft.communities) if name]
    if base is None or problems:
        if names and not problems:
            problems = [_street_needed()]
        return None, [], [], problems
    if base.level is AreaLevel.STREET:
        return base.path, names, [], []
    if draft.community:
        return base.path, [], [], [_street_needed()]
    scopes = []
    for place, name in enumerate(draft.communities):
        scope, found = find_scope(name)
        problems += [problem.at(f"/communities/{place}") for problem in found]
        scopes += [scope.path] if scope else []
    return base.path, [], scopes, problems


def _street_needed() -> Problem:
    return Problem("street_needed", "填写社区时须填写街道。", "A community needs its street.", "/street")


async def paying_side(
    session: AsyncSession,
    actor: Actor,
    drafts: Sequence[PayerWords],
    placed: Sequence[Placed | None],
    at: At,
) -> tuple[list[tuple[UUID | None, UUID | None]], dict[UUID, str]]:
    """Buyer and procuring entity of every draft, and where each of them belongs.

    Names become parties where they are new: a body named 居委会 is a committee, any other a buyer, seated where its own name
    says, else at the project's place.
    """
    wanted: dict[tuple[str, str, bool], list[tuple[int, int]]] = defaultdict(list)
    result: list[list[UUID | None]] = [[draft.buyer_id, draft.procuring_entity_id] for draft in drafts]
    for number, (draft, place) in enumerate(zip(drafts, placed, strict=True)):
        for role, (name, known) in enumerate(
            ((draft.buyer, draft.buyer_id), (draft.procuring_entity, draft.procuring_entity_id))
        ):
            if name and known is None:
                wanted[name, place.area_path if place else "", role == 1].append((number, role))
    found = await parties.ensure_many(session, actor, [_party(*words) for words in wanted])
    for party, where in zip(found, wanted.values(), strict=True):
        for number, role in where:
            result[number][role] = party.id
    homes = await parties.places(session, {one for pair in result for one in pair if one})
    problems = [
        Problem("party_unknown", "没有这个主体。", "There is no such party.", at(number, f"/{field}"))
        for number, pair in enumerate(result)
        for field, party_id in zip(("buyer_id", "procuring_entity_id"), pair, strict=True)
        if party_id is not None and party_id not in homes
    ]
    raise_all(problems, Malformed)
    return [(pair[0], pair[1]) for pair in result], homes


def _at_home(buyer_id: UUID, homes: dict[UUID, str]) -> Placed:
    """A project that names no place is where its buyer is."""
    return Placed(homes.get(buyer_id) or Gazetteer.default().city.path)


def _party(name: str, area_path: str, may_be_committee: bool) -> PartyDraft:
    if may_be_committee and _COMMITTEE.search(name):
        return PartyDraft(kind=PartyKind.COMMITTEE, name=name, area_path=area_path)
    seat, _ = find_scope(name)
    return PartyDraft(kind=PartyKind.BUYER, name=name, area_path=seat.path if seat else area_path)


async def number(
    session: AsyncSession,
    drafts: Sequence[Numbered],
    codes: Sequence[str],
    placed: Sequence[Placed],
    at: At,
) -> list[str]:
    """The sender's numbers where given, else the next of each district's series."""
    given = [
        (code, draft.number) if draft.number else None for draft, code in zip(drafts, codes, strict=True)
    ]
    asked = [pair for pair in given if pair]
    taken = await repository.taken_numbers(session, asked)
    seen: set[tuple[str, str]] = set()
    problems = []
    series: dict[str, list[int]] = defaultdict(list)
    numbers: list[str] = [""] * len(drafts)
    for place, pair in enumerate(given):
        if pair is None:
            series[_series(codes[place], placed[place].area_path)].append(place)
            continue
        if pair in taken or pair in seen:
            problems.append(_number_taken(pair[1], at(place, "/number")))
        seen.add(pair)
        numbers[place] = pair[1]
    raise_all(problems, NotNow)
    for name, members in sorted(series.items()):
        for place, number in zip(members, await take_numbers(session, name, len(members)), strict=True):
            numbers[place] = f"{name}-{number:04d}"
    return numbers


@lru_cache(maxsize=8192)
def _series(edition: str, area_path: str) -> str:
    codes = area_path.split("/")
    letters = LETTERS.get(codes[1], codes[1]) if len(codes) > 1 else CITY_LETTERS
    return f"NJ{edition}-{letters}"


def _number_taken(number: str, pointer: str) -> Problem:
    return Problem(
        "number_taken",
        f"项目编号 {number} 在本届已使用。",
        f"The number {number} is taken in this edition.",
        pointer,
        {"number": number},
    )


def _row(actor: Actor, draft: ProjectDraft, edition: str, fact: Resolved) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "number": fact.number,
        "edition_code": edition,
        "title": draft.title.strip(),
        "state": LIFECYCLE.initial,
        "buyer_id": fact.buyer_id,
        "procuring_entity_id": fact.procuring_entity_id,
        "created_by": actor.account_id,
        **fact.place.columns,
        **terms(draft, TERMS),
    }


def terms(written: Terms, fields: AbstractSet[str]) -> dict[str, Any]:
    """Some fields of what a buyer wrote, as columns."""
    columns = written.model_dump(include=set(fields - {"outputs", "outcomes", "funding_parts"}))
    for name in fields & {"outputs", "outcomes"}:
        columns[name] = [entry.model_dump(mode="json") for entry in getattr(written, name)]
    if "funding_parts" in fields:
        columns["funding_parts"] = [
            part.model_dump() | {"source": part.source.value} for part in written.funding_parts
        ]
    return columns


def _entered(row: Mapping[str, Any]) -> journal.Event:
    return journal.Event(
        LIFECYCLE.name,
        row["id"],
        "entered",
        audience_of(row["area_path"], row["buyer_id"], row["procuring_entity_id"]),
        number=row["number"],
        to_state=row["state"],
        change={"title": row["title"]},
    )


async def existing(session: AsyncSession, project_id: UUID) -> Project:
    """The project with this id, whoever asks. Raises `NotFound`."""
    project = await session.get(Project, project_id)
    if project is None:
        raise NotFound()
    return project
