"""Every state × every event of lifecycles, with where the trade says it leads: what a grid test walks."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.kernel.lifecycle import Lifecycle

Moves = Mapping[str, Mapping[str, str]]
"""State → event → state, written from the specification and not from the table."""

CASE = ("lifecycle", "state", "event", "target")


def grid(*lives: tuple[Lifecycle[Any], Moves]) -> list[Any]:
    """Parameters (`CASE`) of one test for each pair; the target is None where no move exists."""
    return [
        pytest.param(
            lifecycle, state, event, moves.get(state, {}).get(event), id=f"{lifecycle.name}-{state}-{event}"
        )
        for lifecycle, moves in lives
        for state in lifecycle.states
        for event in lifecycle.events
    ]


def leads_to(lifecycle: Lifecycle[Any], state: str, event: str) -> str | None:
    """Where the table of moves leads; None where it has no such line."""
    line = lifecycle.line(state, event)
    return line.target if line else None
