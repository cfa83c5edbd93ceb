"""When a challenge is heard, and what a decision has to say."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.complaints import rules
from app.complaints.models import Complaint
from app.complaints.rules import Facts
from app.editions.service import working_days_after
from app.kernel.actor import Actor
from app.kernel.lifecycle import Case

NOTICED = date(2026, 4, 30)


def codes(problems: Any) -> list[str]:
    return [problem.code for problem in problems]


def challenge(**changes: Any) -> list[str]:
    facts: dict[str, Any] = {
        "award_state": "notice",
        "notice_from": NOTICED,
        "last_day": working_days_after(NOTICED, 7),
        "today": NOTICED,
        "applied": True,
    }
    return codes(rules.challenge_holds(**facts | changes))


def test_the_may_holiday_does_not_eat_the_time_to_challenge() -> None:
    # 1–5 May are off and Saturday 9 May is worked: the seventh working day is Wednesday 13 May
    assert working_days_after(NOTICED, 7) == date(2026, 5, 13)
    assert challenge(today=date(2026, 5, 13)) == []
    assert challenge(today=date(2026, 5, 14)) == ["challenge_too_late"]


def test_an_award_is_challenged_in_notice_by_somebody_who_wanted_it() -> None:
    assert challenge() == []
    assert challenge(award_state="active") == ["award_not_in_notice"]
    assert challenge(applied=False) == ["not_an_applicant"]
    assert challenge(award_state="proposed", notice_from=None, last_day=None, applied=False) == [
        "award_not_in_notice",
        "not_an_applicant",
    ]


def case(complaint: Complaint, *, data: dict[str, Any] | None = None, meetings: int = 0) -> Case[Complaint]:
    return Case(complaint, Actor(uuid4(), "district"), data or {}, Facts(NOTICED, meetings))


@pytest.mark.parametrize(
    ("outcome", "fine"),
    [("upheld", True), ("partly_upheld", True), ("dismissed", True), ("agreed", False), (None, False)],
)
def test_a_decision_names_its_outcome(outcome: str | None, fine: bool) -> None:
    found = codes(rules.outcome_named(case(Complaint(), data={"outcome": outcome})))
    assert found == ([] if fine else ["outcome_missing"])


def test_a_challenge_is_decided_and_never_mediated_away() -> None:
    assert codes(rules.can_be_mediated(case(Complaint(kind="challenge")))) == ["challenge_is_decided"]
    assert codes(rules.can_be_mediated(case(Complaint(kind="complaint")))) == []


def test_an_agreement_follows_a_meeting_and_is_written_down() -> None:
    mediation = Complaint(kind="mediation")
    assert codes(rules.they_met(case(mediation))) == ["no_meeting"]
    assert codes(rules.agreement_written(case(mediation, data={"agreement": " "}))) == ["agreement_missing"]
    assert codes(rules.they_met(case(mediation, meetings=1))) == []
    assert codes(rules.agreement_written(case(mediation, data={"agreement": "六月底前补足服务"}))) == []


def test_an_appeal_is_made_once_and_in_time() -> None:
    late = Complaint(appeal_until=NOTICED - timedelta(1), appeal_grounds="before")
    assert codes(rules.appeal_in_time(case(late))) == ["appeal_too_late"]
    assert codes(rules.not_appealed_before(case(late))) == ["appealed_before"]
    assert codes(rules.appeal_in_time(case(Complaint(appeal_until=NOTICED)))) == []
