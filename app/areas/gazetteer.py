"""The places of the city as package data: names and former names to areas, without a database.

City 南京市 ⊃ 11 districts and 江北新区 ⊃ 140 streets. 江北新区 is a functional zone without a national code; it
acts as a district here (code 3201JB) and its seven streets, which carry codes of 浦口区 and 六合区, belong to it.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

CITY = "3201"
JIANGBEI = "3201JB"
# Until 2015 the seven streets of 江北新区 were under these two; lists still say so.
_FORMER_PARENTS = {JIANGBEI: ("320111", "320116")}

_BLANK = re.compile(r"[\s\u200b\u200c\ufeff]+")
_OFFICE = re.compile(r"(人民政府)?(街道办事处|办事处|街办|人民政府|政府|管理委员会|管委会)$")
_STREET_TAIL = re.compile(r"(街道|镇|乡)$")
_COMMITTEE = re.compile(
    r"(社区居委会|社区居民委员会|居民委员会|居委会|村民委员会|村委会|社区工作站|社区服务站)$"
)
_VILLAGE = re.compile(r"(?<!新)村$")


class AreaLevel(StrEnum):
    """Level in the tree; a functional zone stands at the level of a district."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class Area:
    """One place. `path` is the chain of codes from the city down, joined by '/': a scope is a prefix of it."""

    code: str
    name: str
    level: AreaLevel
    parent_code: str | None
    path: str


class How(StrEnum):
    """How a text led to an area, or why it did not."""

    EXACT = "exact"
    SHORT = "short"
    FORMER = "former"
    MOVED = "moved"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The area a text means, or the named failure with the candidates a person may choose from."""

    how: How
    area: Area | None = None
    candidates: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of an area; `valid_to` is the last day on which it was official, ISO, or ''."""

    name: str
    code: str
    valid_from: str
    valid_to: str
    note: str


