"""Projects for tests; every place is real, every community, body and text is invented."""

import itertools
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, FundingSource, OutputUnit, TargetGroup
from app.kernel.actor import Actor, machine
from app.kernel.money import FEN
from app.projects import service
from app.projects.models import Project
from app.projects.schemas import FundingPart, Output, ProjectDraft

_numbers = itertools.count(1)

BUDGET_FEN = 3_000_000


def part(amount_fen: int = BUDGET_FEN, source: FundingSource = FundingSource.STREET_FISCAL) -> FundingPart:
    facts = {"source": source, "amount_fen": amount_fen}
    return FundingPart.model_validate(facts, by_name=True, context=FEN)


def bare_draft(**changes: Any) -> ProjectDraft:
    """What a draft needs and no more: a title and a buyer."""
    facts: dict[str, Any] = {"title": "助浴入户", "buyer": "南京市玄武区锁金村街道办事处"}
    return ProjectDraft.model_validate(facts | changes, by_name=True, context=FEN)


def project_draft(**changes: Any) -> ProjectDraft:
    """A project that may be submitted as it is: 30,000 yuan of the street's own money, for one community of 锁金村街道."""
    number = next(_numbers)
    facts: dict[str, Any] = {
        "title": f"失智老人家庭照护者喘息支持项目{number}号",
        "description": "摸排疑似失智老人家庭，提供每周一次日间喘息照料、照护技能培训和照护者互助小组。",
        "category": Category.ELDERLY_CARE,
        "target_groups": [TargetGroup.DISABLED_ELDERLY, TargetGroup.FAMILY_CAREGIVERS],
        "district": "玄武区",
        "street": "锁金村街道",
        "community": f"银杏里{number}社区",
        "buyer": "南京市玄武区锁金村街道办事处",
        "procuring_entity": f"银杏里{number}社区居民委员会",
        "contact_name": "程岚",
        "contact_phone": "13800000001",
        "budget_fen": BUDGET_FEN,
        "funding_parts": [part().model_dump()],
        "period_months": 10,
        "outputs": [Output(indicator="喘息照料", target=400, unit=OutputUnit.CONTACT).model_dump()],
        "beneficiaries_planned": 46,
    }
    return ProjectDraft.model_validate(facts | changes, by_name=True, context=FEN)


async def make_project(session: AsyncSession, actor: Actor | None = None, **changes: Any) -> Project:
    return await service.create(session, actor or machine("test"), project_draft(**changes))
