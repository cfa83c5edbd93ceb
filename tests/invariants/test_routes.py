"""Every branch of a project's life, step by step; after each step all invariants are asked."""

import pytest

from tests.invariants.play import Player

ADMITTED = "submit start_review approve publish"
PROPOSED = f"{ADMITTED} express accept record_talk confirm_talk shortlist state_no_conflict propose"
NOTICED = f"{PROPOSED} publish_notice"
AWARDED = f"{NOTICED} confirmer_states_no_conflict +10 confirm_award"
SIGNED = f"{AWARDED} draw_up:4 supplier_signs buyer_signs"
STARTED = f"{SIGNED} pay_1 start"
SCORED = "take_on evaluator_scores buyer_scores supervisor_scores close_scoring"
SCORED_LOW = "take_on evaluator_scores_low buyer_scores_low supervisor_scores_low close_scoring"
MIDTERM = f"assign_midterm {SCORED} accept_result confirm_result"
DELIVERED = f"{STARTED} {MIDTERM} pay_2 log_services:3 report_milestone judge_milestone close_out assign_final"
HEARD = "issue_tokens reply:9 reply:13"
ROUTES = {
    "closed": f"{DELIVERED} {HEARD} {SCORED} accept_result confirm_result pay_3 settle close",
    "withdrawn": f"{NOTICED} withdraw_project +1",
    "rejected": "submit start_review reject",
    "published": f"{ADMITTED} declare_unsuccessful relist amend_project:1",
    "unsuccessful": f"{ADMITTED} express accept declare_unsuccessful +1",
    "negotiating": f"{NOTICED} challenge take_challenge uphold_challenge cancel_award",
    "award_proposed": f"{AWARDED} cancel_award record_talk confirm_talk propose",
    "contracted": f"{STARTED} suspend resume suspend terminate:2",
    "suspended": f"{SIGNED} suspend",
    "terminated": f"{STARTED} amend_contract:0 agree_amendment suspend terminate:2",
    "failed": f"{DELIVERED} {HEARD} {SCORED_LOW} appeal dismiss confirm_result",
    "settled": f"{DELIVERED} {HEARD} {SCORED_LOW} accept_result confirm_result settle:2",
    "accepted": f"{DELIVERED} {HEARD} {SCORED_LOW} appeal uphold confirm_result",
}


async def walk(player: Player, project: int, route: str) -> None:
    """Play a route: names of acts, `:n` the throw of the dice, `+n` days that pass."""
    for step in route.split():
        if step.startswith("+"):
            await player.days_pass(int(step))
            continue
        name, _, dice = step.partition(":")
        outcome = await player.act(name, project, organization=1, dice=int(dice or 0))
        assert outcome == "done", f"{step}: {outcome}"


@pytest.mark.parametrize("end", ROUTES)
async def test_every_branch_keeps_every_promise(player: Player, end: str) -> None:
    await walk(player, 1, ROUTES[end])
    assert await player.state(1) == end
