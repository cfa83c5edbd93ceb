"""Reads the hand-written building blocks and turns one of them into a sentence."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"\{(\d+)-(\d+)\}")


@cache
def blocks(name: str) -> dict[str, Any]:
    """The block file `blocks/<name>.toml`; every multi-line string is split into its lines."""
    source = resources.files("app.demo").joinpath("blocks", *f"{name}.toml".split("/"))
    return _lines(tomllib.loads(source.read_text(encoding="utf-8")))


def _lines(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lines(inner) for key, inner in value.items()}
    if isinstance(value, str) and "\n" in value:
        return [line.strip() for line in value.splitlines() if line.strip()]
    return value


def say(rng: Random, block: str, values: Mapping[str, object] | None = None) -> str:
    """One wording of a block: `[a|b]` is a choice (may nest), `{30-80}` a number, `{name}` a given value."""
    while _CHOICE.search(block):
        block = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), block)
    block = _NUMBER.sub(lambda found: str(round_number(rng.randint(int(found[1]), int(found[2])))), block)
    return block.format_map(values) if values and "{" in block else block


def round_number(number: int) -> int:
    """A count as people state it: exact below 100, in tens below 1,000, then in hundreds."""
    step = 1 if number < 100 else 10 if number < 1_000 else 100
    return max(number // step * step, 1)


def draw(rng: Random, items: Sequence[T], count: int) -> list[T]:
    """`count` different items in the order of the list (fewer when the list is short)."""
    chosen = sorted(rng.sample(range(len(items)), min(count, len(items))))
    return [items[index] for index in chosen]
