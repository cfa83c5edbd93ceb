"""Entering projects, one or thousands, in a fixed number of statements; and what a draft's words become as columns."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.areas.finding import find, find_scope
from app.areas.gazetteer import AreaLevel, Gazetteer
from app.editions import service as editions
from app.kernel import bulk, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import take_numbers, uuid7
from app.parties import service as parties
from app.parties.models import PartyKind
from app.parties.schemas import PartyDraft
from app.projects import permissions, repository
from app.projects.lifecycle import LIFECYCLE, audience
from app.projects.models import Project, ProjectText
from app.projects.schemas import Payers, Place, ProjectDraft, Provenance, Terms

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

_COMMUNITY_CODE = re.compile(r"^(?:.*/)?(\w{9})-[0-9a-f]{8}$")
_COMMITTEE = re.compile(r"(居民委员会|村民委员会|居委会|村委会|社区|村)$")

At = Callable[[int, str], str]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a project is: the deepest area, the chain above it, and every place it is delivered at."""

    area_path: str
    community_path: str | None = None
    delivery_paths: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Any]:
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
    provenance: Sequence[Provenance | None] | None = None,
) -> list[Project]:
    """Enter drafts. Each needs a title and a buyer; the rest is asked at `submit`.

    Raises `NotYou` for a place outside the actor's area, `Malformed` for every name that means no place, `NotNow`
    (`number_taken`). With more than one draft, pointers begin with the draft's place in the list.
    """
    if not drafts:
        return []
    at = pointers(len(drafts))
    codes = await _editions(session, drafts)
    named = await places(session, drafts, at)
    payers, homes = await paying_side(session, actor, drafts, named, at)
    placed = [place or _at_home(payer[0], homes) for place, payer in zip(named, payers, strict=True)]
    if not all(permissions.may_post(actor, place.area_path) for place in placed):
        raise NotYou()
    numbers = await _numbers(session, drafts, codes, placed, at)
    projects = [
        _project(actor, draft, code, place, payer, number, origin)
        for draft, code, place, payer, number, origin in zip(
            drafts, codes, placed, payers, numbers, provenance or [None] * len(drafts), strict=True
        )
    ]
    await bulk.add_all(session, projects)
    await bulk.add_all(session, [ProjectText.of(project) for project in projects])
    await journal.record(session, actor, *map(_entered, projects))
    return projects


def pointers(count: int) -> At:
    """How a pointer into one of `count` drafts is written."""
    return lambda place, pointer: pointer if count == 1 else f"/{place}{pointer}"


async def _editions(session: AsyncSession, drafts: Sequence[ProjectDraft]) -> list[str]:
    known: dict[str | None, str] = {}
    for code in dict.fromkeys(draft.edition for draft in drafts):
        edition = await (editions.get(session, code) if code else editions.current(session))
        known[code] = edition.code
    return [known[draft.edition] for draft in drafts]


async def places(session: AsyncSession, drafts: Sequence[Place], at: At) -> list[Placed | None]:
    """The place of every draft, None where nothing is said. Communities that are new are entered.

    Raises `Malformed` with every name that means nothing; one statement for all communities.
    """
    problems: list[Problem] = []
    wanted: list[tuple[str | None, list[str], list[str]]] = []
    for number, draft in enumerate(drafts):
        base, named, scopes, found = _named(draft)
        problems += [problem.at(at(number, problem.pointer or "")) for problem in found]
        wanted.append((base, named, scopes))
    raise_all(problems, Malformed)
    pairs = [(base, name) for base, named, _ in wanted for name in named if base is not None]
    entered = await areas.ensure_communities(session, pairs)
    result: list[Placed | None] = []
    for draft, (base, named, scopes) in zip(drafts, wanted, strict=True):
        if base is None:
            result.append(None)
            continue
        paths = [entered[(base, name)].path for name in named] + scopes
        community = paths[0] if draft.community and paths else None
        if community is None and len(paths) == 1 and paths[0].count("/") == 3:
            community = paths[0]
        result.append(Placed(community or base, community, tuple(dict.fromkeys(paths))))
    return result


