"""Lists sent in for tests, past the HTTP door."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.imports import service
from app.imports.models import Import
from app.imports.schemas import Said
from app.kernel.actor import Actor


async def send_list(
    session: AsyncSession, sender: Actor, content: bytes, file_name: str = "名单.csv"
) -> tuple[Import, bool]:
    """Upload a list of projects of 2026; the import, and whether it is new."""
    return await service.upload(
        session,
        sender,
        kind="projects",
        edition="2026",
        file_name=file_name,
        content=content,
        said=Said(),
    )
