"""A list that comes in breaks nothing, however far it comes."""

import pytest

from tests.invariants.lists import ENDINGS, come_in
from tests.invariants.play import Player


@pytest.mark.parametrize("ending", range(len(ENDINGS)), ids=ENDINGS)
async def test_a_list_comes_in_is_dropped_or_taken_back(player: Player, ending: int) -> None:
    assert await come_in(player, ending) == "done"