def clean(text: str) -> str:
    """NFKC without any blank: how names are compared here."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=8192)
def normalize_community(text: str) -> str:
    """The canonical name of a community or village: '银杏里居委会' and '银杏里' are '银杏里社区'; '' for blank."""
    name = clean(text).replace("(村)", "").replace("(社区)", "")
    if not name:
        return ""
    rural = name.endswith(("村民委员会", "村委会"))
    stem = _COMMITTEE.sub("", name) or name
    if stem.endswith("社区"):
        return stem
    if _VILLAGE.search(stem):
        return stem
    return stem + ("村" if rural else "社区")


def community_code(street_code: str, name: str) -> str:
    """The code of a community under its street, the same in every import: street code and a digest of the name."""
    digest = hashlib.sha256(normalize_community(name).encode()).hexdigest()[:8]
    return f"{street_code}-{digest}"


class Gazetteer:
    """Names to areas. Built once from package data; immutable."""

    def __init__(self, areas: Iterable[tuple[str, str, str, str]], aliases: Iterable[Alias] = ()) -> None:
        self.areas: Mapping[str, Area] = {}
        found: dict[str, Area] = {}
        for code, name, level, parent_code in areas:
            parent = found.get(parent_code)
            path = f"{parent.path}/{code}" if parent else code
            found[code] = Area(code, name, AreaLevel(level), parent_code or None, path)
        self.areas = found
        self.city = next(area for area in found.values() if area.level is AreaLevel.CITY)
        self.districts = tuple(area for area in found.values() if area.level is AreaLevel.DISTRICT)
        self.streets = tuple(area for area in found.values() if area.level is AreaLevel.STREET)
        self.aliases = tuple(aliases)
        self._district_names: dict[str, tuple[Area, How]] = {}
        self._street_names: dict[str, list[tuple[Area, How]]] = {}
        self._index()

    def _index(self) -> None:
        for area in self.districts:
            self._district_names[area.name] = (area, How.EXACT)
        for area in self.streets:
            self._street_names.setdefault(clean(area.name), []).append((area, How.EXACT))
        for alias in self.aliases:
            area = self.areas[alias.code]
            how = How.FORMER if alias.valid_to else How.SHORT
            if area.level is AreaLevel.DISTRICT:
                self._district_names.setdefault(alias.name, (area, how))
            elif area.level is AreaLevel.STREET:
                self._street_names.setdefault(alias.name, []).append((area, how))
        for area in self.districts:
            self._district_names.setdefault(area.name.removesuffix("区"), (area, How.SHORT))
        for area in self.streets:
            stem = _STREET_TAIL.sub("", clean(area.name))
            if stem != clean(area.name):
                self._street_names.setdefault(stem, []).append((area, How.SHORT))

    @staticmethod
    @cache
    def default() -> "Gazetteer":
        """The gazetteer of the package data."""
        folder = files("app.areas") / "data"
        areas = csv.DictReader((folder / "areas.csv").read_text(encoding="utf-8").splitlines())
        aliases = csv.DictReader((folder / "aliases.csv").read_text(encoding="utf-8").splitlines())
        return Gazetteer(
            [(row["code"], row["name"], row["level"], row["parent_code"]) for row in areas],
            [Alias(r["alias"], r["code"], r["valid_from"], r["valid_to"], r["note"]) for r in aliases],
        )

    def district(self, name: str) -> Area:
        """The district of exactly this canonical name; KeyError when there is none."""
        return next(area for area in self.districts if area.name == name)

    def streets_of(self, district: Area) -> tuple[Area, ...]:
        """The streets under a district."""
        return tuple(area for area in self.streets if area.parent_code == district.code)

    def parent(self, area: Area) -> Area | None:
        """The area above, None for the city."""
        return self.areas[area.parent_code] if area.parent_code else None

    def full_name(self, area: Area) -> str:
        """The name with all areas above it: '南京市鼓楼区宁海路街道'."""
        above = self.areas[area.parent_code] if area.parent_code else None
        return (self.full_name(above) if above else "") + area.name

    @lru_cache(maxsize=8192)  # noqa: B019 - the gazetteer lives as long as the process
    def community(self, street: Area, name: str) -> Area:
        """The community of this name under `street`; communities are not known in advance."""
        code = community_code(street.code, name)
        canonical = normalize_community(name)
        return Area(code, canonical, AreaLevel.COMMUNITY, street.code, f"{street.path}/{code}")

    @lru_cache(maxsize=8192)  # noqa: B019 - the gazetteer lives as long as the process
    def resolve_district(self, text: str) -> Resolution:
        """The district a text means: '建邺', '南京市建邺区', '白下区', '建邺区民政局' (and the like) or a named failure."""
        name = _without_city(clean(text))
        found = self._district_names.get(name)
        if found is None:
            name = re.sub(r"(民政局|社会事业局|社会工作部|行政审批局|人民政府|政府|管委会)$", "", name)
            found = self._district_names.get(name)
        if found is None and "/" in name:
            found = self._district_names.get(name.split("/")[0])
        if found is None:
            return Resolution(How.UNKNOWN, candidates=self._near(name, self.districts))
        return Resolution(found[1], found[0])

    @lru_cache(maxsize=8192)  # noqa: B019 - the gazetteer lives as long as the process
    def resolve_street(self, text: str, district: Area | None = None) -> Resolution:
        """The street a text means inside `district`, or anywhere when its name occurs once.

        A street that 江北新区 has taken over resolves to its place of today (`moved`) when the text or `district`
        names its former district; a text that names another district than `district` is a `conflict`.
        """
        whole = clean(text)
        if len(official := self._street_names.get(whole, [])) == 1 and len(whole) > 4:
            found = self._street_in(whole, district)
            return found if district is not None else Resolution(official[0][1], official[0][0])
        named, name = self._split_district(_without_city(whole))
        if named is not None and district is not None and named.code != district.code:
            inside = self._street_in(name, named)
            if inside.area is not None and inside.area.parent_code == district.code:
                return Resolution(How.MOVED, inside.area)
            return Resolution(How.CONFLICT, candidates=(district, named))
        return self._street_in(name, named or district)

    def _street_in(self, name: str, district: Area | None) -> Resolution:
        stem = _OFFICE.sub("", name)
        for form in dict.fromkeys((name, _whole(name), stem, stem + "街道", _STREET_TAIL.sub("", stem))):
            hits = self._street_names.get(form, [])
            if district is not None:
                inside = [hit for hit in hits if hit[0].parent_code == district.code]
                moved = [
                    hit for hit in hits if district.code in _FORMER_PARENTS.get(hit[0].parent_code or "", ())
                ]
                if not inside and moved and moved[0][0].code.startswith(district.code):
                    return Resolution(How.MOVED, moved[0][0])
                hits_here = inside
            else:
                hits_here = hits
            if len(hits_here) == 1:
                return Resolution(hits_here[0][1], hits_here[0][0])
            if len(hits_here) > 1:
                return Resolution(How.AMBIGUOUS, candidates=tuple(area for area, _ in hits_here))
            if hits and district is not None:
                return Resolution(How.CONFLICT, candidates=tuple(area for area, _ in hits))
        pool = self.streets_of(district) if district else self.streets
        return Resolution(How.UNKNOWN, candidates=self._near(stem, pool))

    def _split_district(self, name: str) -> tuple[Area | None, str]:
        """The district a text begins with, and what follows it; short names only count before a known street."""
        for known, (area, _) in self._district_names.items():
            if known.endswith(("区", "县")) and name.startswith(known) and len(name) > len(known):
                return area, name[len(known) :]
        return None, name

    @staticmethod
    def _near(name: str, areas: Iterable[Area]) -> tuple[Area, ...]:
        """At most five areas that share two characters with the name, best first: suggestions for a person."""
        letters = set(_STREET_TAIL.sub("", name).removesuffix("区"))
        scored = [(len(letters & set(_STREET_TAIL.sub("", area.name))), area) for area in areas]
        near = sorted((item for item in scored if item[0] >= 2), key=lambda item: (-item[0], item[1].code))
        return tuple(area for _, area in near[:5])


def _whole(name: str) -> str:
    return _OFFICE.sub("街道", name) if name.endswith("街道办事处") else name


def _without_city(name: str) -> str:
    for city in ("江苏省南京市", "南京市"):
        if name.startswith(city) and len(name) > len(city):
            return name[len(city) :]
    return name
