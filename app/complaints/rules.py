"""Rules of complaints. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.catalogue.codes import ComplaintKind
from app.complaints.models import Complaint, ComplaintOutcome
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case

OUTCOMES = (ComplaintOutcome.UPHELD, ComplaintOutcome.PARTLY_UPHELD, ComplaintOutcome.DISMISSED)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules compare."""

    today: date
    meetings: int = 0


def challenge_holds(
    *, award_state: str, notice_from: date | None, last_day: date | None, today: date, applied: bool
) -> list[Problem]:
    """A challenge is made by somebody who showed interest, against an award in notice, in time."""
    broken = []
    if award_state != "notice" or notice_from is None:
        broken.append(
            Problem(
                "award_not_in_notice",
                "只能对公示中的成交结果提出质疑。",
                "Only an award in its notice period can be challenged.",
                "/subject_id",
                {"state": award_state},
            )
        )
    if last_day is not None and today > last_day:
        broken.append(
            Problem(
                "challenge_too_late",
                f"质疑期限已于 {last_day} 届满。",
                f"The time to challenge ended on {last_day}.",
                "/subject_id",
                {"last_day": str(last_day)},
            )
        )
    if not applied:
        broken.append(
            Problem(
                "not_an_applicant",
                "质疑只能由对该项目表达过意向的机构提出；其他人可以投诉。",
                "Only an organization that showed interest in the project may challenge; others may complain.",
                "/kind",
            )
        )
    return broken


def outcome_named(case: Case[Complaint]) -> Iterable[Problem]:
    if case.data.get("outcome") not in OUTCOMES:
        yield Problem(
            "outcome_missing",
            f"须写明处理结果 data.outcome：{'、'.join(OUTCOMES)}。",
            f"Name the outcome in data.outcome: {', '.join(OUTCOMES)}.",
            "/data/outcome",
        )


def can_be_mediated(case: Case[Complaint]) -> Iterable[Problem]:
    if case.thing.kind == ComplaintKind.CHALLENGE:
        yield Problem(
            "challenge_is_decided", "质疑须作出答复，不适用调解。", "A challenge is decided, not mediated."
        )


def agreement_written(case: Case[Complaint]) -> Iterable[Problem]:
    if not str(case.data.get("agreement") or "").strip():
        yield Problem(
            "agreement_missing",
            "须写明调解协议（data.agreement）。",
            "Write the agreement in data.agreement.",
            "/data/agreement",
        )


def they_met(case: Case[Complaint]) -> Iterable[Problem]:
    if case.facts.meetings == 0:
        yield Problem("no_meeting", "尚无调解会议记录。", "No meeting of the mediation has been recorded.")


def appeal_in_time(case: Case[Complaint]) -> Iterable[Problem]:
    until = case.thing.appeal_until
    if until is not None and case.facts.today > until:
        yield Problem(
            "appeal_too_late",
            f"申诉期限已于 {until} 届满。",
            f"The time to appeal ended on {until}.",
            values={"appeal_until": str(until)},
        )


def not_appealed_before(case: Case[Complaint]) -> Iterable[Problem]:
    if case.thing.appeal_grounds is not None:
        yield Problem("appealed_before", "该结果已申诉过一次。", "This result has been appealed once.")
