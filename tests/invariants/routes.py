"""Ways through the life of a project: acts of the script in order, one way to each end and around each bend.

`name@n` is an act with the n-th organization, `name:n` with this throw of the dice, `+n` lets days pass.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ADMITTED = "submit start_review approve publish"
PROPOSED = f"{ADMITTED} express accept record_talk confirm_talk shortlist state_no_conflict propose"
NOTICED = f"{PROPOSED} publish_notice"
AWARDED = f"{NOTICED} confirmer_states_no_conflict +10 confirm_award"
SIGNED = f"{AWARDED} draw_up:4 supplier_signs buyer_signs"
STARTED = f"{SIGNED} pay_1 start"
SCORED = "take_on evaluator_scores buyer_scores supervisor_scores close_scoring"
SCORED_LOW = "take_on evaluator_scores_low buyer_scores_low supervisor_scores_low close_scoring"
MIDTERM = f"assign_midterm {SCORED} accept_result confirm_result"
DELIVERED = f"{STARTED} {MIDTERM} pay_2 log_services:3 log_services:1 void_service report_milestone judge_milestone close_out assign_final"
UPHELD = "challenge@2 take_challenge uphold_challenge"
QUARRELLED = (
    f"{ADMITTED} express@0 {PROPOSED.removeprefix(ADMITTED)} publish_notice challenge@2 withdraw_challenge@2"
)
"""An award in its notice against which a challenge was brought and taken back."""
HEARD = "issue_tokens reply:9 reply:13"
AT_THE_FAIR = "take_seat promise move_meeting:1 excuse:3 plan_day"
GIVEN = (
    "call_volunteers:1 record_hours verify_hours record_hours:1330 adjust_time:2 verify_hours record_hours:52 spend_time"
    " spend_time:2 offer_donation:3 offer_donation receive_donation use_donation use_donation:1"
)
"""Hours that fill an account to its cap on one long day and partly leave it again, and hours that wait; two donations, one used."""
ROUTES = {
    "closed": f"{DELIVERED} {HEARD} {SCORED} accept_result confirm_result pay_3 settle close",
    "approved": "split submit start_review approve",
    "withdrawn": f"{NOTICED} withdraw_with_award +1",
    "rejected": "submit start_review reject",
    "published": f"{ADMITTED} express accept take_seat:3 +70 hold_meeting declare_unsuccessful relist amend_project:1",
    "unsuccessful": f"{ADMITTED} express accept {AT_THE_FAIR} declare_unsuccessful +1",
    "negotiating": f"{ADMITTED} express@0 {PROPOSED.removeprefix(ADMITTED)} publish_notice {UPHELD} cancel_award",
    "award_proposed": f"{AWARDED} cancel_award {PROPOSED.removeprefix(ADMITTED)}",
    "contracted": f"{SIGNED} suspend resume",
    "suspended": f"{STARTED} suspend resume suspend",
    "terminated": f"{STARTED} {GIVEN} amend_contract:0 agree_amendment suspend terminate:2",
    "failed": f"{DELIVERED} {HEARD} {SCORED_LOW} appeal dismiss confirm_result",
    "settled": f"{DELIVERED} {HEARD} {SCORED_LOW} accept_result confirm_result settle:2",
    "accepted": f"{DELIVERED} {HEARD} {SCORED_LOW} appeal uphold confirm_result",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a route: an act, or days that pass (then `name` is empty)."""

    name: str
    days: int = 0
    organization: int | None = None
    dice: int = 0


def steps(route: str) -> Iterator[Step]:
    """The steps of a route as written."""
    for word in route.split():
        if word.startswith("+"):
            yield Step("", days=int(word))
            continue
        found = re.fullmatch(r"(\w+?)(?:@(\d))?(?::(\d+))?", word)
        assert found is not None, word
        name, organization, dice = found.groups()
        yield Step(name, 0, int(organization) if organization else None, int(dice or 0))
