"""What people do in the life of a project, each as one act of the services; refused acts raise what the services raise."""

from datetime import date, timedelta
from typing import Any

from app.complaints import service as complaints
from app.contracts import amending, delivery, drafting, payments
from app.contracts import service as contracts
from app.contracts.models import Contract
from app.contracts.schemas import (
    AmendmentDraft,
    ContractChange,
    MilestoneJudgement,
    MilestoneReport,
    PaymentDraft,
    RefundDraft,
    ServiceVoidingDraft,
)
from app.evaluations import residents, scoring
from app.evaluations import service as evaluations
from app.evaluations.models import Evaluation
from app.evaluations.schemas import EvaluationDraft, ReplyDraft, SheetDraft, TokensDraft
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.money import FEN
from app.negotiations import awards, intents, talks
from app.negotiations import service as negotiations
from app.negotiations.models import Award, Intent
from app.negotiations.schemas import AwardDraft, ConflictDraft, IntentDraft, TalkDraft
from app.organizations import service as organizations
from app.organizations import standing
from app.organizations.schemas import CreditListing, CreditRemoval, RegisteredChange
from app.projects import service as projects
from app.projects.models import Project
from app.projects.schemas import LotDraft, ProjectChange
from tests.factories.complaints import complaint_draft, file
from tests.factories.contracts import service_draft
from tests.factories.evaluations import FINAL_POINTS, MIDTERM_POINTS
from tests.factories.market import BUDGET
from tests.factories.negotiations import OFFER
from tests.invariants.world import Act, Turn

REASONS = {"money": "money", "no_interest": "no_interest"}
SIDES = ("evaluator", "buyer", "supervisor")


def fen(schema: type[Any], **facts: Any) -> Any:
    return schema.model_validate(facts, by_name=True, by_alias=False, context=FEN)


# --- projects -------------------------------------------------------------------------------------------------------


async def _project(turn: Turn) -> Project:
    return await projects.get(turn.session, turn.actor, turn.project_id)


def project_event(event: str, **data: Any) -> Act:
    async def act(turn: Turn) -> None:
        project = await _project(turn)
        await projects.transition(turn.session, turn.actor, project, event, "说明理由", data)

    return act


async def split(turn: Turn) -> None:
    half = BUDGET // 2
    wanted = [
        fen(LotDraft, title=f"照护者支持第{number}包", budget_fen=(half, BUDGET - half)[number % 2])
        for number in range(2 + turn.throw(2))
    ]
    lots = await projects.split(turn.session, turn.actor, await _project(turn), wanted)
    turn.world.lots[turn.project_id] = lots[turn.throw(2)].id


async def amend_project(turn: Turn) -> None:
    wanted: dict[str, Any] = {"reason": "按居民意见调整"}
    budget = BUDGET + (turn.throw(3) - 1) * 200_000
    match turn.throw(4):
        case 0:
            wanted["title"] = f"照护者支持项目（调整{turn.throw(5)}）"
        case 1:
            wanted |= {
                "budget_fen": budget,
                "funding_parts": [{"source": "lottery_fund", "amount_fen": budget}],
            }
        case 2:
            wanted["min_rating"] = ("1A", "3A")[turn.throw(2)]
        case _:
            wanted["category"] = ("elderly_care", "disability_support", "youth_development")[turn.throw(3)]
    await projects.change(turn.session, turn.actor, await _project(turn), fen(ProjectChange, **wanted))


# --- at the table ---------------------------------------------------------------------------------------------------


async def express(turn: Turn) -> None:
    quoted = (OFFER, BUDGET, None)[turn.throw(3)]
    facts = {"project": str(turn.project_id), "message": "愿意承接，附服务方案。", "quoted_fen": quoted}
    if turn.actor.area_paths():
        facts["organization"] = str(turn.organization_id)
    await intents.express(turn.session, turn.actor, fen(IntentDraft, **facts))


