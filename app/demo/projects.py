"""Composes the postings of the demo fair: which street asks for what, for how much, in whose words."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date
from random import Random
from statistics import NormalDist

from app.demo.funding import funding_of
from app.demo.places import EDITION_YEAR, Street, committee_name
from app.demo.records import Output, Project
from app.demo.texts import blocks, draw, round_number, say
from app.demo.themes import Act, Theme, themes
from app.demo.voices import describe, voice_of

MEDIAN_YUAN = 25_000
MEAN_YUAN = 70_000_000 / 2_100
_SIGMA = math.sqrt(2 * math.log(MEAN_YUAN / MEDIAN_YUAN))
_SHARE_OF_STREETS = {
    "old": 1.0,
    "new": 1.0,
    "resettle": 1.0,
    "rural": 0.95,
    "park": 0.14,
    "farm": 0.13,
    "quarters": 0.09,
}
_RURAL_PULL = 2.2
_MONTHS = 8
_PLAIN_ENDS = ("项目", "服务", "运营", "计划", "行动", "干预", "指导", "帮扶", "照料", "守护")
_PER_PERSON_UNITS = ("对", "户", "份", "户次")


def compose(seed: int, places: Sequence[Street], count: int) -> list[Project]:
    """`count` postings in the order of the streets; budgets log-normal around 25,000 yuan, 70 million in all."""
    rng = Random(f"{seed}/projects")
    posts = _spread(rng, places, count)
    budgets = _budgets(rng, [theme for _, theme in posts])
    titles: set[tuple[str, str]] = set()
    composed = []
    for index, ((street, theme), yuan) in enumerate(zip(posts, budgets, strict=True)):
        composed.append(_posting(Random(f"{seed}/project/{index}"), street, theme, yuan, titles))
    return composed


def _spread(rng: Random, places: Sequence[Street], count: int) -> list[tuple[Street, Theme]]:
    weights = [_SHARE_OF_STREETS[street.setting] * rng.uniform(0.6, 1.4) for street in places]
    quotas = [max(2, int(count * weight / sum(weights))) for weight in weights]
    while sum(quotas) != count:
        largest = max(range(len(places)), key=lambda index: quotas[index])
        step = 1 if sum(quotas) < count else -1
        quotas[rng.randrange(len(places)) if step > 0 else largest] += step
    posts = []
    for street, quota in zip(places, quotas, strict=True):
        possible = [theme for theme in themes() if street.setting in theme.settings]
        used: Counter[str] = Counter()
        for _ in range(quota):
            theme = rng.choices(possible, [_pull(theme, used[theme.key]) for theme in possible])[0]
            used[theme.key] += 1
            posts.append((street, theme))
    return posts


def _pull(theme: Theme, used: int) -> float:
    rural = "farm" in theme.settings and "old" not in theme.settings
    return theme.weight * (_RURAL_PULL if rural else 1.0) / (1 + used) ** 2


def _budgets(rng: Random, kinds: Sequence[Theme]) -> list[int]:
    """Yuan per posting: the quantiles of a log-normal, larger ones to the kinds of work that cost more."""
    order = sorted(range(len(kinds)), key=lambda index: kinds[index].scale + rng.gauss(0, 0.9))
    budgets = [0] * len(kinds)
    for place, index in enumerate(order):
        deviate = NormalDist().inv_cdf((place + 0.5) / len(kinds))
        budgets[index] = _as_a_bureau_rounds(rng, MEDIAN_YUAN * math.exp(_SIGMA * deviate))
    return budgets


def _as_a_bureau_rounds(rng: Random, yuan: float) -> int:
    step = 1_000 if yuan < 60_000 else rng.choice((1_000, 5_000))
    if rng.random() < 0.18:
        step = 100
    return max(round(yuan / step) * step, 2_000)


def _posting(rng: Random, street: Street, theme: Theme, yuan: int, titles: set[tuple[str, str]]) -> Project:
    community = rng.choice(street.communities)
    size = min(max(math.log(yuan / 4_000) / math.log(40), 0.05), 1.0)
    low, high = theme.people
    people = round_number(int(low + (high - low) * size * rng.uniform(0.75, 1.1)) + rng.randint(0, 4))
    acts = draw(rng, theme.acts, 2 if yuan < 12_000 else 3 if yuan < 70_000 else 4)
    outputs = _outputs(rng, acts, yuan, people)
    served = f"{rng.choice(theme.who)}{people}{'户' if '家庭' in theme.who[0] else '人'}"
    description = describe(rng, voice_of(street, rng), street.setting, theme, acts, outputs, served)
    tier, funding = funding_of(rng, theme.category, yuan)
    start, end = _period(rng)
    needs_staff = yuan >= 20_000 and rng.random() < 0.28
    return Project(
        district=street.district,
        street=street.name,
        community=community,
        buyer=street.buyer,
        procuring_entity=committee_name(community),
        title=_title(rng, theme, community, titles),
        description=description,
        category=theme.category,
        theme=theme.key,
        target_groups=theme.who if rng.random() < 0.6 else theme.who[:1],
        beneficiaries_planned=people,
        budget_fen=yuan * 100,
        funding_tier=tier,
        funding=funding,
        start_on=start,
        end_on=end,
        outputs=outputs,
        outcomes=_outcomes(rng, theme),
        min_rating=rng.choice((2, 3, 3, 3, 4)) if yuan >= 40_000 and rng.random() < 0.35 else None,
        min_certified_social_workers=rng.choice((1, 1, 2, 2, 3)) if needs_staff else None,
        required_qualifications=(theme.permit,) if theme.permit and rng.random() < 0.35 else (),
        contact_name=rng.choice(blocks("names")["people"]["surnames"].split())
        + rng.choice(blocks("names")["people"]["titles"]),
        contact_phone=f"025-0000{rng.randint(1, 9999):04d}",
    )


def _outputs(rng: Random, acts: Sequence[Act], yuan: int, people: int) -> tuple[Output, ...]:
    parts = [rng.uniform(0.6, 1.4) for _ in acts]
    found = []
    for act, part in zip(acts, parts, strict=True):
        target = round_number(int(0.82 * yuan * part / sum(parts) / act.unit_yuan))
        if act.unit in _PER_PERSON_UNITS:
            target = min(target, people)
        if act.unit == "月":
            target = min(target, _MONTHS)
        found.append(Output(act.indicator, max(target, 1), act.unit))
    return tuple(found)


def _outcomes(rng: Random, theme: Theme) -> tuple[str, ...]:
    rate = rng.choice((85, 88, 90, 90, 92, 95))
    return (
        say(rng, rng.choice(theme.aims)),
        f"{rng.choice(('服务对象', '居民', '受益群众'))}满意度不低于{rate}%",
    )


def _period(rng: Random) -> tuple[date, date]:
    start = rng.choices((3, 4, 5, 6), (55, 25, 12, 8))[0]
    end = rng.choices((10, 11, 12), (8, 27, 65))[0]
    return date(EDITION_YEAR, start, 1), date(EDITION_YEAR, end, 31 if end in (10, 12) else 30)


def _title(rng: Random, theme: Theme, community: str, taken: set[tuple[str, str]]) -> str:
    while True:
        title = _worded_title(rng, theme, community)
        if (community, title) not in taken:
            taken.add((community, title))
            return title


def _worded_title(rng: Random, theme: Theme, community: str) -> str:
    """The plain name of the work (the first of its titles) or a figure of speech, dressed up as bureaus do."""
    plain, title, how = theme.titles[0], rng.choice(theme.titles), rng.random()
    if title == plain:
        if how < 0.4 and "“" not in title:
            brands = " ".join(blocks("frames")["titles"]["brands"]).split()
            return f"“{rng.choice(brands)}”{title}"
        if how < 0.6 and "社区" not in title and "街道" not in title:
            return f"{community}{title}"
        return f"{title}项目" if how < 0.75 and not title.endswith("项目") else title
    figure = "——" not in title and "：" not in title and not title.endswith(_PLAIN_ENDS)
    return f"{title}——{plain}" if figure and how < 0.45 else title
