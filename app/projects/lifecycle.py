"""The table of moves of a project (DOMAIN §5, amended by DESIGN §8.2).

Up to `published`, and `unsuccessful` and `withdrawn`, a project moves by requests of its own. Every later line belongs to
negotiations, contracts or evaluations: they call `service.mark_*` in the transaction of their own act.
"""

from uuid import UUID

from app.kernel import journal
from app.kernel.lifecycle import Lifecycle, Line, Rule, Who
from app.projects import admission_rules, facts, rules
from app.projects import permissions as may
from app.projects.models import Project
from app.projects.models import ProjectState as State


def audience(project: Project) -> journal.Audience:
    """Everybody once it is published; until then the officials of its area."""
    level = journal.PUBLIC if project.published_at else journal.OFFICIALS
    return audience_of(project.area_path, project.buyer_id, project.procuring_entity_id, level)


def audience_of(
    area_path: str, buyer: UUID, procuring_entity: UUID | None, level: str = journal.OFFICIALS
) -> journal.Audience:
    """Who may know of a project at this place with these payers."""
    return journal.Audience(area_path, tuple(party for party in (buyer, procuring_entity) if party), level)


def _own(
    source: State,
    event: str,
    target: State,
    who: Who,
    zh: str,
    en: str,
    *must: Rule,
    note: bool = False,
) -> Line:
    return Line(source, event, target, who, (rules.is_no_parent, *must), note_required=note, zh=zh, en=en)


def _owned(source: State, event: str, target: State, zh: str, en: str, *, note: bool = False) -> Line:
    return Line(source, event, target, may.nobody, note_required=note, zh=zh, en=en)


TO_SUBMIT = (rules.complete, rules.funding_adds_up, rules.period_told_once, rules.no_personal_data)
BEFORE_PUBLICATION = (State.DRAFT, State.RETURNED, State.SUBMITTED, State.UNDER_REVIEW, State.APPROVED)
BEFORE_AWARD = (
    *BEFORE_PUBLICATION,
    State.PUBLISHED,
    State.NEGOTIATING,
    State.UNSUCCESSFUL,
)
UNDER_AWARD = (State.AWARD_PROPOSED, State.AWARD_NOTICE)

_INTAKE = (
    _own(State.DRAFT, "submit", State.SUBMITTED, may.may_submit, "提交", "submit", *TO_SUBMIT),
    _own(State.RETURNED, "submit", State.SUBMITTED, may.may_submit, "重新提交", "submit again", *TO_SUBMIT),
    _own(State.SUBMITTED, "start_review", State.UNDER_REVIEW, may.may_review, "开始审核", "start the review"),
    _own(State.UNDER_REVIEW, "return", State.RETURNED, may.may_review, "退回修改", "return", note=True),
    _own(State.UNDER_REVIEW, "reject", State.REJECTED, may.may_review, "不予入库", "reject", note=True),
    _own(
        State.UNDER_REVIEW,
        "approve",
        State.APPROVED,
        may.may_review,
        "准予入库",
        "admit",
        *admission_rules.ADMISSION,
    ),
    _own(
        State.APPROVED,
        "publish",
        State.PUBLISHED,
        may.may_review,
        "发布",
        "publish",
        rules.funding_adds_up,
        rules.no_personal_data,
        admission_rules.money_is_proven,
        admission_rules.call_is_open,
    ),
    _own(State.APPROVED, "return", State.RETURNED, may.may_review, "撤回入库", "take back", note=True),
    *(
        _own(
            state,
            "refuse",
            State.REJECTED,
            may.may_refuse,
            "社区拒绝承接清单外事项",
            "refuse an off-list task",
            rules.is_off_list,
            note=True,
        )
        for state in BEFORE_PUBLICATION
    ),
)
_ROUND = (
    *(
        _own(
            state,
            "declare_unsuccessful",
            State.UNSUCCESSFUL,
            may.may_declare_unsuccessful,
            "流标",
            "unsuccessful",
            note=True,
        )
        for state in (State.PUBLISHED, State.NEGOTIATING)
    ),
    _own(
        State.UNSUCCESSFUL,
        "relist",
        State.PUBLISHED,
        may.may_review,
        "重新发布",
        "list again",
        rules.relist_left,
        admission_rules.money_is_proven,
        note=True,
    ),
    *(
        _own(state, "withdraw", State.WITHDRAWN, may.may_withdraw, "撤回", "withdraw", note=True)
        for state in BEFORE_AWARD
    ),
)
_LATER = (
    _owned(State.PUBLISHED, "open_talks", State.NEGOTIATING, "开始洽谈", "talks begin"),
    _owned(State.NEGOTIATING, "propose_award", State.AWARD_PROPOSED, "拟成交", "award proposed"),
    _owned(State.AWARD_PROPOSED, "give_notice", State.AWARD_NOTICE, "成交公示", "award noticed"),
    _owned(State.AWARD_NOTICE, "award", State.AWARDED, "成交", "awarded"),
    *(
        line
        for state in (State.AWARD_PROPOSED, State.AWARD_NOTICE, State.AWARDED)
        for line in (
            _owned(
                state, "reopen_talks", State.NEGOTIATING, "取消成交、继续洽谈", "award cancelled", note=True
            ),
            _owned(state, "offer_again", State.PUBLISHED, "取消成交、重新征集", "award cancelled", note=True),
        )
    ),
    *(
        _owned(
            state, "withdraw", State.WITHDRAWN, "连同拟成交结果一并撤回", "withdraw with its award", note=True
        )
        for state in UNDER_AWARD
    ),
    _owned(State.AWARDED, "contract", State.CONTRACTED, "签约", "contract signed"),
    _owned(State.CONTRACTED, "start_delivery", State.IN_DELIVERY, "开始实施", "delivery begins"),
    _owned(State.CONTRACTED, "suspend", State.SUSPENDED, "暂停", "suspend", note=True),
    _owned(State.IN_DELIVERY, "suspend", State.SUSPENDED, "暂停", "suspend", note=True),
    _owned(State.SUSPENDED, "resume", State.IN_DELIVERY, "恢复实施", "resume", note=True),
    _owned(State.SUSPENDED, "resume_before_start", State.CONTRACTED, "恢复", "resume", note=True),
    *(
        _owned(state, "terminate", State.TERMINATED, "终止", "terminate", note=True)
        for state in (State.CONTRACTED, State.IN_DELIVERY, State.SUSPENDED)
    ),
    _owned(State.IN_DELIVERY, "close_out", State.FINAL_EVALUATION, "末期评估", "final evaluation"),
    _owned(State.FINAL_EVALUATION, "accept", State.ACCEPTED, "验收通过", "accept"),
    _owned(State.FINAL_EVALUATION, "fail", State.FAILED, "验收不通过", "fail"),
    _owned(State.FAILED, "evaluate_again", State.FINAL_EVALUATION, "申诉成立、重新评估", "appeal upheld"),
    _owned(State.ACCEPTED, "settle", State.SETTLED, "结算", "settle"),
    _owned(State.FAILED, "settle", State.SETTLED, "结算", "settle"),
    _owned(State.SETTLED, "close", State.CLOSED, "归档", "close"),
)

