"""What every installation has from the start: the facts of the trade that ship with the program."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.catalogue import service as catalogue


async def seed(session: AsyncSession) -> None:
    """Write what is missing of the shipped facts; harmless when all is there."""
    await areas.seed(session)
    await catalogue.seed(session)
