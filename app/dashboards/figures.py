"""The figures, one small class each (DOMAIN §8). A figure is a numerator over a denominator, and the list behind it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Select, exists, func, literal, select

from app.contracts.models import Contract, ContractState, Milestone, Payment, PaymentKind
from app.dashboards.schemas import FigureView, Unit
from app.dashboards.scope import Scope
from app.kernel import clock
from app.negotiations.models import Award, Intent, Talk, TalkState
from app.projects.models import Project, ProjectState

REVIEWED = (ProjectState.RETURNED, ProjectState.REJECTED)
SIGNED_STATES = (
    ContractState.ACTIVE,
    ContractState.IN_DELIVERY,
    ContractState.SUSPENDED,
    ContractState.FINAL_EVALUATION,
    ContractState.ACCEPTED,
    ContractState.FAILED,
    ContractState.SETTLED,
    ContractState.CLOSED,
    ContractState.TERMINATED,
)
LEAST_PUBLIC_COUNT = 5


class Figure(ABC):
    """One number on a dashboard. `query` selects (numerator, denominator); a denominator of None makes a plain number."""

    slug: ClassVar[str]
    zh: ClassVar[str]
    en: ClassVar[str]
    unit: ClassVar[Unit] = "count"
    list_path: ClassVar[str] = "/api/v1/projects"
    persons: ClassVar[bool] = False

    @abstractmethod
    def query(self, scope: Scope) -> Select[Any, Any]:
        """Select one row: numerator, denominator."""

    def view(self, scope: Scope, numerator: Any, denominator: Any) -> FigureView:
        """The figure as shown: a percentage for rates, yuan for money; suppressed where it counts fewer than 5 persons."""
        top = Decimal(numerator) if numerator is not None else None
        value = top
        if denominator is not None:
            value = None if not denominator or top is None else top / Decimal(denominator)
            if value is not None and self.unit == "percent":
                value = (value * 100).quantize(Decimal("0.1"))
            elif value is not None:
                value = value.quantize(Decimal("0.1"))
        if self.unit == "yuan" and value is not None:
            value = (value / 100).quantize(Decimal("0.01"))
        hidden = (
            self.persons and not scope.reads_small_counts and top is not None and 0 < top < LEAST_PUBLIC_COUNT
        )
        return FigureView(
            slug=self.slug,
            title_zh=self.zh,
            title_en=self.en,
            unit=self.unit,
            value=None if hidden else value,
            numerator=None if hidden or denominator is None else top,
            denominator=None if denominator is None else int(denominator),
            suppressed=hidden,
            href=f"{self.list_path}?{scope.query}",
        )


def published() -> Any:
    """Projects that ever were public."""
    return func.count().filter(Project.published_at.is_not(None))


class Projects(Figure):
    slug, zh, en = "projects", "项目数", "projects"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return scope.counting(func.count(), literal(None))


class Published(Figure):
    slug, zh, en = "published", "已发布项目数", "published projects"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return scope.counting(published(), literal(None))


class AdmissionRate(Figure):
    slug, zh, en, unit = "admission_rate", "准入率", "admission rate", "percent"

    def query(self, scope: Scope) -> Select[Any, Any]:
        admitted = func.count().filter(
            (Project.published_at.is_not(None)) | (Project.state == ProjectState.APPROVED)
        )
        return scope.counting(admitted, admitted + func.count().filter(Project.state.in_(REVIEWED)))


class IntentRate(Figure):
    slug, zh, en, unit = "intent_rate", "意向率", "projects with interest", "percent"

    def query(self, scope: Scope) -> Select[Any, Any]:
        wanted = exists().where(Intent.project_id == Project.id).correlate(Project)
        return scope.counting(func.count().filter(wanted), published())


class IntentsPerProject(Figure):
    slug, zh, en, unit = (
        "intents_per_project",
        "意向强度（每个项目的意向数）",
        "intents per published project",
        "index",
    )

    def query(self, scope: Scope) -> Select[Any, Any]:
        intents = select(func.count()).where(Intent.project_id.in_(scope.project_ids())).scalar_subquery()
        return scope.counting(intents, published())


class MatchmakingRate(Figure):
    slug, zh, en, unit = "matchmaking_rate", "对接率", "projects that talked", "percent"

    def query(self, scope: Scope) -> Select[Any, Any]:
        talked = (
            exists().where(Intent.project_id == Project.id, Intent.talked_at.is_not(None)).correlate(Project)
        )
        return scope.counting(func.count().filter(talked), published())


class SigningRate(Figure):
    slug, zh, en, unit = "signing_rate", "签约率", "projects contracted", "percent"

    def query(self, scope: Scope) -> Select[Any, Any]:
        signed = (
            exists()
            .where(Contract.project_id == Project.id, Contract.signed_at.is_not(None))
            .correlate(Project)
        )
        return scope.counting(func.count().filter(signed), published())


class UnsuccessfulRate(Figure):
    slug, zh, en, unit = "unsuccessful_rate", "流标率", "unsuccessful in their round", "percent"

    def query(self, scope: Scope) -> Select[Any, Any]:
        failed = func.count().filter(Project.state == ProjectState.UNSUCCESSFUL) + func.coalesce(
            func.sum(Project.round - 1), 0
        )
        contracted = func.count().filter(
            exists()
            .where(Contract.project_id == Project.id, Contract.signed_at.is_not(None))
            .correlate(Project)
        )
        return scope.counting(failed, failed + contracted)


class OfferedMoney(Figure):
    slug, zh, en, unit = "offered", "出资金额", "money offered", "yuan"

    def query(self, scope: Scope) -> Select[Any, Any]:
        offered = func.sum(Project.budget_fen).filter(Project.published_at.is_not(None))
        return scope.counting(func.coalesce(offered, 0), literal(None))


class NegotiatedMoney(Figure):
    """The newest confirmed offer of each talked intent's best talk per project: under negotiation, not committed."""

    slug, zh, en, unit = "negotiated", "洽谈金额", "money under negotiation", "yuan"
    list_path = "/api/v1/intents"

    def query(self, scope: Scope) -> Select[Any, Any]:
        best = (
            select(func.max(Talk.offered_fen).label("offer"))
            .select_from(Talk)
            .join(Intent, Intent.id == Talk.intent_id)
            .where(Intent.project_id.in_(scope.project_ids()), Talk.state == TalkState.CONFIRMED)
            .group_by(Intent.project_id)
            .subquery()
        )
        return select(func.coalesce(func.sum(best.c.offer), 0), literal(None))


