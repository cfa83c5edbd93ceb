"""The service taxonomy: categories, the services in them, and the words that betray each.

The words themselves are data, one reviewed file per category in `data/taxonomy`: `terms` of the trade, `says`
(how residents put it), `words` (things of the scene), and the same in English.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

CATEGORIES = (
    "elderly_care",
    "minor_protection",
    "rural_left_behind",
    "disability_support",
    "community_rehab",
    "charity_relief",
    "mediation_governance",
    "youth_development",
    "culture_recreation",
    "community_correction",
    "migrant_integration",
    "org_incubation",
    "mental_health",
    "volunteer_timebank",
    "family_women",
    "emergency_environment",
    "other",
)

SIBLINGS = (
    ("minor_protection", "rural_left_behind"),
    ("minor_protection", "youth_development"),
    ("minor_protection", "family_women"),
    ("youth_development", "culture_recreation"),
    ("disability_support", "community_rehab"),
    ("community_rehab", "mental_health"),
    ("charity_relief", "volunteer_timebank"),
    ("org_incubation", "volunteer_timebank"),
    ("community_correction", "mental_health"),
    ("elderly_care", "community_rehab"),
    ("migrant_integration", "youth_development"),
)
"""Categories whose organizations often do each other's work."""


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of work: its category, its name, and what is said when it is meant."""

    code: str
    category: str
    zh: str
    en: str
    terms: tuple[str, ...]
    says: tuple[str, ...]
    words: tuple[str, ...]
    terms_en: tuple[str, ...]
    says_en: tuple[str, ...]
    words_en: tuple[str, ...]

    @property
    def entries(self) -> tuple[str, ...]:
        """Every term and word of the service, in both languages."""
        return (*self.terms, *self.words, *self.terms_en, *self.words_en)

    @property
    def expressions(self) -> tuple[str, ...]:
        """What the encoder compares clauses with: terms and everyday expressions, in both languages."""
        return (*self.terms, *self.says, *self.terms_en, *self.says_en)


@cache
def services() -> tuple[Service, ...]:
    """All services, category by category. Raises ValueError when a code is used twice."""
    found: dict[str, Service] = {}
    folder = files("matching") / "data" / "taxonomy"
    for category in CATEGORIES:
        for code, entry in tomllib.loads((folder / f"{category}.toml").read_text("utf-8")).items():
            if code in found:
                raise ValueError(f"service {code} is described twice")
            words = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
            found[code] = Service(code, category, entry["zh"], entry["en"], **words)
    return tuple(found.values())


@cache
def digest() -> str:
    """A short fingerprint of every word the texts are read by; it changes whenever a reading could."""
    folder = files("matching") / "data"
    names = ["boiler.txt", *(f"taxonomy/{category}.toml" for category in CATEGORIES)]
    return sha256(b"\n".join((folder / name).read_bytes() for name in names)).hexdigest()[:12]
