"""Figures of what came of it: evaluations, satisfaction, people served, capacity, new organizations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, func, literal, or_, select

from app.catalogue.codes import Category, EvaluationPhase, FundingSource, Grade
from app.contracts.models import Contract, ServiceLog
from app.dashboards.figures import FIGURES, Figure
from app.dashboards.scope import Scope
from app.evaluations.models import Evaluation, EvaluationState
from app.funding.models import Allocation, FundingLine, YearSource
from app.kernel import clock
from app.organizations.models import HOLDING, Engagement, Organization
from app.projects.models import Project

LEAST_REPLIES = 30
NEW_YEARS = 2


class MidtermPassRate(Figure):
    slug, zh, en, unit = "midterm_pass_rate", "中期评估通过率", "mid-term evaluations passed", "percent"
    list_path = "/api/v1/evaluations"

    def query(self, scope: Scope) -> Select[Any, Any]:
        passed = func.count().filter(Evaluation.grade != Grade.FAIL)
        return _results(scope, passed, func.count(), phase=EvaluationPhase.MIDTERM)


class GoodRate(Figure):
    slug, zh, en, unit = "good_rate", "优良率", "final grades excellent or good", "percent"
    list_path = "/api/v1/evaluations"

    def query(self, scope: Scope) -> Select[Any, Any]:
        good = func.count().filter(Evaluation.grade.in_((Grade.EXCELLENT, Grade.GOOD)))
        return _results(scope, good, func.count())


class MeanScore(Figure):
    slug, zh, en, unit = "mean_score", "末期评估平均分", "mean final score", "points"
    list_path = "/api/v1/evaluations"

    def query(self, scope: Scope) -> Select[Any, Any]:
        return _results(scope, func.coalesce(func.sum(Evaluation.total), 0), func.count())


class Satisfaction(Figure):
    """Σ(index × n) ÷ Σn over contracts whose survey counts (n ≥ 30, or ≥ 20 % of the persons served)."""

    slug, zh, en, unit = "satisfaction", "居民满意度", "residents' satisfaction", "index"
    list_path = "/api/v1/evaluations"

    def query(self, scope: Scope) -> Select[Any, Any]:
        counts = or_(
            Evaluation.satisfaction_n >= LEAST_REPLIES,
            and_(Evaluation.persons > 0, Evaluation.satisfaction_n * 5 >= Evaluation.persons),
        )
        weighed = func.sum(Evaluation.satisfaction_index * Evaluation.satisfaction_n).filter(counts)
        replies = func.sum(Evaluation.satisfaction_n).filter(counts)
        return _results(scope, func.coalesce(weighed, 0), func.coalesce(replies, 0))


class PersonsServed(Figure):
    slug, zh, en = "persons", "服务人数", "persons served"
    list_path = "/api/v1/contracts"
    persons = True

    def query(self, scope: Scope) -> Select[Any, Any]:
        return _served(scope, func.coalesce(func.sum(ServiceLog.persons), 0))


class Contacts(Figure):
    slug, zh, en = "contacts", "服务人次", "service contacts"
    list_path = "/api/v1/contracts"
    persons = True

    def query(self, scope: Scope) -> Select[Any, Any]:
        return _served(scope, func.coalesce(func.sum(ServiceLog.contacts), 0))


class CapacityInUse(Figure):
    """Places taken or reserved ÷ places, over the organizations that may take work in the area."""

    slug, zh, en, unit = "capacity_in_use", "机构容量使用率", "places of organizations in use", "percent"
    list_path = "/api/v1/organizations"

    def query(self, scope: Scope) -> Select[Any, Any]:
        live = Engagement.state.in_(HOLDING)
        inside = Organization.area_path.startswith(scope.area_path) if scope.area_path else literal(True)
        taken = (
            select(func.count())
            .select_from(Engagement)
            .join(Organization, Organization.id == Engagement.organization_id)
            .where(live, inside)
            .scalar_subquery()
        )
        return select(taken, func.coalesce(func.sum(Organization.capacity_max), 0)).where(inside)


class NewOrganizations(Figure):
    """Share of contracts with organizations founded less than two years ago."""

    slug, zh, en, unit = (
        "new_organizations",
        "新组织签约占比",
        "contracts with organizations under two years old",
        "percent",
    )
    list_path = "/api/v1/contracts"

    def query(self, scope: Scope) -> Select[Any, Any]:
        today = clock.today()
        youngest = today.replace(year=today.year - NEW_YEARS, day=min(today.day, 28))
        new = func.count().filter(Organization.established_on >= youngest)
        return (
            select(new, func.count())
            .select_from(Contract)
            .join(Organization, Organization.id == Contract.supplier_id)
            .where(Contract.project_id.in_(scope.project_ids()), Contract.signed_at.is_not(None))
        )


class LotteryForElders(Figure):
    """Of the lottery money allocated to projects, how much goes to elderly care (at least half of a source must)."""

    slug, zh, en, unit = (
        "lottery_elderly_share",
        "福彩公益金用于养老占比",
        "lottery money for elderly care",
        "percent",
    )

    def query(self, scope: Scope) -> Select[Any, Any]:
        total = func.sum(Allocation.amount_fen)
        elderly = total.filter(Project.category == Category.ELDERLY_CARE)
        return (
            select(func.coalesce(elderly, 0), func.coalesce(total, 0))
            .select_from(Allocation)
            .join(FundingLine, FundingLine.id == Allocation.line_id)
            .join(YearSource, YearSource.id == FundingLine.source_id)
            .join(Project, Project.id == Allocation.project_id)
            .where(YearSource.source == FundingSource.LOTTERY_FUND, scope.where())
        )


def _results(scope: Scope, *columns: Any, phase: EvaluationPhase = EvaluationPhase.FINAL) -> Any:
    # Confirmed results only: nothing that could still be changed, and nothing while scores are blind.
    return (
        select(*columns)
        .select_from(Evaluation)
        .where(
            Evaluation.project_id.in_(scope.project_ids()),
            Evaluation.phase == phase,
            Evaluation.state == EvaluationState.CONFIRMED,
        )
    )


def _served(scope: Scope, column: Any) -> Any:
    return (
        select(column, literal(None))
        .select_from(ServiceLog)
        .join(Contract, Contract.id == ServiceLog.contract_id)
        .where(Contract.project_id.in_(scope.project_ids()), ServiceLog.stands())
    )


ALL: Sequence[Figure] = (
    *FIGURES,
    MidtermPassRate(),
    GoodRate(),
    MeanScore(),
    Satisfaction(),
    PersonsServed(),
    Contacts(),
    CapacityInUse(),
    NewOrganizations(),
    LotteryForElders(),
)
"""Every figure, in the order of the dashboard."""