async def _intent(turn: Turn) -> Intent:
    newest = await turn.one(
        "SELECT id FROM intents WHERE project_id = :project AND organization_id = :organization"
        " ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    return await intents.get(turn.session, turn.actor, newest)


def intent_event(event: str) -> Act:
    async def act(turn: Turn) -> None:
        data = (
            {"meets_at": clock.now() + timedelta(hours=1), "place": "3 号桌"} if event == "schedule" else {}
        )
        await intents.transition(turn.session, turn.actor, await _intent(turn), event, "说明理由", data)

    return act


async def record_talk(turn: Turn) -> None:
    held = clock.now() - timedelta(hours=1)
    draft = fen(TalkDraft, held_at=held, minutes="谈妥内容与频次", offered_fen=OFFER, result="agreed")
    await talks.record(turn.session, turn.actor, await _intent(turn), draft)


def talk_event(event: str) -> Act:
    async def act(turn: Turn) -> None:
        newest = await turn.one(
            "SELECT t.id FROM talks t JOIN intents i ON i.id = t.intent_id WHERE i.project_id = :project"
            " AND i.organization_id = :organization ORDER BY t.created_at DESC, t.id DESC LIMIT 1"
        )
        talk = await talks.talk(turn.session, turn.actor, newest)
        await talks.transition_talk(turn.session, turn.actor, talk, event, "说明理由")

    return act


def state_conflict(conflict: bool) -> Act:
    async def act(turn: Turn) -> None:
        facts: dict[str, Any] = {"conflict": conflict}
        if conflict:
            facts |= {"relation": "亲属在该机构任职", "organizations": [turn.organization_id]}
        draft = ConflictDraft.model_validate(facts)
        await awards.sign_statement(turn.session, turn.actor, await _project(turn), draft)

    return act


async def propose(turn: Turn) -> None:
    method = ("request_for_quotation", "direct_award", "claim")[turn.throw(3)]
    amount = (OFFER, BUDGET, BUDGET + 1)[turn.throw(3)]
    reason = "方案完整，本地服务经验丰富，可立即进场"
    draft = fen(
        AwardDraft, organization=str(turn.organization_id), amount_fen=amount, method=method, reason=reason
    )
    await negotiations.propose(turn.session, turn.actor, await _project(turn), draft)


async def _award(turn: Turn) -> Award:
    newest = await turn.one(
        "SELECT id FROM awards WHERE project_id = :project ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    return await awards.get(turn.session, turn.actor, newest)


def award_event(event: str, **data: Any) -> Act:
    async def act(turn: Turn) -> None:
        await awards.transition(turn.session, turn.actor, await _award(turn), event, "说明理由", data)

    return act


async def challenge(turn: Turn) -> None:
    award = await _award(turn)
    await file(turn.session, turn.actor, complaint_draft("challenge", "award", award.id, "buyer"))


def complaint_event(event: str, **data: Any) -> Act:
    async def act(turn: Turn) -> None:
        newest = await turn.one(
            "SELECT c.id FROM complaints c JOIN awards a ON a.id = c.subject_id WHERE a.project_id = :project"
            " ORDER BY c.received_at DESC LIMIT 1"
        )
        complaint = await complaints.get(turn.session, turn.actor, newest)
        await complaints.transition(turn.session, turn.actor, complaint, event, "说明理由", data)

    return act


# --- the contract ---------------------------------------------------------------------------------------------------


async def draw_up(turn: Turn) -> None:
    award = await _award(turn)
    amount = award.amount_fen - (0, 1, 100_001)[turn.throw(3)]
    drawn: dict[str, Any] = {"award_id": award.id, "amount_fen": amount, "persons_planned": 4}
    drawn["milestones"] = [{"title": "中期完成一半", "due_on": clock.today() + timedelta(days=60)}]
    if turn.throw(4) == 0:
        drawn["also_sign"] = ["supervisor"]
    draft = fen(contracts.ContractDraft, **drawn)
    await contracts.create(turn.session, turn.actor, draft)


async def _contract(turn: Turn) -> Contract:
    newest = await turn.one(
        "SELECT id FROM contracts WHERE project_id = :project ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    return await contracts.get(turn.session, turn.actor, newest)


def contract_event(event: str) -> Act:
    async def act(turn: Turn) -> None:
        contract = await _contract(turn)
        data: dict[str, Any] = {}
        if event in ("terminate", "settle"):
            spent = contract.paid_fen - contract.refunded_fen
            value = (None, spent, 0, contract.amount_fen, contract.amount_fen + 1)[turn.throw(5)]
            data = {"voucher": f"JS-{turn.throw(1000)}"}
            data |= {} if value is None else {"settlement_yuan": f"{value / 100:.2f}"}
        await contracts.transition(turn.session, turn.actor, contract, event, "说明理由", data)

    return act


async def change_draft(turn: Turn) -> None:
    change = fen(ContractChange, amount_fen=OFFER - turn.throw(3), penalty="按日万分之五")
    await drafting.change(turn.session, turn.actor, await _contract(turn), change)


def pay(seq: int) -> Act:
    async def act(turn: Turn) -> None:
        draft = PaymentDraft(tranche_seq=seq, voucher=f"ZF-{seq}-{turn.throw(2)}")
        await payments.pay(turn.session, turn.actor, await _contract(turn), draft)

    return act


async def refund(turn: Turn) -> None:
    draft = fen(
        RefundDraft, amount_fen=1 + turn.throw(3) * 700_000, voucher=f"TK-{turn.throw(50)}", reason="多付退回"
    )
    await payments.refund(turn.session, turn.actor, await _contract(turn), draft)


async def amend_contract(turn: Turn) -> None:
    contract = await _contract(turn)
    facts: dict[str, Any] = {"reason": "服务户数有变化"}
    match turn.throw(3):
        case 0:
            facts["amount_fen"] = contract.amount_fen + (turn.throw(5) - 3) * 150_000
        case 1:
            facts["penalty"] = f"按日万分之{1 + turn.throw(5)}"
        case _:
            facts["ends_on"] = contract.ends_on + timedelta(days=turn.throw(40) - 10)
    await amending.propose(turn.session, turn.actor, contract, fen(AmendmentDraft, **facts))


def amendment_event(event: str) -> Act:
    async def act(turn: Turn) -> None:
        contract = await _contract(turn)
        seq = await turn.one(
            "SELECT max(seq) FROM contract_amendments WHERE contract_id = :contract", contract=contract.id
        )
        amendment = await amending.get(turn.session, turn.actor, contract, seq)
        await amending.transition(turn.session, turn.actor, contract, amendment, event, "说明理由")

    return act


async def log_services(turn: Turn) -> None:
    entry = service_draft(persons=turn.throw(4), contacts=3 + turn.throw(9))
    await delivery.log_services(turn.session, turn.actor, await _contract(turn), [entry])


async def void_service(turn: Turn) -> None:
    contract = await _contract(turn)
    entry = await turn.one(
        "SELECT id FROM service_logs WHERE contract_id = :contract ORDER BY id DESC LIMIT 1",
        contract=contract.id,
    )
    draft = ServiceVoidingDraft(reason="日期填错，另行补记")
    await delivery.void_service(turn.session, turn.actor, contract, entry, draft)


async def report_milestone(turn: Turn) -> None:
    report = MilestoneReport(evidence=["签到表扫描件"])
    await delivery.report_milestone(turn.session, turn.actor, await _contract(turn), 1, report)


async def judge_milestone(turn: Turn) -> None:
    judgement = MilestoneJudgement.model_validate({"status": ("met", "not_met")[turn.throw(4) == 3]})
    await delivery.judge_milestone(turn.session, turn.actor, await _contract(turn), 1, judgement)


# --- evaluation -----------------------------------------------------------------------------------------------------


def assign(phase: str) -> Act:
    async def act(turn: Turn) -> None:
        contract = await _contract(turn)
        facts = {"contract_id": contract.id, "phase": phase, "evaluator_id": turn.world.evaluator_id}
        await evaluations.assign(turn.session, turn.actor, EvaluationDraft.model_validate(facts))

    return act


async def _evaluation(turn: Turn) -> Evaluation:
    newest = await turn.one(
        "SELECT id FROM evaluations WHERE project_id = :project ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    return await evaluations.get(turn.session, turn.actor, newest)


def evaluation_event(event: str, **data: Any) -> Act:
    async def act(turn: Turn) -> None:
        sent = data | ({"total": ("92", "40")[turn.throw(2)]} if event == "uphold" else {})
        await evaluations.transition(
            turn.session, turn.actor, await _evaluation(turn), event, "说明理由", sent
        )

    return act


def score(share: float) -> Act:
    async def act(turn: Turn) -> None:
        evaluation = await _evaluation(turn)
        points = FINAL_POINTS if evaluation.phase == "final" else MIDTERM_POINTS
        given = {code: f"{float(most) * share:.1f}" for code, most in points.items()}
        draft = SheetDraft.model_validate({"points": given})
        await scoring.score(turn.session, turn.actor, evaluation, draft)

    return act


async def issue_tokens(turn: Turn) -> None:
    contract = await _contract(turn)
    wanted = TokensDraft.model_validate({"contract_id": contract.id, "count": 3, "channel": "paper"})
    issued = await residents.issue(turn.session, turn.actor, wanted)
    turn.world.tokens.setdefault(turn.project_id, []).extend(issued.tokens)


async def reply(turn: Turn) -> None:
    tokens = turn.world.tokens.get(turn.project_id)
    if not tokens:
        raise NotFound()
    used = turn.throw(3)
    token = tokens[0] if used == 0 else tokens.pop()
    tokens.insert(0, token)
    await residents.reply(turn.session, ReplyDraft(token=token, overall=1 + turn.throw(5)))


# --- what happens to organizations ----------------------------------------------------------------------------------


async def list_organization(turn: Turn) -> None:
    found = await organizations.get(turn.session, turn.actor, turn.organization_id)
    listing = CreditListing.model_validate({"listed": "abnormal_list", "listed_on": clock.today()})
    await standing.list_credit_event(turn.session, turn.actor, found, listing)


async def clear_organization(turn: Turn) -> None:
    found = await organizations.get(turn.session, turn.actor, turn.organization_id)
    event_id = await turn.one(
        "SELECT id FROM credit_events WHERE organization_id = :organization AND removed_on IS NULL LIMIT 1"
    )
    event = await standing.credit_event(turn.session, found, event_id)
    removal = CreditRemoval(removed_on=clock.today(), reason="已补正")
    await standing.remove_credit_event(turn.session, turn.actor, found, event, removal)


async def change_standing(turn: Turn) -> None:
    found = await organizations.get(turn.session, turn.actor, turn.organization_id)
    facts: dict[str, Any] = {"note": "年度核定"}
    match turn.throw(4):
        case 0:
            facts["capacity_max"] = turn.throw(3)
        case 1:
            facts |= {"rating": ("2A", "4A")[turn.throw(2)], "rating_valid_until": date(2031, 12, 31)}
        case 2:
            facts["annual_inspection"] = {2026: ("passed", "failed")[turn.throw(2)]}
        case _:
            facts["capacity_max"] = 2
    await standing.change_standing(turn.session, turn.actor, found, RegisteredChange.model_validate(facts))
