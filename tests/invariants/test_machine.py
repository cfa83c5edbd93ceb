"""Anybody tries anything: a state machine of legal and illegal acts, all invariants asked after each.

`scripts/test` plays some 500 acts, always the same ones; `scripts/fuzz` sets SHEQIA_FUZZ_STEPS to play as many new ones. A
refusal is an answer; any other error, and any broken invariant, is shrunk to the shortest story that shows it.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from app.kernel.database import Database
from tests.invariants.lists import come_in
from tests.invariants.play import DICE, Player
from tests.invariants.routes import ROUTES
from tests.invariants.script import ACTS, BRANCHES, ONWARD, SCORES
from tests.invariants.world import ORGANIZATIONS, PARTS, PROJECTS, World

STEPS_OF_ONE_STORY = 60
ACTS_OF_ONE_STORY = 100
"""About so many: the way each project has come, and what carries one on is sought from the furthest down."""
ACTS_PLAYED = int(os.environ.get("SHEQIA_FUZZ_STEPS", "500"))
FUZZING = "SHEQIA_FUZZ_STEPS" in os.environ

some_project = st.integers(0, PROJECTS - 1)
some_organization = st.integers(0, len(ORGANIZATIONS) - 1)
some_route = st.sampled_from(sorted(ROUTES))
some_way = st.integers(0, 60)
TAKES = (2, 1, 0, 1)
"""An organization that passes the gates of each project."""
some_dice = st.integers(0, DICE).map(lambda n: n * 7919 % DICE)


class Fair(RuleBasedStateMachine):
    """The small world, and what people do in it."""

    runner: asyncio.Runner
    database: Database
    first_day: World
    outcomes: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.connection: AsyncConnection = self.runner.run(self._open())
        self.transaction: AsyncTransaction = self.runner.run(self._begin())
        self.player = Player(self.connection, deepcopy(self.first_day))
        self.player.outcomes = self.outcomes

    async def _open(self) -> AsyncConnection:
        return await self.database.engine.connect()

    async def _begin(self) -> AsyncTransaction:
        return await self.connection.begin()

    def teardown(self) -> None:
        async def close() -> None:
            for state in await self.player.states():
                self.outcomes[f"ended {state}"] += 1
            await self.transaction.rollback()
            await self.connection.close()

        self.runner.run(close())

    def _try(self, name: str, project: int, organization: int, dice: int, part: str | None = None) -> str:
        outcome = self.runner.run(
            self.player.act(name, project, part=part, organization=organization, dice=dice)
        )
        note(f"{part or ACTS[name][0]}: {name} on project {project}, organization {organization}: {outcome}")
        return outcome

    @initialize(ways=st.lists(st.tuples(some_route, some_way), min_size=PROJECTS, max_size=PROJECTS))
    def begin_somewhere(self, ways: list[tuple[str, int]]) -> None:
        """Each project has come some way along a known route before anything else happens."""
        for project, (route, way) in enumerate(ways):
            self.runner.run(self.player.walk(project, ROUTES[route], organization=TAKES[project], stop=way))
            note(f"project {project} goes {way} steps on the way to {route}")

    @rule(project=some_project, organization=some_organization, dice=some_dice, badly=st.booleans())
    def go_on(self, project: int, organization: int, dice: int, badly: bool) -> None:
        """Somebody does what carries the project on."""
        state = self.runner.run(self.player.state(project))
        if state == "award_notice" and dice % 2 == 0:
            self.runner.run(self.player.days_pass(10))
        for name in (*ONWARD.get(state, ()), *(SCORES[badly] if state in SCORED_IN else ())):
            if self._try(name, project, organization, dice) == "done" and name not in GO_ON_AFTER:
                return

    @rule(project=some_project, organization=some_organization, dice=some_dice, choice=st.integers(0, 2**20))
    def turn_aside(self, project: int, organization: int, dice: int, choice: int) -> None:
        """Somebody does what does not carry it on: amends, quarrels, takes back, ends."""
        branches = BRANCHES.get(self.runner.run(self.player.state(project)))
        if branches:
            self._try(branches[choice % len(branches)], project, organization, dice)

    @rule(
        name=st.sampled_from(sorted(ACTS)),
        part=st.sampled_from(PARTS),
        project=some_project,
        organization=some_organization,
        dice=some_dice,
    )
    def try_anything(self, name: str, part: str, project: int, organization: int, dice: int) -> None:
        """Anybody tries anything, mostly what is not theirs, or not now."""
        self._try(name, project, organization, dice, part)

    @rule(organization=some_organization)
    def clear_a_name(self, organization: int) -> None:
        self._try("clear_organization", 0, organization, 0)

    @rule(dice=some_dice)
    def a_list_comes_in(self, dice: int) -> None:
        """A bureau uploads a list, and commits it, drops it or takes it back."""
        note(f"a list comes in: {self.runner.run(come_in(self.player, dice))}")

    @rule(days=st.integers(1, 12))
    def days_pass(self, days: int) -> None:
        self.runner.run(self.player.days_pass(days))
        note(f"{days} days pass")


SCORED_IN = ("in_delivery", "final_evaluation")
GO_ON_AFTER = ("state_no_conflict", "log_services", "reply", "issue_tokens")
"""Acts that may be repeated without end: one step does them on its way."""


@pytest.fixture
def played(first_day_address: tuple[str, World]) -> Iterator[Counter[str]]:
    """The machine at its table; what became of every try."""
    url, world = first_day_address
    with asyncio.Runner() as runner:
        Fair.runner, Fair.database, Fair.first_day, Fair.outcomes = (
            runner,
            Database.connect(url),
            world,
            Counter(),
        )
        yield Fair.outcomes
        runner.run(Fair.database.close())


def test_whatever_anybody_tries_every_promise_holds(played: Counter[str]) -> None:
    stories = max(1, ACTS_PLAYED // ACTS_OF_ONE_STORY)
    run_state_machine_as_test(
        Fair,
        settings=settings(
            max_examples=stories,
            stateful_step_count=STEPS_OF_ONE_STORY,
            derandomize=not FUZZING,
            database=None,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    acts = sum(times for outcome, times in played.items() if not outcome.startswith("ended"))
    done = sum(times for outcome, times in played.items() if outcome.endswith(": done"))
    print(f"\n{acts} acts in {stories} stories, {done} done")  # noqa: T201 - whoever fuzzes reads it
    for outcome, times in sorted(played.items()):
        print(f"{times:7d} {outcome}")  # noqa: T201 - whoever fuzzes reads it
    assert acts >= ACTS_PLAYED * 0.8
    assert done >= acts // 4, "too many tries in vain say little"
