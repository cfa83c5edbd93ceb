"""Needs and surveys for tests; every place and wish is invented."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, NeedDimension, SurveyChannel, TargetGroup
from app.kernel.actor import machine
from app.needs import service
from app.needs.models import Need
from app.needs.schemas import CellDraft, NeedDraft, SurveyDraft
from tests.factories.actors import SUOJINCUN


def need_draft(title: str = "夜间没人照看独居老人", **changes: Any) -> NeedDraft:
    facts: dict[str, Any] = {
        "title": title,
        "description": "几位高龄老人夜里无人陪伴，摔倒后第二天才被发现，希望有人定时问候。",
        "category": Category.ELDERLY_CARE,
        "target_groups": [TargetGroup.ELDERLY_LIVING_ALONE],
        "area_path": SUOJINCUN,
    }
    return NeedDraft(**(facts | changes))


async def make_need(session: AsyncSession, title: str = "夜间没人照看独居老人", **changes: Any) -> Need:
    return await service.create(session, machine("test"), need_draft(title, **changes))


def survey_draft(**changes: Any) -> SurveyDraft:
    facts: dict[str, Any] = {
        "title": "锁金村街道2026年居民需求调查",
        "area_path": SUOJINCUN,
        "conducted_on": date(2026, 3, 10),
        "channel": SurveyChannel.VISIT,
        "respondents": 400,
        "cells": [
            CellDraft(
                target_group=TargetGroup.ELDERLY_LIVING_ALONE,
                dimension=NeedDimension.DAILY_CARE,
                asked=120,
                wanting=66,
            ),
            CellDraft(
                target_group=TargetGroup.LOW_INCOME_FAMILIES,
                dimension=NeedDimension.HEALTH_CARE,
                asked=30,
                wanting=3,
            ),
        ],
    }
    return SurveyDraft(**(facts | changes))
