"""Year sources and funding lines for tests. Amounts are in yuan."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, FundingSource
from app.funding import service
from app.funding.models import FundingLine, YearSource
from app.funding.schemas import LineDraft, SourceDraft
from app.kernel.actor import machine
from app.kernel.money import FEN
from tests.factories.actors import CITY

CLERK = machine("test")


def yuan(amount: float) -> int:
    return round(amount * 100)


def source_draft(
    amount: float = 1_000_000, source: FundingSource = FundingSource.CITY_FISCAL, **changes: Any
) -> SourceDraft:
    facts: dict[str, Any] = {
        "year": 2026,
        "source": source,
        "name": f"{source} 2026",
        "area_path": CITY,
        "amount_fen": yuan(amount),
    }
    return SourceDraft.model_validate(facts | changes, by_name=True, by_alias=False, context=FEN)


def lottery_draft(amount: float = 1_000_000, **changes: Any) -> SourceDraft:
    """Lottery money as the rule wants it: half for elderly care."""
    rule = {"earmark_categories": [Category.ELDERLY_CARE], "earmark_percent": 50}
    return source_draft(amount, FundingSource.LOTTERY_FUND, **(rule | changes))


async def make_source(session: AsyncSession, draft: SourceDraft | None = None) -> YearSource:
    return await service.open_source(session, CLERK, draft or source_draft())


def line_draft(source: YearSource, amount: float = 100_000, **changes: Any) -> LineDraft:
    facts: dict[str, Any] = {
        "source_id": source.id,
        "edition_code": "2026",
        "area_path": source.area_path,
        "name": f"{source.name} 社洽会专项",
        "amount_fen": yuan(amount),
    }
    return LineDraft.model_validate(facts | changes, by_name=True, by_alias=False, context=FEN)


async def make_line(
    session: AsyncSession, amount: float = 100_000, *, source: YearSource | None = None, **changes: Any
) -> FundingLine:
    """A line of a source; the edition 2026 must be there."""
    source = source or await make_source(session)
    return await service.open_line(session, CLERK, line_draft(source, amount, **changes))
