"""The table of moves of a need, walked state by event: no database."""

import itertools

import pytest

from app.identity.roles import Role
from app.kernel.ids import uuid7
from app.kernel.lifecycle import Case
from app.needs.lifecycle import LIFECYCLE
from app.needs.models import Need, NeedState
from tests.factories.actors import GULOU, SUOJINCUN, official, street

ALLOWED = {
    ("collected", "merge"): "merged",
    ("collected", "convert"): "converted",
    ("collected", "answer"): "answered",
    ("collected", "reject"): "rejected",
}


def a_need(state: str = "collected") -> Need:
    return Need(id=uuid7(), number="XQ2026-00001", state=state, area_path=SUOJINCUN)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(LIFECYCLE.states, LIFECYCLE.events)))
def test_nothing_leaves_a_need_that_is_dealt_with(state: str, event: str) -> None:
    line = LIFECYCLE.line(state, event)
    assert (line.target if line else None) == ALLOWED.get((state, event))


def test_dealing_with_needs_belongs_to_the_officials_of_the_place() -> None:
    for line in LIFECYCLE.lines:
        assert line.who(official(Role.COMMUNITY, SUOJINCUN), a_need())
        assert line.who(street(), a_need())
        assert not line.who(street(GULOU), a_need())
        assert not line.who(official(Role.RESIDENT, SUOJINCUN), a_need())


@pytest.mark.parametrize("event", ["answer", "reject"])
def test_a_resident_is_never_left_without_words(event: str) -> None:
    line = LIFECYCLE.line("collected", event)
    assert line is not None
    assert [p.code for p in LIFECYCLE.judge(line, Case(a_need(), street()))] == ["note_required"]
    assert LIFECYCLE.judge(line, Case(a_need(), street(), note="已由物业安装扶手")) == ()


@pytest.mark.parametrize(
    ("into", "code"),
    [
        (None, "merge_target_missing"),
        (a_need(NeedState.REJECTED), "merge_target_closed"),
        (a_need(NeedState.MERGED), "merge_target_closed"),
        (a_need(NeedState.COLLECTED), None),
        (a_need(NeedState.CONVERTED), None),
    ],
)
def test_a_need_is_merged_into_one_that_is_still_alive(into: Need | None, code: str | None) -> None:
    line = LIFECYCLE.line("collected", "merge")
    assert line is not None
    found = LIFECYCLE.judge(line, Case(a_need(), street(), facts=into))
    assert [problem.code for problem in found] == ([code] if code else [])


def test_a_need_is_not_merged_into_itself() -> None:
    line, need = LIFECYCLE.line("collected", "merge"), a_need()
    assert line is not None
    assert [p.code for p in LIFECYCLE.judge(line, Case(need, street(), facts=need))] == ["merge_into_itself"]
