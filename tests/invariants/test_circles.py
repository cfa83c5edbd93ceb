"""Nobody waits in a circle: the locks are taken in one order (project, award, contract, money, organization), rows of one table by id.

PostgreSQL ends a circle by an error that is no refusal, and the test fails. What was seen to fail when a line was taken out:

- `contracts.delivery`, without `projects.locked` before the move: a suspension holds the contract and waits for the project, a
  payment the other way round.
- `awards._lock`, the award before the project: who cancels holds the award, who draws up the contract holds the project.
- `lifecycle.lock_many`, without its `order_by`, ids as they come: two lists of projects taken into review from both ends.
"""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.database import Database
from app.projects import service as projects
from tests.factories.crowd import at_once, each
from tests.invariants.routes import AWARDED, SIGNED, STARTED
from tests.invariants.test_races import come, go, hand, holds
from tests.invariants.world import PROJECTS

CROWD = 12


@pytest.mark.parametrize(
    ("route", "acts"),
    [
        (SIGNED, ("pay_1", "suspend")),
        (STARTED, ("refund", "suspend", "amend_contract:1")),
        (AWARDED, ("draw_up:4", "cancel_award")),
        (f"{AWARDED} draw_up:4 supplier_signs", ("buyer_signs", "discard", "list_organization")),
    ],
)
async def test_who_meets_over_one_life_does_not_wait_in_a_circle(
    committed: Database, route: str, acts: tuple[str, ...]
) -> None:
    world = await come(committed, route)
    hands = []
    for place in range(CROWD):
        name, _, dice = acts[place % len(acts)].partition(":")
        hands.append(hand(world, name, dice=int(dice or place)))
    ends = await at_once(committed, hands)
    assert ends["done"] >= 1, ends
    await holds(committed)


async def test_who_moves_many_from_both_ends_does_not_wait_in_a_circle(committed: Database) -> None:
    world = await come(committed, "submit")
    for project in set(range(PROJECTS)) - {1}:
        await go(committed, world, "submit", project)

    async def review(session: AsyncSession, place: int) -> None:
        ids = world.projects if place % 2 else world.projects[::-1]
        found = [await projects.get(session, world.city, project) for project in ids]
        outcome = await projects.transition_many(session, world.city, "start_review", found)
        for error in outcome.values():
            if error is not None:
                raise error

    ends = await at_once(committed, each(review, CROWD))
    assert ends == {"done": 1, "transition_not_possible": CROWD - 1}
    await holds(committed)