class ContractedMoney(Figure):
    slug, zh, en, unit = "contracted", "合同金额", "money contracted", "yuan"
    list_path = "/api/v1/contracts"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return _contracts(scope, func.coalesce(func.sum(Contract.amount_fen), 0), literal(None))


class PaidMoney(Figure):
    slug, zh, en, unit = "paid", "已支付金额", "money paid", "yuan"
    list_path = "/api/v1/contracts"

    def query(self, scope: Scope) -> Select[Any, Any]:
        net = Contract.paid_fen - Contract.refunded_fen
        return _contracts(scope, func.coalesce(func.sum(net), 0), literal(None))


class ExecutionRate(Figure):
    slug, zh, en, unit = "execution_rate", "资金执行率", "budget execution rate", "percent"
    list_path = "/api/v1/contracts"

    def query(self, scope: Scope) -> Select[Any, Any]:
        net = func.sum(Contract.paid_fen - Contract.refunded_fen)
        return _contracts(scope, func.coalesce(net, 0), func.coalesce(func.sum(Contract.amount_fen), 0))


class TalkMinutes(Figure):
    slug, zh, en, unit = "talk_minutes", "平均洽谈时长", "mean minutes of a talk", "minutes"
    list_path = "/api/v1/intents"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return (
            select(func.coalesce(func.sum(Talk.duration_minutes), 0), func.count())
            .select_from(Talk)
            .join(Intent, Intent.id == Talk.intent_id)
            .where(Intent.project_id.in_(scope.project_ids()), Talk.duration_minutes.is_not(None))
        )


class Awards(Figure):
    slug, zh, en = "awards", "成交公示及以后的项目数", "awards in notice or later"
    list_path = "/api/v1/awards"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return select(func.count(), literal(None)).where(
            Award.project_id.in_(scope.project_ids()),
            Award.notice_from.is_not(None),
            Award.state != "cancelled",
        )


class MilestonesOnTime(Figure):
    slug, zh, en, unit = "milestones_on_time", "按期率", "milestones met by their day", "percent"
    list_path = "/api/v1/contracts"

    def query(self, scope: Scope) -> Select[Any, Any]:
        in_time = func.count().filter(Milestone.met_on <= Milestone.due_on)
        return (
            select(in_time, func.count())
            .select_from(Milestone)
            .join(Contract, Contract.id == Milestone.contract_id)
            .where(Contract.project_id.in_(scope.project_ids()))
            .where((Milestone.due_on <= clock.today()) | (Milestone.met_on.is_not(None)))
        )


class ClosedProjects(Figure):
    slug, zh, en = "closed", "已结项项目数", "projects closed"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return scope.counting(func.count().filter(Project.state == ProjectState.CLOSED), literal(None))


class SupplierConcentration(Figure):
    """Herfindahl index of contract money over suppliers, 0–10,000; above 2,500 is concentrated."""

    slug, zh, en, unit = "supplier_hhi", "机构集中度（HHI）", "supplier concentration (HHI)", "index"
    list_path = "/api/v1/contracts"

    def query(self, scope: Scope) -> Select[Any, Any]:
        shares = (
            _contracts(scope, func.sum(Contract.amount_fen).label("fen"))
            .group_by(Contract.supplier_id)
            .subquery()
        )
        squares = func.sum(shares.c.fen * shares.c.fen)
        total = func.sum(shares.c.fen)
        return select(func.round(10_000 * squares / func.nullif(total * total, 0)), literal(None))


class RefundedMoney(Figure):
    slug, zh, en, unit = "refunded", "退回金额", "money paid back", "yuan"
    list_path = "/api/v1/contracts"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return (
            select(func.coalesce(func.sum(Payment.amount_fen), 0), literal(None))
            .select_from(Payment)
            .join(Contract, Contract.id == Payment.contract_id)
            .where(Contract.project_id.in_(scope.project_ids()), Payment.kind == PaymentKind.REFUND)
        )


def _contracts(scope: Scope, *columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(Contract)
        .where(Contract.project_id.in_(scope.project_ids()), Contract.state.in_(SIGNED_STATES))
    )


FIGURES: Sequence[Figure] = (
    Projects(),
    Published(),
    AdmissionRate(),
    IntentRate(),
    IntentsPerProject(),
    MatchmakingRate(),
    Awards(),
    SigningRate(),
    UnsuccessfulRate(),
    OfferedMoney(),
    NegotiatedMoney(),
    ContractedMoney(),
    PaidMoney(),
    RefundedMoney(),
    ExecutionRate(),
    TalkMinutes(),
    MilestonesOnTime(),
    ClosedProjects(),
    SupplierConcentration(),
)
