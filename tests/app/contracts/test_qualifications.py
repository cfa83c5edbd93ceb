"""A qualification that was asked lasts as long as the contract, or somebody has the duty to renew it in time."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import amending, drafting, rules, service
from app.contracts.schemas import AmendmentDraft, ContractChange
from app.kernel import clock
from app.kernel.errors import Malformed, NotNow, SheqiaError
from app.negotiations.models import Award
from app.organizations import service as organizations
from app.organizations.schemas import ProfileChange
from tests.factories import contracts as make
from tests.factories import negotiations as table
from tests.factories.market import make_published
from tests.factories.negotiations import Pair

PERMIT = "养老机构备案"
ENDS = date(2027, 3, 1)
SHORT = "qualification_ends_before_contract"


async def refused(act: Any, error: type[SheqiaError] = NotNow) -> list[str]:
    """The codes of every reason the act was refused for."""
    with pytest.raises(error) as caught:
        await act
    return [problem.code for problem in caught.value.problems]


def holding(*until: str | None) -> rules.Qualified:
    return rules.Qualified([PERMIT], [{"name": PERMIT, "valid_until": day} for day in until])


def duty(due_on: date, name: str = PERMIT) -> dict[str, Any]:
    return {"qualification": name, "due_on": due_on.isoformat(), "duty_of": "supplier"}


@pytest.mark.parametrize(
    ("held", "duties", "holds"),
    [
        (holding(None), [], True),
        (holding("2027-03-01"), [], True),
        (holding("2027-02-28"), [], False),
        (holding("2026-12-31", "2028-12-31"), [], True),
        (holding("2026-12-31"), [duty(date(2026, 12, 31))], True),
        (holding("2026-12-31"), [duty(date(2027, 1, 1))], False),
        (holding("2026-12-31"), [duty(date(2026, 11, 1), "食品经营许可")], False),
        (holding(), [], True),
    ],
)
def test_what_is_asked_lasts_to_the_end_or_is_renewed_before_it_ends(
    held: rules.Qualified, duties: list[dict[str, Any]], holds: bool
) -> None:
    found = [problem.code for problem in rules.qualifications_last(held, duties, ENDS)]
    assert found == ([] if holds else [SHORT])


def test_a_duty_is_done_when_what_it_renews_outlives_the_contract() -> None:
    duties = [duty(date(2026, 12, 31))]
    assert rules.duties_to_renew(duties, holding("2026-12-31").held, ENDS) == duties
    assert rules.duties_to_renew(duties, holding("2027-12-31").held, ENDS) == []


async def awarded(session: AsyncSession, days: int | None) -> tuple[Pair, Award]:
    """An award for a project that asks a permit, which the organization holds for so many days more (None: without end)."""
    project = await make_published(session, required_qualifications=[PERMIT])
    until = None if days is None else (clock.today() + timedelta(days=days)).isoformat()
    pair = await table.join(session, project, qualifications=[{"name": PERMIT, "valid_until": until}])
    return pair, await table.active(session, pair)


async def drawn_up(session: AsyncSession, days: int | None, **terms: Any) -> make.Deal:
    pair, award = await awarded(session, days)
    contract = await service.create(session, pair.street, make.contract_draft(award, **terms))
    return make.Deal(pair, award, contract)


def in_days(days: int) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


async def renew(session: AsyncSession, deal: make.Deal, until: str) -> None:
    wanted = ProfileChange.model_validate({"qualifications": [{"name": PERMIT, "valid_until": until}]})
    await organizations.change_profile(session, deal.supplier, deal.pair.organization, wanted)


async def test_a_permit_that_ends_too_soon_is_told_when_the_contract_is_drawn_up(
    session: AsyncSession,
) -> None:
    pair, award = await awarded(session, 120)
    short = service.create(session, pair.street, make.contract_draft(award))
    assert await refused(short, Malformed) == [SHORT]
    duties = [{"qualification": PERMIT, "due_on": in_days(90)}]
    contract = await service.create(session, pair.street, make.contract_draft(award, renewal_duties=duties))
    (view,) = await service.views(session, [contract])
    assert [(d.qualification, d.duty_of, str(d.due_on)) for d in view.renewal_duties] == [
        (PERMIT, "supplier", in_days(90))
    ]
    deal = make.Deal(pair, award, contract)
    await make.sign(session, deal)
    assert contract.state == "active"


async def test_the_duty_is_part_of_what_is_signed(session: AsyncSession) -> None:
    deal = await drawn_up(session, 120, renewal_duties=[{"qualification": PERMIT, "due_on": in_days(90)}])
    before = deal.contract.terms_sha256
    wanted = ContractChange.model_validate(
        {"renewal_duties": [{"qualification": PERMIT, "due_on": in_days(60)}]}
    )
    await drafting.change(session, deal.street, deal.contract, wanted)
    assert deal.contract.terms_sha256 != before
    none = ContractChange.model_validate({"renewal_duties": []})
    assert await refused(drafting.change(session, deal.street, deal.contract, none), Malformed) == [SHORT]


async def test_a_permit_cut_short_before_signing_stops_the_signature(session: AsyncSession) -> None:
    deal = await drawn_up(session, None)
    await renew(session, deal, in_days(30))
    assert await refused(make.sign(session, deal, deal.street)) == [SHORT]
    (sign, _) = await service.choices(session, deal.supplier, deal.contract)
    assert [problem.code for problem in sign.problems] == [SHORT]
    await renew(session, deal, in_days(900))
    await make.sign(session, deal)


async def test_a_later_end_asks_for_the_permit_again(session: AsyncSession) -> None:
    deal = await drawn_up(session, 340, ends_on=clock.today() + timedelta(days=320))
    await make.sign(session, deal)
    longer = {"ends_on": (deal.contract.ends_on + timedelta(days=25)).isoformat(), "reason": "服务顺延"}
    alone = amending.propose(session, deal.street, deal.contract, AmendmentDraft.model_validate(longer))
    assert await refused(alone, Malformed) == [SHORT]
    promised = longer | {"renewal_duties": [{"qualification": PERMIT, "due_on": in_days(300)}]}
    asked = await amending.propose(
        session, deal.street, deal.contract, AmendmentDraft.model_validate(promised)
    )
    assert asked.material
    await amending.transition(session, deal.supplier, deal.contract, asked, "agree", None)
    assert [d["qualification"] for d in deal.contract.renewal_duties] == [PERMIT]


async def test_whoever_has_the_duty_is_told_in_the_month_before_and_the_buyer_when_it_is_late(
    session: AsyncSession,
) -> None:
    deal = await drawn_up(session, 120, renewal_duties=[{"qualification": PERMIT, "due_on": in_days(90)}])
    await make.sign(session, deal)

    async def told(days: int) -> tuple[list[str], list[str]]:
        clock.settle(timedelta(days=20 + days))
        people = (deal.supplier, deal.street)
        tasks = [await service.tasks(session, person) for person in people]
        kinds = [[task.kind for task in some if task.kind.startswith("renew")] for some in tasks]
        return kinds[0], kinds[1]

    assert await told(0) == ([], [])
    assert await told(61) == (["renew_qualification"], [])
    assert await told(91) == (["renew_qualification"], ["renewal_overdue"])
    await renew(session, deal, in_days(900))
    assert await told(91) == ([], [])
