"""Composes the organizations of the demo fair: names, codes, staff, standing, what they can do and have done."""

import re
from collections.abc import Sequence
from datetime import date
from random import Random

from app.demo.places import registrar_codes
from app.demo.records import Organization, PastProject
from app.demo.texts import blocks, draw, say
from app.demo.themes import Theme, themes
from app.demo.uscc import invented_uscc

_FIRST_NUMBER = 1001
_VOLUNTEERS_FROM = 25
_CITY_CODE = "320100"
_NEIGHBOURS = {
    "玄武区": ("秦淮区", "鼓楼区", "栖霞区"),
    "秦淮区": ("玄武区", "建邺区", "雨花台区"),
    "建邺区": ("鼓楼区", "秦淮区", "雨花台区"),
    "鼓楼区": ("玄武区", "建邺区", "秦淮区"),
    "浦口区": ("江北新区", "六合区"),
    "栖霞区": ("玄武区", "鼓楼区", "江宁区"),
    "雨花台区": ("秦淮区", "建邺区", "江宁区"),
    "江宁区": ("雨花台区", "溧水区", "栖霞区"),
    "六合区": ("江北新区", "浦口区"),
    "溧水区": ("江宁区", "高淳区"),
    "高淳区": ("溧水区", "江宁区"),
    "江北新区": ("浦口区", "六合区"),
}
_DISTRICT_SHARES = (9, 11, 7, 13, 6, 10, 7, 14, 7, 6, 5, 8)
_AGENCY, _ASSOCIATION, _FOUNDATION = "社会服务机构", "社会团体", "基金会"
_PREFIX = {_AGENCY: "52", _ASSOCIATION: "51", _FOUNDATION: "53"}


def compose(seed: int, count: int) -> list[Organization]:
    """`count` organizations with different names and checksum-valid codes of the made-up range."""
    rng = Random(f"{seed}/organizations")
    marks = _marks(rng)
    return [
        _organization(Random(f"{seed}/organization/{index}"), _FIRST_NUMBER + index, marks[index])
        for index in range(count)
    ]


def _marks(rng: Random) -> list[str]:
    words = blocks("names")["organization"]
    marks = [first + second for first in words["first"].split() for second in words["second"].split()]
    rng.shuffle(marks)
    return marks


