"""Parties: named once, found again by code or name, however often lists repeat them."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.actor import machine
from app.kernel.errors import Malformed, NotNow, NotYou
from app.kernel.journal import JournalEntry
from app.parties import service
from app.parties.models import Party, PartyKind
from app.parties.schemas import PartyChange
from tests.factories.actors import GULOU, SUOJINCUN, XUANWU, district, street
from tests.factories.parties import make_party, party_draft
from tests.factories.statements import counting

CODE, OTHER_CODE = "52320100XX99000010", "52320100XX9900002W"
IMPORT = machine("import")


async def test_a_list_names_the_same_bodies_again_and_nothing_is_doubled(session: AsyncSession) -> None:
    drafts = [
        party_draft(),
        party_draft("玄武区 锁金村街道办事处"),
        party_draft("锁金村街道办事处（本级）"),
        party_draft(kind=PartyKind.FUNDER),
    ]
    first = await service.ensure_many(session, IMPORT, drafts)
    assert first[0].id == first[1].id and len({party.id for party in first}) == 3
    again = await service.ensure_many(session, IMPORT, drafts[::-1])
    assert [party.id for party in again] == [party.id for party in first][::-1]
    entries = await session.scalar(
        select(func.count()).select_from(JournalEntry).where(JournalEntry.event == "named")
    )
    assert entries == 3


async def test_a_renamed_organization_is_known_by_its_credit_code(session: AsyncSession) -> None:
    old = await make_party(session, "银杏里社工服务社", PartyKind.ORGANIZATION, uscc=CODE)
    new = await make_party(session, "银杏里社会工作服务中心", PartyKind.ORGANIZATION, uscc=CODE)
    assert new.id == old.id and new.name == "银杏里社工服务社"


async def test_one_name_with_two_credit_codes_is_for_a_person_to_settle(session: AsyncSession) -> None:
    await make_party(session, "银杏里社工服务社", PartyKind.ORGANIZATION, uscc=CODE)
    with pytest.raises(NotNow) as refused:
        await make_party(session, "银杏里社工服务社", PartyKind.ORGANIZATION, uscc=OTHER_CODE)
    assert refused.value.code == "party_name_taken"


async def test_committees_of_one_name_in_two_streets_are_two_parties(session: AsyncSession) -> None:
    here = await make_party(session, "和平社区居委会", PartyKind.COMMITTEE, area_path=f"{SUOJINCUN}/a")
    there = await make_party(
        session, "和平社区居委会", PartyKind.COMMITTEE, area_path=f"{XUANWU}/320102002/b"
    )
    assert here.id != there.id
    assert await service.named(session, PartyKind.COMMITTEE, "和平社区居委会") is None


async def test_a_thousand_parties_cost_as_many_statements_as_one(session: AsyncSession) -> None:
    counts = []
    for many in (1, 1000):
        with counting() as counted:
            drafts = [party_draft(f"第{n}号街道办事处 {many}") for n in range(many)]
            await service.ensure_many(session, IMPORT, drafts)
        counts.append(len(counted))
    assert counts == [4, 4]


async def test_an_empty_name_is_refused_with_nothing_written(session: AsyncSession) -> None:
    with pytest.raises(Malformed):
        await service.ensure_many(session, IMPORT, [party_draft(), party_draft("（　）")])
    assert await session.scalar(select(func.count()).select_from(Party)) == 0


async def test_a_new_name_keeps_the_old_one_and_both_are_found(session: AsyncSession) -> None:
    party = await make_party(session, "银杏里社工服务社", PartyKind.ORGANIZATION)
    await service.change(session, district(), party, PartyChange(name="青梧桐社会工作服务中心"))
    assert party.former_names == ["银杏里社工服务社"]
    for word in ("银杏", "梧桐"):
        assert await session.scalar(select(Party.id).where(Party.found_by(word))) == party.id


async def test_nobody_takes_the_name_of_another(session: AsyncSession) -> None:
    party = await make_party(session, "银杏里社工服务社", PartyKind.ORGANIZATION)
    other = await make_party(session, "青梧桐社工服务社", PartyKind.ORGANIZATION)
    with pytest.raises(NotNow):
        await service.change(session, district(), other, PartyChange(name=party.name))


async def test_a_street_names_its_own_buyers_and_no_organizations(session: AsyncSession) -> None:
    await service.create(session, street(), party_draft())
    with pytest.raises(NotYou):
        await service.create(session, street(), party_draft(area_path=GULOU))
    with pytest.raises(NotYou):
        await service.create(session, street(), party_draft(kind=PartyKind.ORGANIZATION))
