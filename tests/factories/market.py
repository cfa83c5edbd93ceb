"""Projects on the market, as far as negotiations and matches need them; every place and text is invented."""

import itertools
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, FundingSource, TargetGroup
from app.editions.models import Edition
from app.funding.models import FundingLine
from app.kernel.actor import machine
from app.kernel.money import FEN
from app.projects import service
from app.projects.models import Project
from app.projects.schemas import ProjectDraft
from tests.factories.editions import make_edition
from tests.factories.funding import make_line, make_source, source_draft

BUDGET = 3_000_000
_numbers = itertools.count(1)
_WORK = (
    "为失能失智老人的家庭照护者开办照护课堂，每月四次，配套上门指导",
    "组织低龄老人与高龄独居老人结对，每周两次探访并记录身心状况",
    "在日间照料点开设认知训练小组，配备专业社工与康复师",
    "为出院返家的老人做居家环境评估，加装扶手并教会照护者使用",
)
CLERK = machine("test")


def project_draft(**changes: Any) -> ProjectDraft:
    """A project of 锁金村街道 for the elderly, ¥30,000."""
    number = next(_numbers)
    facts: dict[str, Any] = {
        "title": f"锁金村街道照护者支持项目第{number}号",
        "description": f"{_WORK[number % len(_WORK)]}；服务覆盖第 {number} 网格的 {20 + number} 户家庭。",
        "category": Category.ELDERLY_CARE,
        "target_groups": [TargetGroup.DISABLED_ELDERLY, TargetGroup.FAMILY_CAREGIVERS],
        "district": "玄武区",
        "street": "锁金村街道",
        "buyer": "南京市玄武区锁金村街道办事处",
        "budget_fen": BUDGET,
        "funding_parts": [{"source": FundingSource.CITY_FISCAL, "amount_fen": BUDGET}],
        "period_months": 10,
        "contact_name": "顾宁",
        "contact_phone": "13800000002",
        "outputs": [{"indicator": "照护课堂", "target": 40, "unit": "event"}],
    }
    return ProjectDraft.model_validate(facts | changes, by_name=True, by_alias=False, context=FEN)


async def make_published(session: AsyncSession, **changes: Any) -> Project:
    return (await make_market(session, 1, **changes))[0]


async def make_market(session: AsyncSession, count: int, **changes: Any) -> list[Project]:
    """Projects on offer, with an edition and a funding line where there is none yet."""
    if not await session.scalar(select(func.count()).select_from(Edition)):
        await make_edition(session)
    if not await session.scalar(select(func.count()).select_from(FundingLine)):
        source = await make_source(session, source_draft(90_000_000))
        await make_line(session, 80_000_000, source=source)
    projects = await service.create_many(session, CLERK, [project_draft(**changes) for _ in range(count)])
    reason = {"not_duplicate": "不同网格"}
    for event, data in (("submit", {}), ("start_review", {}), ("approve", reason), ("publish", {})):
        for project in projects:
            await service.transition(session, CLERK, project, event, "同意", data)
    return projects
