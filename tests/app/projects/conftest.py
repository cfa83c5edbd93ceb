"""The ground of project stories: an edition whose call is open, and lines with money."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import FundingSource
from app.editions.models import Edition
from app.funding.models import FundingLine
from tests.factories.actors import SUOJINCUN
from tests.factories.editions import make_edition
from tests.factories.funding import make_line, make_source, source_draft


@pytest.fixture
async def edition(session: AsyncSession) -> Edition:
    return await make_edition(session)


@pytest.fixture
async def line(session: AsyncSession, edition: Edition) -> FundingLine:
    """100,000 yuan of the street's own money for projects of 锁金村街道."""
    source = await make_source(session, source_draft(1_000_000, FundingSource.STREET_FISCAL))
    return await make_line(session, 100_000, source=source, area_path=SUOJINCUN)
