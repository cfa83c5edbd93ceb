"""From what people write to the places of the gazetteer, with no database: drafts find their area by this."""

from app.areas import rules
from app.areas.gazetteer import Area, AreaLevel, Gazetteer
from app.kernel.errors import Problem

CITY_WIDE = frozenset({"全市", "全市范围", "南京市", "南京"})


def find(district: str | None, street: str | None = None) -> tuple[Area | None, list[Problem]]:
    """The district, or the street in it, that names or codes mean; None without a name; every failure with candidates."""
    gazetteer = Gazetteer.default()
    place = gazetteer.areas.get((street or district or "").rsplit("/", 1)[-1])
    if place is not None:
        return place, []
    above = None
    if district and (above := gazetteer.areas.get(district.rsplit("/", 1)[-1])) is None:
        found = gazetteer.resolve_district(district)
        if found.area is None:
            return None, rules.not_resolved(AreaLevel.DISTRICT, district, found)
        above = found.area
    if not street:
        return above, []
    found = gazetteer.resolve_street(street, above)
    return found.area, rules.not_resolved(AreaLevel.STREET, street, found)


def find_scope(text: str) -> tuple[Area | None, list[Problem]]:
    """The city ('全市'), district or street that one cell of a list of service areas means."""
    if text.strip() in CITY_WIDE:
        return Gazetteer.default().city, []
    place, problems = find(text)
    if place is None:
        street, _ = find(None, text)
        if street is not None:
            return street, []
    return place, problems