LIFECYCLE: Lifecycle[Project] = Lifecycle(
    "project",
    {
        State.DRAFT: ("草稿", "draft"),
        State.SUBMITTED: ("已提交", "submitted"),
        State.UNDER_REVIEW: ("审核中", "under review"),
        State.RETURNED: ("已退回", "returned"),
        State.REJECTED: ("不予入库", "rejected"),
        State.APPROVED: ("已入库", "approved"),
        State.PUBLISHED: ("已发布", "published"),
        State.NEGOTIATING: ("洽谈中", "negotiating"),
        State.AWARD_PROPOSED: ("拟成交", "award proposed"),
        State.AWARD_NOTICE: ("成交公示", "award notice"),
        State.AWARDED: ("已成交", "awarded"),
        State.CONTRACTED: ("已签约", "contracted"),
        State.IN_DELIVERY: ("实施中", "in delivery"),
        State.SUSPENDED: ("已暂停", "suspended"),
        State.FINAL_EVALUATION: ("末期评估", "final evaluation"),
        State.ACCEPTED: ("验收通过", "accepted"),
        State.FAILED: ("验收不通过", "failed"),
        State.SETTLED: ("已结算", "settled"),
        State.CLOSED: ("已归档", "closed"),
        State.UNSUCCESSFUL: ("流标", "unsuccessful"),
        State.WITHDRAWN: ("已撤回", "withdrawn"),
        State.TERMINATED: ("已终止", "terminated"),
    },
    State.DRAFT,
    (*_INTAKE, *_ROUND, *_LATER),
    audience=audience,
    facts=facts.load,
)

_OWN_EVENTS = frozenset(line.event for line in (*_INTAKE, *_ROUND))


def is_owned(state: str, event: str) -> bool:
    """Whether a later domain brings the event about; a withdrawal only while an award is under way."""
    if event in _OWN_EVENTS:
        return event == "withdraw" and state in UNDER_AWARD
    return any(line.event == event for line in _LATER)


OWNERS = {
    State.PUBLISHED: "intents",
    State.NEGOTIATING: "intents",
    State.AWARD_PROPOSED: "awards",
    State.AWARD_NOTICE: "awards",
    State.AWARDED: "awards",
    State.CONTRACTED: "contracts",
    State.IN_DELIVERY: "contracts",
    State.SUSPENDED: "contracts",
    State.FINAL_EVALUATION: "evaluations",
    State.ACCEPTED: "contracts",
    State.FAILED: "contracts",
    State.SETTLED: "contracts",
}
"""The list that holds the thing which makes the next moves."""
