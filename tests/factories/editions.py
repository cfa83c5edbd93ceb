"""Editions for tests."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service
from app.editions.models import Edition
from app.editions.schemas import EditionDraft
from app.kernel import clock
from app.kernel.actor import machine


def edition_draft(code: str = "2026", **changes: Any) -> EditionDraft:
    """An edition whose call opened a month ago and stays open for five; its fair is in two months."""
    today: date = clock.today()
    facts: dict[str, Any] = {
        "code": code,
        "name": f"南京市 {code} 年社区服务项目洽谈会",
        "ordinal": int(code[:4]) - 2013,
        "call_opens_on": today - timedelta(days=30),
        "call_closes_on": today + timedelta(days=150),
        "fair_opens_on": today + timedelta(days=60),
        "fair_closes_on": today + timedelta(days=61),
    }
    return EditionDraft(**(facts | changes))


async def make_edition(session: AsyncSession, code: str = "2026", **changes: Any) -> Edition:
    return await service.create(session, machine("test"), edition_draft(code, **changes))