def _organization(rng: Random, number: int, mark: str) -> Organization:
    district = rng.choices(tuple(_NEIGHBOURS), _DISTRICT_SHARES)[0]
    kind = rng.choices(tuple(_PREFIX), (84, 13, 3))[0]
    city_wide = kind == _FOUNDATION or rng.random() < 0.18
    home = rng.choices(themes(), [theme.weight for theme in themes()])[0]
    done = _fields_of_work(rng, home)
    staff = max(4, int(rng.lognormvariate(2.2, 0.6)))
    senior, middle, assistant = _licensed(rng, staff)
    licensed = senior + middle + assistant
    founded = date(rng.choices(range(2008, 2026), range(3, 21))[0], rng.randint(1, 12), rng.randint(1, 28))
    rating = _rating(rng, founded.year)
    capacity = min(max(1, round(rng.gauss(1.9 + staff / 6, 1.2))), 9)
    active = min(capacity, rng.choices((0, 1, 2, 3, 4), (30, 34, 20, 11, 5))[0])
    areas = _service_areas(rng, district, city_wide)
    words = {"staff": staff, "sw": licensed, "year": founded.year, "area": "全市" if city_wide else district}
    words["lead"] = rng.choice(blocks("organizations")["say"]["leads"].split())
    return Organization(
        name=_name(rng, district, city_wide, kind, home.category, mark),
        uscc=invented_uscc(_PREFIX[kind], _CITY_CODE if city_wide else registrar_codes()[district], number),
        registration_type=kind,
        registrar=_registrar(district, city_wide),
        established_on=founded,
        rating=rating,
        rated_in=_rated_in(rng, founded.year) if rating else None,
        annual_inspection=_inspections(rng, founded.year),
        credit_status=_credit(rng),
        is_charity=kind == _FOUNDATION or rng.random() < 0.12,
        fulltime_staff=staff,
        sw_assistant=assistant,
        sw_middle=middle,
        sw_senior=senior,
        business_scope=_scope(rng, done),
        capability=_capability(rng, done, words, staff),
        categories=tuple(dict.fromkeys(theme.category for theme in done)),
        themes=tuple(theme.key for theme in done),
        target_groups=tuple(dict.fromkeys(group for theme in done for group in theme.who)),
        service_areas=areas,
        capacity_max=capacity,
        active_engagements=active,
        qualifications=tuple(dict.fromkeys(theme.permit for theme in done if theme.permit)),
        track_record=_track_record(rng, done, founded.year),
        last_year_income_fen=max(60_000, int(staff * rng.uniform(50_000, 110_000)) // 10_000 * 10_000) * 100,
    )


def _fields_of_work(rng: Random, home: Theme) -> list[Theme]:
    """The main line first, then one or two near it; now and then one from another category."""
    near = [theme for theme in themes() if theme.category == home.category and theme.key != home.key]
    done = [home, *rng.sample(near, min(len(near), rng.choices((0, 1, 2), (15, 50, 35))[0]))]
    if rng.random() < 0.35:
        far = [theme for theme in themes() if theme.category != home.category]
        done.append(rng.choices(far, [theme.weight for theme in far])[0])
    return done[:3]


def _licensed(rng: Random, staff: int) -> tuple[int, int, int]:
    total = min(staff, max(1, round(staff * rng.uniform(0.1, 0.75))))
    senior = 1 if total >= 6 and rng.random() < 0.2 else 0
    middle = round((total - senior) * rng.uniform(0.15, 0.5))
    return senior, middle, total - senior - middle


def _rating(rng: Random, founded: int) -> int | None:
    if founded > 2022:
        return None
    return rng.choices((None, 1, 2, 3, 4, 5), (22, 2, 8, 40, 21, 7))[0]


def _rated_in(rng: Random, founded: int) -> int:
    """The year of the last assessment; a few were not renewed after five years."""
    return max(founded + 1, rng.choices((2020, 2022, 2023, 2024, 2025), (4, 20, 26, 26, 24))[0])


def _credit(rng: Random) -> str:
    return rng.choices(("normal", "abnormal_list", "serious_illegality_list"), (975, 20, 5))[0]


def _inspections(rng: Random, founded: int) -> dict[int, str]:
    years = [year for year in (2024, 2025) if year > founded]
    return {year: rng.choices(("合格", "基本合格", "不合格"), (925, 65, 10))[0] for year in years}


def _service_areas(rng: Random, district: str, city_wide: bool) -> tuple[str, ...]:
    if city_wide:
        return ("全市",)
    near = _NEIGHBOURS[district]
    return (district, *draw(rng, near, rng.choices((0, 1, 2, 3), (25, 35, 27, 13))[0]))


def _name(rng: Random, district: str, city_wide: bool, kind: str, category: str, mark: str) -> str:
    words = blocks("organizations")
    ends = {
        _AGENCY: words["suffixes"][category],
        _ASSOCIATION: words["kinds"]["association"],
        _FOUNDATION: words["kinds"]["foundation"],
    }
    head = "南京" if city_wide else "南京江北新区" if district == "江北新区" else f"南京市{district}"
    return f"{head}{mark}{rng.choice(ends[kind].split())}"


def _registrar(district: str, city_wide: bool) -> str:
    if city_wide:
        return "南京市民政局"
    return "南京江北新区行政审批局" if district == "江北新区" else f"南京市{district}民政局"


def _scope(rng: Random, done: Sequence[Theme]) -> str:
    items = list(dict.fromkeys(item for theme in done for item in theme.scope))
    return (
        "；".join([*items, *draw(rng, blocks("organizations")["say"]["scope_more"], rng.randint(1, 2))])
        + "。"
    )


def _capability(rng: Random, done: Sequence[Theme], words: dict[str, object], staff: int) -> str:
    blocks_of = blocks("organizations")["say"]
    parts = [say(rng, _within(rng.choice(theme.can), staff)) for theme in done]
    parts.insert(rng.choice((0, 0, 1)), say(rng, rng.choice(blocks_of["team"]), words))
    parts += [say(rng, line, words) for line in draw(rng, blocks_of["manage"], rng.randint(1, 2))]
    if rng.random() < 0.35:
        parts.append(f"{rng.choice(('曾获', '获评', '先后获得'))}{rng.choice(blocks_of['honours'])}")
    return "。".join(parts) + "。"


def _within(block: str, staff: int) -> str:
    """Specialists of a block, as many as the organization can have on its staff; volunteers stay as they are."""

    def fit(found: re.Match[str]) -> str:
        low, high = int(found[1]), int(found[2])
        if low >= _VOLUNTEERS_FROM:
            return found[0]
        most = min(high, max(1, staff - 1))
        return f"{{{min(low, max(1, most // 2))}-{most}}}名"

    return re.sub(r"\{(\d+)-(\d+)\}名", fit, block)


def _track_record(rng: Random, done: Sequence[Theme], founded: int) -> tuple[PastProject, ...]:
    years = [year for year in (2023, 2024, 2025) if year > founded]
    found = []
    for year in draw(rng, years, rng.randint(0, 3)):
        theme = rng.choice(done)
        grade = rng.choices(("优秀", "良好", "合格", "不合格"), (35, 45, 18, 2))[0]
        amount = round(rng.lognormvariate(10.4, 0.6) / 1_000) * 1_000
        found.append(PastProject(theme.titles[0].strip("“”"), year, amount * 100, grade))
    return tuple(found)