def _named(draft: Place) -> tuple[str | None, list[str], list[str], list[Problem]]:
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
    drafts: Sequence[Payers],
    placed: Sequence[Placed | None],
    at: At,
) -> tuple[list[tuple[UUID | None, UUID | None]], dict[UUID, str]]:
    """Buyer and procuring entity of every draft, and where each of them belongs.

    Names become parties where they are new: a body named 居委会 is a committee, any other a buyer, seated where its own name
    says, else at the project's place.
    """
    wanted: list[PartyDraft] = []
    where: list[tuple[int, int]] = []
    result: list[list[UUID | None]] = [[draft.buyer_id, draft.procuring_entity_id] for draft in drafts]
    for number, (draft, place) in enumerate(zip(drafts, placed, strict=True)):
        for role, (name, known) in enumerate(
            ((draft.buyer, draft.buyer_id), (draft.procuring_entity, draft.procuring_entity_id))
        ):
            if name and known is None:
                wanted.append(_party(name, place, role == 1))
                where.append((number, role))
    for (number, role), party in zip(where, await parties.ensure_many(session, actor, wanted), strict=True):
        result[number][role] = party.id
    homes = await repository.buyer_areas(session, {found for pair in result for found in pair if found})
    problems = [
        Problem("party_unknown", "没有这个主体。", "There is no such party.", at(number, f"/{field}"))
        for number, pair in enumerate(result)
        for field, found in zip(("buyer_id", "procuring_entity_id"), pair, strict=True)
        if found is not None and found not in homes
    ]
    raise_all(problems, Malformed)
    return [(pair[0], pair[1]) for pair in result], homes


def _at_home(buyer_id: UUID | None, homes: dict[UUID, str]) -> Placed:
    """A project that names no place is where its buyer is."""
    home = homes.get(buyer_id, "") if buyer_id else ""
    return Placed(home or Gazetteer.default().city.path)


def _party(name: str, place: Placed | None, may_be_committee: bool) -> PartyDraft:
    if may_be_committee and _COMMITTEE.search(name):
        return PartyDraft(kind=PartyKind.COMMITTEE, name=name, area_path=place.area_path if place else "")
    seat, _ = find_scope(name)
    path = seat.path if seat else place.area_path if place else ""
    return PartyDraft(kind=PartyKind.BUYER, name=name, area_path=path)


async def _numbers(
    session: AsyncSession,
    drafts: Sequence[ProjectDraft],
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


def _project(
    actor: Actor,
    draft: ProjectDraft,
    edition: str,
    place: Placed,
    payers: tuple[UUID | None, UUID | None],
    number: str,
    origin: Provenance | None,
) -> Project:
    assert payers[0] is not None, "a draft without a buyer does not validate"
    return Project(
        id=uuid7(),
        number=number,
        edition_code=edition,
        title=draft.title.strip(),
        state=LIFECYCLE.initial,
        buyer_id=payers[0],
        procuring_entity_id=payers[1],
        created_by=actor.account_id,
        provenance=origin.model_dump(mode="json") if origin else None,
        **place.columns,
        **terms(draft, set(Terms.model_fields)),
    )


def terms(written: Terms, fields: set[str]) -> dict[str, Any]:
    """Some fields of what a buyer wrote, as columns."""
    columns = written.model_dump(include=fields - {"outputs", "outcomes", "funding_parts"})
    for name in fields & {"outputs", "outcomes"}:
        columns[name] = [entry.model_dump(mode="json") for entry in getattr(written, name)]
    if "funding_parts" in fields:
        columns["funding_parts"] = [
            part.model_dump() | {"source": part.source.value} for part in written.funding_parts
        ]
    return columns


def _entered(project: Project) -> journal.Event:
    return journal.Event(
        LIFECYCLE.name,
        project.id,
        "entered",
        audience(project),
        number=project.number,
        to_state=project.state,
        change={"title": project.title},
    )


async def existing(session: AsyncSession, project_id: UUID) -> Project:
    """The project with this id, whoever asks. Raises `NotFound`."""
    project = await session.get(Project, project_id)
    if project is None:
        raise NotFound()
    return project
