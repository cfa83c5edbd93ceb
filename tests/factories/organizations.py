"""Organizations for tests; every body and every credit code is invented."""

import itertools
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, Rating, RegistrationType, TargetGroup
from app.kernel.actor import machine
from app.kernel.money import FEN
from app.organizations import service
from app.organizations.models import Organization
from app.organizations.schemas import OrganizationDraft

_numbers = itertools.count(1)

_WORDS = ("暮云", "晴川", "青禾", "邻里桥", "同心圆", "木棉", "澄心", "安澜")


def organization_draft(**changes: Any) -> OrganizationDraft:
    """A registered agency of 玄武区 that cares for the elderly, with three places."""
    number = next(_numbers)
    facts: dict[str, Any] = {
        "name": f"南京市玄武区{_WORDS[number % len(_WORDS)]}{number}号养老服务中心",
        "registration_type": RegistrationType.SOCIAL_SERVICE_AGENCY,
        "district": "玄武区",
        "street": "锁金村街道",
        "rating": Rating.A4,
        "rating_valid_until": "2030-12-31",
        "annual_inspection": {2025: "passed"},
        "sw_assistant": 4,
        "sw_middle": 2,
        "business_scope": "居家养老服务；日间照料；失能失智老人照护者培训。",
        "capability": "运营两个日间照料中心，自编失智照护者课程十二讲。",
        "categories": [Category.ELDERLY_CARE],
        "target_groups": [TargetGroup.DISABLED_ELDERLY, TargetGroup.FAMILY_CAREGIVERS],
        "service_areas": ["玄武区", "鼓楼区"],
        "contact_name": "程岚",
        "contact_phone": "13800000001",
        "capacity_max": 3,
    }
    return OrganizationDraft.model_validate(facts | changes, by_name=True, context=FEN)


async def make_organization(session: AsyncSession, **changes: Any) -> Organization:
    return await service.create(session, machine("test"), organization_draft(**changes))
