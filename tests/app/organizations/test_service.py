"""What organizations and bureaus do, on a real database."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import CreditStatus, RegistrationType
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import machine
from app.kernel.errors import Malformed, NotNow, NotYou
from app.kernel.ids import uuid7
from app.kernel.journal import JournalEntry
from app.organizations import service
from app.organizations.models import Engagement, Organization
from app.organizations.schemas import (
    CreditListing,
    CreditRemoval,
    EngagementDraft,
    OrganizationDraft,
    ProfileChange,
    RegisteredChange,
)
from matching import Organization as Ranked
from matching.model import Engagement as RankedEngagement
from matching.model import Record
from tests.factories import actors
from tests.factories.organizations import make_organization, organization_draft
from tests.factories.parties import make_party

SYSTEM = machine("test")


async def entries(session: AsyncSession, subject_id: UUID) -> list[JournalEntry]:
    # Its party has the same id and entries of its own.
    mine = (JournalEntry.subject_id == subject_id, JournalEntry.subject_kind == "organization")
    query = select(JournalEntry).where(*mine).order_by(JournalEntry.entry_id)
    return list(await session.scalars(query))


async def place_for(
    session: AsyncSession, organization: Organization, award_id: UUID | None = None
) -> Engagement:
    buyer = await make_party(session)
    return await service.reserve(
        session,
        SYSTEM,
        organization_id=organization.id,
        award_id=award_id or uuid7(),
        project_id=uuid7(),
        buyer_id=buyer.id,
        amount_fen=8_000_000,
        category="elderly_care",
        title="失智老人家庭照护者喘息支持项目",
        starts_on=clock.today(),
        ends_on=clock.today() + timedelta(days=360),
    )


async def test_a_bureau_enters_an_organization_with_its_standing(session: AsyncSession) -> None:
    draft = organization_draft(
        uscc="52320102XX9900013H",
        service_areas=["全市"],
        active_engagements=2,
        credit_events=[CreditListing(listed=CreditStatus.ABNORMAL_LIST, listed_on="2025-05-01")],
    )
    organization = await service.create(session, actors.district(), draft)
    [view] = await service.views(session, SYSTEM, [organization])
    assert view.number.startswith("ORG-")
    assert (view.district, view.area.name) == ("玄武区", "锁金村街道")
    assert [area.name for area in view.service_areas] == ["南京市"]
    assert view.certified_total == 6
    assert view.uscc_verified
    assert view.credit_status is CreditStatus.ABNORMAL_LIST
    assert view.active_engagements == 2


async def test_a_bureau_enters_nobody_outside_its_district(session: AsyncSession) -> None:
    with pytest.raises(NotYou):
        await service.create(session, actors.district(actors.GULOU), organization_draft())


async def test_a_street_files_groups_and_nothing_else(session: AsyncSession) -> None:
    group = organization_draft(name="锁金邻里缝补小组", registration_type=RegistrationType.FILED_GROUP)
    assert (await service.create(session, actors.street(), group)).state == "filed"
    with pytest.raises(NotYou):
        await service.create(session, actors.street(), organization_draft())


async def test_the_same_name_or_code_is_entered_once(session: AsyncSession) -> None:
    draft = organization_draft(name="南京市玄武区（暮云）养老服务中心", uscc="52320102XX9900013H")
    await service.create(session, SYSTEM, draft)
    for again in (
        organization_draft(name="玄武区(暮云)养老服务中心"),
        organization_draft(name="玄武区(暮云)养老服务中心", uscc="52320102XX9900013H"),
    ):
        with pytest.raises(NotNow) as refused:
            await service.create(session, SYSTEM, again)
        assert refused.value.code == "organization_exists"
    twice = [organization_draft(name="青禾社"), organization_draft(name="青禾社")]
    with pytest.raises(NotNow) as refused:
        await service.create_many(session, SYSTEM, twice)
    assert refused.value.problems[0].pointer == "/1/name"


async def test_a_place_nobody_knows_is_named_with_its_field(session: AsyncSession) -> None:
    with pytest.raises(Malformed) as refused:
        await service.create(session, SYSTEM, organization_draft(service_areas=["玄武区", "蓬莱区"]))
    assert refused.value.problems[0].pointer == "/service_areas/1"


async def test_one_by_one_or_all_at_once_gives_equal_rows_and_journal_entries(session: AsyncSession) -> None:
    def drafts(suffix: str) -> list[OrganizationDraft]:
        return [
            organization_draft(
                name=f"{word}服务社{suffix}",
                active_engagements=1,
                track_record=[{"title": "助浴入户服务", "year": 2025, "grade": "good"}],
            )
            for word in ("晴川", "木棉", "澄心")
        ]

    together = await service.create_many(session, SYSTEM, drafts("甲"))
    singly = [await service.create(session, SYSTEM, draft) for draft in drafts("乙")]
    for one, other in zip(together, singly, strict=True):
        left, right = _comparable(one), _comparable(other)
        assert left == right
        [entry], [twin] = await entries(session, one.id), await entries(session, other.id)
        assert (entry.event, entry.level, entry.area_path) == (twin.event, twin.level, twin.area_path)
    held = await session.scalar(
        select(func.count()).where(Engagement.organization_id.in_([o.id for o in (*together, *singly)]))
    )
    assert held == 6


def _comparable(organization: Organization) -> dict[str, object]:
    own = {"id", "number", "name", "normal_name", "search_grams", "created_at", "updated_at", "state_since"}
    columns = {column.key for column in Organization.__table__.columns} - own
    return {name: getattr(organization, name) for name in columns}


async def test_the_organization_edits_its_profile_and_not_its_standing(session: AsyncSession) -> None:
    organization = await make_organization(session)
    itself = actors.speaking_for(organization.id)
    await service.change_profile(session, itself, organization, ProfileChange(capability="新增夜间巡访。"))
    assert organization.capability == "新增夜间巡访。"
    assert organization.contact_phone == "13800000001", "what is not sent stays"
    with pytest.raises(NotYou):
        wanted = RegisteredChange(note="自评", rating="5A")
        await service.change_standing(session, itself, organization, wanted)
    with pytest.raises(NotYou):
        rival = actors.speaking_for(uuid7())
        await service.change_profile(session, rival, organization, ProfileChange(capability="空"))
    [_, changed] = await entries(session, organization.id)
    assert changed.change == {"fields": ["capability"]}, "contacts and texts stay out of the journal"


async def test_the_bureau_keeps_rating_inspection_and_capacity(session: AsyncSession) -> None:
    organization = await make_organization(session)
    wanted = RegisteredChange(note="2025 年度检查结论", annual_inspection={2024: "failed"}, capacity_max=1)
    await service.change_standing(session, actors.district(), organization, wanted)
    assert organization.annual_inspection == {"2025": "passed", "2024": "failed"}
    assert organization.capacity_max == 1


async def test_a_renamed_organization_is_found_by_its_old_name_too(session: AsyncSession) -> None:
    organization = await make_organization(session, name="玄武区暮云养老中心")
    wanted = RegisteredChange(note="名称变更核准", name="玄武区暮云长者服务中心")
    await service.change_standing(session, actors.district(), organization, wanted)
    assert organization.former_names == ["玄武区暮云养老中心"]
    found = await session.scalars(select(Organization.id).where(Organization.found_by("暮云养老中心")))
    assert found.all() == [organization.id]


async def test_a_listing_changes_the_status_at_once_and_its_repair_keeps_the_record(
    session: AsyncSession,
) -> None:
    organization = await make_organization(session)
    bureau, day = actors.district(), clock.today()
    draft = CreditListing(listed=CreditStatus.SERIOUS_ILLEGALITY_LIST, reason="伪造变更登记", listed_on=day)
    with pytest.raises(NotYou):
        await service.list_credit_event(session, actors.speaking_for(organization.id), organization, draft)
    event = await service.list_credit_event(session, bureau, organization, draft)
    assert await service.credit_status(session, organization.id) is CreditStatus.SERIOUS_ILLEGALITY_LIST
    with pytest.raises(NotNow) as refused:
        await service.list_credit_event(session, bureau, organization, draft)
    assert refused.value.code == "already_listed"
    removal = CreditRemoval(removed_on=day, reason="信用修复")
    await service.remove_credit_event(session, bureau, organization, event, removal)
    assert await service.credit_status(session, organization.id) is CreditStatus.NORMAL
    assert [kept.reason for kept in await service.credit_events(session, organization)] == ["伪造变更登记"]


async def test_an_award_reserves_a_place_and_the_end_of_the_work_gives_it_back(session: AsyncSession) -> None:
    organization = await make_organization(session, capacity_max=1)
    place = await place_for(session, organization)
    assert place.award_id
    with pytest.raises(NotNow) as refused:
        await place_for(session, organization)
    assert refused.value.code == "H_CAPACITY"
    await service.activate(session, SYSTEM, place.award_id, contract_id=uuid7())
    await service.report(
        session, SYSTEM, place.award_id, grade="good", satisfaction=91.5, contacts=420, amount_fen=None
    )
    await service.release(session, SYSTEM, place.award_id, reason="项目已结项")
    await service.release(session, SYSTEM, place.award_id, reason="again: harmless")
    await place_for(session, organization)
    [view] = await service.views(session, SYSTEM, [organization])
    [record] = view.track_record
    assert (record.source, record.grade, record.contacts, record.amount_fen) == (
        "contract",
        "good",
        420,
        8_000_000,
    )


async def test_declared_outside_work_takes_a_place_and_only_it_is_ended_by_hand(
    session: AsyncSession,
) -> None:
    organization = await make_organization(session, capacity_max=2)
    itself = actors.speaking_for(organization.id)
    work = await service.declare_work(session, itself, organization, EngagementDraft(title="外市助老项目"))
    place = await place_for(session, organization)
    with pytest.raises(NotNow):
        await place_for(session, organization)
    await service.end_work(session, itself, organization, work.id, None)
    await service.activate(session, SYSTEM, place.award_id or uuid7(), contract_id=uuid7())
    with pytest.raises(NotNow) as refused:
        await service.end_work(session, itself, organization, place.id, None)
    assert refused.value.code == "engagement_follows_contract"


async def test_a_filed_group_signs_through_its_sponsor_or_not_at_all(session: AsyncSession) -> None:
    agency = await make_organization(session)
    alone = await make_organization(
        session, name="缝补小组", registration_type=RegistrationType.FILED_GROUP, fiscal_sponsor_id=None
    )
    group = await make_organization(
        session, name="读书小组", registration_type=RegistrationType.FILED_GROUP, fiscal_sponsor_id=agency.id
    )
    assert (await service.signer(session, agency.id)).id == agency.id
    assert (await service.signer(session, group.id)).id == agency.id
    with pytest.raises(NotNow) as refused:
        await service.signer(session, alone.id)
    assert refused.value.code == "H_LEGAL"
    with pytest.raises(Malformed) as malformed:
        await make_organization(
            session,
            name="合唱小组",
            registration_type=RegistrationType.FILED_GROUP,
            fiscal_sponsor_id=group.id,
        )
    assert malformed.value.code == "sponsor_not_legal_person"


async def test_a_group_becomes_a_legal_person(session: AsyncSession) -> None:
    group = await make_organization(session, registration_type=RegistrationType.FILED_GROUP)
    bureau = actors.district()
    with pytest.raises(Malformed):
        await service.transition(session, bureau, group, "register", "准予登记", {})
    data = {"registration_type": "social_service_agency", "uscc": "52320102XX9900013H"}
    await service.transition(session, bureau, group, "register", "准予登记", data)
    assert (group.state, group.is_legal_person, group.uscc_verified) == ("registered", True, True)


async def test_an_organization_with_work_under_way_is_not_cancelled_but_may_be_revoked(
    session: AsyncSession,
) -> None:
    organization = await make_organization(session)
    await place_for(session, organization)
    with pytest.raises(NotNow) as refused:
        await service.transition(session, actors.district(), organization, "cancel", "自行申请", {})
    assert refused.value.code == "engagements_under_way"
    await service.transition(session, actors.district(), organization, "revoke", "连续两年未年检", {})
    [facts] = await service.for_matching(session, [organization.id])
    assert facts["credit_status"] == "revoked", "the gate H_CREDIT reads it"


async def test_the_ranker_reads_organizations_as_they_are(session: AsyncSession) -> None:
    organization = await make_organization(
        session,
        qualifications=[
            {"name": "养老护理员", "valid_until": "2030-01-01"},
            {"name": "食品经营许可", "valid_until": "2020-01-01"},
        ],
        track_record=[{"title": "助浴入户服务", "year": 2025, "grade": "excellent"}],
        active_engagements=1,
    )
    await place_for(session, organization)
    [facts] = await service.for_matching(session, [organization.id])
    assert facts["qualifications"] == ["养老护理员"], "an expired permit is none"
    assert facts["service_areas"] == ["玄武区", "鼓楼区"]
    assert (facts["district"], facts["street"]) == ("玄武区", "锁金村街道")
    assert facts["annual_inspection"] == {2025: "合格"}
    assert facts["active_engagements"] == 2
    assert facts["buyer_shares"] == {"南京市玄武区锁金村街道办事处": 1.0}
    assert facts["target_groups"][1] == "家庭照护者"
    only = {name for name in facts if name not in Ranked.__slots__}
    assert only == {"number", "uscc", "fiscal_sponsor_id"}
    records = tuple(Record(**record) for record in facts["track_record"])
    engagements = tuple(RankedEngagement(**engagement) for engagement in facts["engagements"])
    assert (records[0].grade, len(engagements)) == ("优秀", 2)


async def test_the_bureau_is_told_of_misprinted_codes_and_ratings_about_to_end(session: AsyncSession) -> None:
    await make_organization(
        session,
        uscc="52320102XX9900013J",
        rating_valid_until=clock.today() + timedelta(days=10),
    )
    await make_organization(session, uscc="52320102XX9900013H")
    kinds = [task.kind for task in await service.tasks(session, actors.district())]
    assert kinds == ["verify_uscc", "renew_rating"]
    assert await service.tasks(session, actors.district(actors.GULOU)) == []
    assert await service.tasks(session, actors.official(Role.RESIDENT, actors.XUANWU)) == []
