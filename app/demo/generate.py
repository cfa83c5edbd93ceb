"""Builds the demo fair from a seed: the same seed gives the same projects and organizations, on every machine."""

from dataclasses import dataclass
from datetime import date
from random import Random

from app.demo import organizations as suppliers
from app.demo import projects as postings
from app.demo.places import Street, streets
from app.demo.records import Organization, Project

PROJECTS = 2_100
ORGANIZATIONS = 1_000


@dataclass(frozen=True)
class DemoFair:
    """One edition: its streets, what they ask for and who offers services. `as_of` is the day of the lists."""

    seed: int
    as_of: date
    streets: tuple[Street, ...]
    projects: tuple[Project, ...]
    organizations: tuple[Organization, ...]


def build(seed: int = 2026) -> DemoFair:
    """The whole fair, about one second of work; reads the block files and nothing else."""
    places = streets(Random(f"{seed}/streets"))
    return DemoFair(
        seed=seed,
        as_of=date(2026, 1, 15),
        streets=tuple(places),
        projects=tuple(postings.compose(seed, places, PROJECTS)),
        organizations=tuple(suppliers.compose(seed, ORGANIZATIONS)),
    )
