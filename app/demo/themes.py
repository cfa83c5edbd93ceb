"""The themes of the block files: what one kind of project is about, whom it serves, what is done and for how much."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

from app.demo.texts import blocks

EVERYWHERE = ("old", "new", "resettle", "rural", "park", "farm", "quarters")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a project does, with the output it yields and what one unit costs, in yuan."""

    text: str
    indicator: str
    unit: str
    unit_yuan: float


@dataclass(frozen=True, slots=True)
class Theme:
    """One kind of project with all its building blocks; `scale` moves its budgets up or down."""

    key: str
    category: str
    weight: float
    scale: float
    settings: tuple[str, ...]
    people: tuple[int, int]
    who: tuple[str, ...]
    permit: str | None
    titles: list[str]
    problems: list[str]
    stories: list[str]
    acts: list[Act]
    aims: list[str]
    needs: list[str]
    scope: tuple[str, ...]
    can: list[str]


@cache
def category_names() -> dict[str, list[str]]:
    """Category code → the names bureaus give it."""
    return {stem: blocks(f"projects/{stem}")["names"].split() for stem in _files() if "_more" not in stem}


@cache
def themes() -> tuple[Theme, ...]:
    """All themes; `weight` is the category's share split among its themes, before streets choose among them."""
    shares = {stem: float(blocks(f"projects/{stem}")["share"]) for stem in category_names()}
    raw = [
        (stem.removesuffix("_more"), key, block)
        for stem in _files()
        for key, block in blocks(f"projects/{stem}").items()
        if isinstance(block, dict)
    ]
    total: dict[str, float] = {}
    for category, _, block in raw:
        total[category] = total.get(category, 0.0) + block["weight"]
    return tuple(
        Theme(
            key=f"{category}/{key}",
            category=category,
            weight=shares[category] * block["weight"] / total[category],
            scale=block["scale"],
            settings=tuple(block.get("settings", EVERYWHERE)),
            people=tuple(block["people"]),
            who=tuple(block["who"].split("、")),
            permit=block.get("permit"),
            titles=block["titles"],
            problems=block["problems"],
            stories=block["stories"],
            acts=[_act(line) for line in block["acts"]],
            aims=_many(block["aims"]),
            needs=_many(block["needs"]),
            scope=tuple(block["scope"].split("；")),
            can=_many(block["can"]),
        )
        for category, key, block in raw
    )


def _files() -> list[str]:
    folder = resources.files("app.demo").joinpath("blocks", "projects")
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _act(line: str) -> Act:
    text, _, output = line.partition(";;")
    indicator, unit, yuan = output.split()
    return Act(text.strip(), indicator, unit, float(yuan))
