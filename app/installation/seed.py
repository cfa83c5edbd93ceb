"""What every installation has from the start: the facts of the trade that ship with the program."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas


async def seed(session: AsyncSession) -> None:
    """Write what is missing of the shipped facts; harmless when all is there."""
    await areas.seed(session)
