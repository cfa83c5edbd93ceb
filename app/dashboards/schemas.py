"""Figures as a dashboard reads them: always with denominator, filters and `as_of`."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

Unit = Literal["count", "percent", "yuan", "minutes", "days", "points", "index"]


class FigureView(BaseModel):
    """One number. `value` is null where its denominator is zero; `suppressed` where publishing it could point at persons."""

    slug: str
    title_zh: str
    title_en: str
    unit: Unit
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: int | None = None
    suppressed: bool = False
    href: str


class Filters(BaseModel):
    """What the figures were counted over."""

    edition: str
    area_path: str | None = None
    category: str | None = None
    buyer_id: str | None = None
    delivery_route: str | None = None


class Dashboard(BaseModel):
    """All figures of one scope."""

    as_of: datetime
    filters: Filters
    figures: list[FigureView]
    states: dict[str, int]


class Bar(BaseModel):
    """One row of a breakdown."""

    key: str | None
    label_zh: str
    label_en: str
    figures: list[FigureView]


class Breakdown(BaseModel):
    """The same figures for each value of one dimension."""

    as_of: datetime
    filters: Filters
    by: str
    bars: list[Bar]
