"""Acts on areas: seed the gazetteer, find the area a text means, enter communities, keep population and kind."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import permissions, repository, rules
from app.areas.finding import find
from app.areas.gazetteer import Area as Place
from app.areas.gazetteer import AreaLevel, Gazetteer, How, Resolution, normalize_community
from app.areas.models import Area
from app.areas.schemas import AreaChange, AreaView, CommunityDraft
from app.kernel import journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, raise_all

_AREAS = UUID("5d0c6a0e-0f0b-5c8e-9d53-3201b0a1c001")
STREET_UNKNOWN = Problem(
    "street_unknown",
    "没有这个街道（street_path）。",
    "There is no street with this path (street_path).",
    "/street_path",
)


async def seed(session: AsyncSession) -> None:
    """Bring the areas table up to the gazetteer of this program; harmless when it is there already."""
    gazetteer = Gazetteer.default()
    await repository.bring_up_to_date(session, [_row(place) for place in gazetteer.areas.values()])


async def get(session: AsyncSession, code: str) -> Area:
    """One area by its code or its path. Raises `NotFound`."""
    found = await repository.area(session, code.rsplit("/", 1)[-1])
    if found is None:
        raise NotFound()
    return found


async def known_paths(session: AsyncSession, paths: Iterable[str]) -> set[str]:
    """Those of the paths at which there is an area, in one statement."""
    wanted = set(paths)
    found = await repository.with_codes(session, {path.rsplit("/", 1)[-1] for path in wanted})
    return {area.path for area in found} & wanted


async def resolve(
    session: AsyncSession, district: str, street: str | None = None, community: str | None = None
) -> Area:
    """The deepest area that the given names mean, as bureaus write them ('建邺', '白下区', '锁金村街道办事处').

    Raises `Malformed` with candidates for every name that means no one area: a district or street that is unknown,
    ambiguous or in another district, and a community that nobody has entered under its street
    (`ensure_communities` enters it).
    """
    place, problems = find(district, street)
    raise_all(problems, Malformed)
    assert place is not None
    if community and not street:
        raise Malformed(
            Problem("street_needed", "填写社区时须填写街道。", "A community needs its street.", "/street")
        )
    if community:
        return await _community(session, place, community)
    return await get(session, place.code)


async def _community(session: AsyncSession, street: Place, name: str) -> Area:
    known = await repository.area(session, Gazetteer.default().community(street, name).code)
    if known is not None:
        return known
    letters = set(normalize_community(name).removesuffix("社区").removesuffix("村"))
    near = [
        _place(area)
        for area in await repository.communities_of(session, street.code)
        if len(letters & set(area.name)) >= 2
    ]
    failure = Resolution(How.UNKNOWN, candidates=tuple(near[:5]))
    raise Malformed(*rules.not_resolved(AreaLevel.COMMUNITY, name, failure))


async def ensure_communities(
    session: AsyncSession, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Area]:
    """The communities of these (street path, name) pairs, entered where they are new, in a fixed number of statements.

    The keys of the answer are the pairs as given. Raises `Malformed` for a street that does not exist.
    """
    pairs = list(dict.fromkeys(wanted))
    if not pairs:
        return {}
    streets = {
        area.path: area
        for area in await repository.with_codes(session, {path.rsplit("/", 1)[-1] for path, _ in pairs})
        if area.level == AreaLevel.STREET
    }
    if any(path not in streets for path, _ in pairs):
        raise Malformed(STREET_UNKNOWN)
    gazetteer = Gazetteer.default()
    places = {pair: gazetteer.community(_place(streets[pair[0]]), pair[1]) for pair in pairs}
    rows = {place.code: _row(place) for place in places.values()}
    added = await repository.add_missing(session, list(rows.values()))
    areas = {area.code: area for area in await repository.with_codes(session, rows)}
    await journal.record(
        session, machine("gazetteer"), *(_event(areas[code], "entered") for code in sorted(added))
    )
    return {pair: areas[place.code] for pair, place in places.items()}


async def enter_community(session: AsyncSession, actor: Actor, draft: CommunityDraft) -> Area:
    """Enter one community by hand; the known one comes back when it is there already."""
    if not permissions.may_enter_community(actor, draft.street_path):
        raise NotYou()
    pair = (draft.street_path, draft.name)
    return (await ensure_communities(session, [pair]))[pair]


async def change(session: AsyncSession, actor: Actor, area: Area, wanted: AreaChange) -> Area:
    """Set the population and, for a community, whether it is urban or rural."""
    if not permissions.may_change(actor, area.path):
        raise NotYou()
    if wanted.community_type and area.level != AreaLevel.COMMUNITY:
        raise Malformed(
            Problem(
                "type_is_for_communities",
                "城乡类型只适用于社区（村）。",
                "Urban or rural is said of communities only.",
                "/community_type",
            )
        )
    before = {name: getattr(area, name) for name in wanted.model_fields_set}
    for name in wanted.model_fields_set:
        setattr(area, name, getattr(wanted, name))
    await session.flush()
    changed = {name: [old, getattr(area, name)] for name, old in before.items()}
    await journal.record(session, actor, _event(area, "changed", changed))
    return area


async def names(session: AsyncSession, paths: Iterable[str]) -> dict[str, str]:
    """Names by code of every area on the way to the given paths, for views: one statement, none without communities."""
    codes = {code for path in paths for code in path.split("/") if code}
    places = Gazetteer.default().areas
    found = {code: places[code].name for code in codes if code in places}
    if missing := codes - found.keys():
        found |= {area.code: area.name for area in await repository.with_codes(session, missing)}
    return found


async def views(session: AsyncSession, areas: Sequence[Area]) -> list[AreaView]:
    return [AreaView.model_validate(area) for area in areas]


def _row(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "name": place.name,
        "level": str(place.level),
        "parent_code": place.parent_code,
        "path": place.path,
    }


def _place(area: Area) -> Place:
    return Place(area.code, area.name, AreaLevel(area.level), area.parent_code, area.path)


def _event(area: Area, event: str, change: dict[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        "area",
        uuid5(_AREAS, area.code),  # areas are named by their codes; the journal names things by UUID
        event,
        journal.Audience(area.path, level=journal.PUBLIC),
        number=area.code,
        change=change or {},
    )
