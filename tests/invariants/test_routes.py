"""Every branch of a project's life, step by step; after each step all invariants are asked."""

import pytest

from tests.invariants.play import Player
from tests.invariants.routes import ROUTES


@pytest.mark.parametrize("end", ROUTES)
async def test_every_branch_keeps_every_promise(player: Player, end: str) -> None:
    refused = [outcome for outcome in await player.walk(2, ROUTES[end], organization=1) if outcome != "done"]
    assert refused == []
    assert await player.state(2) == end
