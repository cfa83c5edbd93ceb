"""The streets of the demo edition with their invented communities and the offices that buy for them."""

import re
from dataclasses import dataclass
from random import Random

from app.demo.texts import blocks

EDITION_YEAR = 2026


@dataclass(frozen=True, slots=True)
class Street:
    """A street as a buyer sees it: where it lies, what living there is like, and its communities."""

    district: str
    name: str
    setting: str
    buyer: str
    communities: tuple[str, ...]


def registrar_codes() -> dict[str, str]:
    """District name → the area code under which organizations of that district are registered."""
    return {district: str(kinds["code"]) for district, kinds in blocks("places").items()}


def streets(rng: Random) -> list[Street]:
    """All streets in the order of the city's code list, each with 2–6 communities no other street has."""
    town, village = _town_names(rng), _village_names(rng)
    found = []
    for district, kinds in blocks("places").items():
        for setting, names in kinds.items():
            if setting == "code":
                continue
            source = village if setting in ("rural", "farm") else town
            small = setting in ("park", "farm", "quarters")
            for name in names:
                count = rng.randint(2, 3) if small else rng.randint(3, 6)
                communities = tuple(source.pop() for _ in range(count))
                found.append(Street(district, name, setting, buyer_name(district, name), communities))
    return found


def buyer_name(district: str, street: str) -> str:
    """The office that buys for a street: 办事处, 镇人民政府, or the body that runs a zone."""
    plain = re.sub(r"^(南京市|南京|高淳县)", "", street)
    head = f"南京市{district}"
    if street.endswith("街道"):
        return f"{head}{street}办事处"
    if street.endswith("镇"):
        return f"{head}{street}人民政府"
    if street.endswith("监狱"):
        return f"{head}{plain}家属区管理办公室"
    if street.endswith("办公室"):
        return f"{head}{plain}"
    if street.startswith("中国"):
        return f"{street}管理委员会"
    return f"{head}{plain}管理委员会"


def committee_name(community: str) -> str:
    """The self-governing committee of a community or village."""
    return f"{community}村民委员会" if community.endswith("村") else f"{community}居民委员会"


def _town_names(rng: Random) -> list[str]:
    words = blocks("names")["community"]
    stems = " ".join(words["stems"]).split()
    names = [f"{stem}{end}社区" for stem in stems for end in words["urban"] if stem[-1] != end[0]]
    rng.shuffle(names)
    return names


def _village_names(rng: Random) -> list[str]:
    words = blocks("names")["community"]
    names = [f"{a}{b}村" for a in words["rural_first"].split() for b in words["rural_last"].split()]
    rng.shuffle(names)
    return names
