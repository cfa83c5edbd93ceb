"""Parties for tests; every body and every credit code is invented."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.actor import machine
from app.parties import service
from app.parties.models import Party, PartyKind
from app.parties.schemas import PartyDraft
from tests.factories.actors import SUOJINCUN


def party_draft(
    name: str = "南京市玄武区锁金村街道办事处",
    kind: PartyKind = PartyKind.BUYER,
    *,
    uscc: str | None = None,
    area_path: str = SUOJINCUN,
) -> PartyDraft:
    return PartyDraft(kind=kind, name=name, uscc=uscc, area_path=area_path)


async def make_party(
    session: AsyncSession,
    name: str = "南京市玄武区锁金村街道办事处",
    kind: PartyKind = PartyKind.BUYER,
    *,
    uscc: str | None = None,
    area_path: str = SUOJINCUN,
) -> Party:
    draft = party_draft(name, kind, uscc=uscc, area_path=area_path)
    return (await service.ensure_many(session, machine("test"), [draft]))[0]
