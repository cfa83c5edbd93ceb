"""Planning the fair's days, setting up its halls, and who comes."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.editions.schemas import EditionDraft
from app.fairs import service
from app.fairs.schemas import FairDraft
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import machine
from app.parties import service as parties
from app.parties.models import Party, PartyKind
from app.parties.schemas import PartyDraft
from tests.conftest import Http


@pytest.fixture
async def edition(session: AsyncSession) -> str:
    today = clock.today()
    draft = EditionDraft(
        code="2099",
        name="测试届",
        ordinal=99,
        call_opens_on=today,
        call_closes_on=today + timedelta(days=30),
        fair_opens_on=today,
        fair_closes_on=today + timedelta(days=1),
    )
    return (await editions.create(session, machine("test"), draft)).code


@pytest.fixture
async def party(session: AsyncSession) -> Party:
    draft = PartyDraft(
        kind=PartyKind.BUYER, name="南京市玄武区锁金村街道办事处", area_path="3201/320102/320102007"
    )
    return (await parties.ensure_many(session, machine("test"), [draft]))[0]


def planned(edition: str) -> dict[str, str]:
    today = clock.today()
    return {
        "edition": edition,
        "name": "第九届社洽会",
        "venue": "南京国际展览中心",
        "opens_on": today.isoformat(),
        "closes_on": (today + timedelta(days=1)).isoformat(),
    }


async def test_a_fair_is_planned_set_up_opened_and_people_come(
    http: Http, edition: str, party: Party
) -> None:
    bureau, operator = await http(Role.CITY_BUREAU, area="3201"), await http(Role.FAIR_OPERATOR, area="3201")
    made = await bureau.post("/api/v1/fairs", json=planned(edition))
    assert made.status_code == 201, made.text
    fair = f"/api/v1/fairs/{made.json()['number']}"
    booths = [{"zone": "negotiation", "label": f"C-{n:02d}"} for n in range(1, 4)]
    booths[0]["party_id"] = str(party.id)
    assert (await operator.post(f"{fair}/booths", json={"booths": booths})).status_code == 201
    early = await operator.post(f"{fair}/check-ins", json={"party_id": str(party.id)})
    assert (early.status_code, early.json()["code"]) == (409, "fair_not_held")
    opened = await operator.post(f"{fair}/transitions", json={"event": "open"})
    assert opened.json()["state"] == "open"
    for _ in range(2):
        assert (await operator.post(f"{fair}/check-ins", json={"party_id": str(party.id)})).status_code == 201
    seen = (await (await http()).get(fair)).json()
    assert (seen["booths"], seen["checked_in_today"], seen["listed_projects"]) == (3, 1, 0)


async def test_a_party_has_one_booth_and_a_label_one_booth_and_nothing_half_is_kept(
    http: Http, edition: str, party: Party
) -> None:
    bureau = await http(Role.CITY_BUREAU, area="3201")
    fair = f"/api/v1/fairs/{(await bureau.post('/api/v1/fairs', json=planned(edition))).json()['id']}"
    twice = [{"zone": "negotiation", "label": label, "party_id": str(party.id)} for label in ("A-1", "A-2")]
    refused = await bureau.post(f"{fair}/booths", json={"booths": twice})
    assert (refused.status_code, refused.json()["code"]) == (409, "booth_taken")
    assert (await bureau.get(f"{fair}/booths")).json()["items"] == []


async def test_who_does_not_run_the_fair_changes_nothing_of_it(http: Http, edition: str) -> None:
    bureau = await http(Role.CITY_BUREAU, area="3201")
    made = (await bureau.post("/api/v1/fairs", json=planned(edition))).json()
    street = await http(Role.STREET, area="3201/320102/320102007")
    assert (await street.post("/api/v1/fairs", json=planned(edition))).status_code == 403
    fair = f"/api/v1/fairs/{made['id']}"
    assert (await street.post(f"{fair}/listings", json={"all_published": True})).status_code == 403
    assert (await street.post(f"{fair}/transitions", json={"event": "open"})).status_code == 403
    operator = await http(Role.FAIR_OPERATOR, area="3201/320106")
    assert (await operator.post(f"{fair}/transitions", json={"event": "open"})).status_code == 403


async def test_a_cancelled_fair_is_over(session: AsyncSession, http: Http, edition: str) -> None:
    bureau = await http(Role.CITY_BUREAU, area="3201")
    fair = f"/api/v1/fairs/{(await bureau.post('/api/v1/fairs', json=planned(edition))).json()['id']}"
    unexplained = await bureau.post(f"{fair}/transitions", json={"event": "cancel"})
    assert unexplained.json()["code"] == "note_required"
    await bureau.post(f"{fair}/transitions", json={"event": "cancel", "note": "场馆停电"})
    late = await bureau.post(f"{fair}/booths", json={"booths": [{"zone": "activities", "label": "E-1"}]})
    assert (late.status_code, late.json()["code"]) == (409, "fair_over")


async def test_a_fair_does_not_close_before_it_opens(http: Http, edition: str) -> None:
    bureau = await http(Role.CITY_BUREAU, area="3201")
    wrong = planned(edition) | {"closes_on": "2020-01-01"}
    refused = await bureau.post("/api/v1/fairs", json=wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "fair_days")
    assert FairDraft.model_validate(planned(edition))
    assert service.LIFECYCLE.final == {"closed", "cancelled"}
