"""The voices of the streets: a description is a frame of the street's own manner, filled with the theme's blocks."""

import re
from collections.abc import Sequence
from functools import cache
from random import Random

from app.demo.places import Street
from app.demo.records import Output
from app.demo.texts import blocks, say
from app.demo.themes import Act, Theme

SHORTEST, LONGEST = 80, 250
_VOICES = ("official", "tender", "plain", "survey")
_JOINTS = (("；", "；"), ("，", "，同时"), ("，", "，并"), ("；", "；另"), ("，", "，再"))
_AMOUNTS = ("（{q}）", "，全年{q}", "，不少于{q}", "（全年不少于{q}）")


def voice_of(street: Street, rng: Random) -> str:
    """The manner a street writes in: mostly its own, now and then another clerk's."""
    own = Random(f"voice/{street.district}/{street.name}").choice(_VOICES)
    return own if rng.random() < 0.62 else rng.choice(_VOICES)


def describe(
    rng: Random,
    voice: str,
    setting: str,
    theme: Theme,
    acts: Sequence[Act],
    outputs: Sequence[Output],
    served: str,
) -> str:
    """A description of 80–250 characters in one voice."""
    best = ""
    for attempt in range(12):
        kept = len(acts) if attempt < 6 else 2
        text = _tidy(_fill(rng, voice, setting, theme, acts[:kept], outputs[:kept], served))
        if SHORTEST <= len(text) <= LONGEST:
            return text
        if not best or abs(len(text) - 165) < abs(len(best) - 165):
            best = text
    return best


def _fill(
    rng: Random,
    voice: str,
    setting: str,
    theme: Theme,
    acts: Sequence[Act],
    outputs: Sequence[Output],
    served: str,
) -> str:
    words = blocks("frames")["words"]
    doings = [_doing(rng, act, output) for act, output in zip(acts, outputs, strict=True)]
    rng.shuffle(doings)
    inner, last = rng.choice(_JOINTS)
    need = rng.choice(theme.needs) if rng.random() < 0.5 else rng.choice(words["need"])
    values = {
        "place": say(rng, rng.choice(blocks("frames")["places"][setting])),
        "problem": say(rng, rng.choice(theme.problems)),
        "story": say(rng, rng.choice(theme.stories)),
        "plan": say(rng, rng.choice(words["plan"])),
        "hope": say(rng, rng.choice(words["hope"])),
        "urgent": say(rng, rng.choice(words["urgent"])),
        "aim": say(rng, rng.choice(theme.aims)),
        "need": say(rng, need),
        "acts": inner.join(doings[:-1]) + last + doings[-1],
        "list": _enumerated(rng, doings),
        "served": served,
    }
    return say(rng, rng.choice(blocks("frames")["frames"][voice]), values)


def _doing(rng: Random, act: Act, output: Output) -> str:
    words = blocks("frames")
    kind = _kinds_of_units()[output.unit]
    said = _as_a_deed(rng, say(rng, act.text), kind)
    luck = rng.random()
    if luck < 0.4:
        return said + rng.choice(_AMOUNTS).format(q=f"{output.target}{output.unit}")
    if luck < 0.8 and "，" not in said:
        return f"{said}，{say(rng, rng.choice(words['details'][kind]))}"
    return said


def _as_a_deed(rng: Random, text: str, kind: str) -> str:
    """The act as something done: persons do it ("由…"), a bare noun gets a verb that suits its unit."""
    verbs, people = _beginnings()
    if text.startswith(people):
        return f"由{text}"
    if text.startswith(verbs):
        return text
    return rng.choice(blocks("frames")["verbs"][kind].split()) + text


@cache
def _beginnings() -> tuple[tuple[str, ...], tuple[str, ...]]:
    grammar = blocks("frames")["grammar"]
    return tuple(" ".join(grammar["verbs"]).split()), tuple(" ".join(grammar["people"]).split())


@cache
def _kinds_of_units() -> dict[str, str]:
    return {unit: kind for kind, units in blocks("frames")["units"].items() for unit in units.split()}


def _enumerated(rng: Random, doings: Sequence[str]) -> str:
    style = rng.randrange(3)
    if style == 0:
        return "；".join(f"{number}.{doing}" for number, doing in enumerate(doings, 1))
    if style == 1:
        return "；".join(f"（{'一二三四'[number]}）{doing}" for number, doing in enumerate(doings))
    return "；".join(f"{'一二三四'[number]}是{doing}" for number, doing in enumerate(doings))


def _tidy(text: str) -> str:
    text = re.sub(r"[，；]+([。；])", r"\1", text)
    text = re.sub(r"。{2,}", "。", text)
    return re.sub(r"，{2,}", "，", text)
