"""Stories of contracts on a real database: drawn up, signed, paid, delivered, amended, ended."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import CreditStatus
from app.contracts import amending, delivery, drafting, payments, service
from app.contracts.models import Payment, Signature
from app.contracts.schemas import AmendmentDraft, ContractChange, PaymentDraft, RefundDraft
from app.funding import service as funding
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import PUBLIC
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, SheqiaError
from app.kernel.journal import JournalEntry
from app.kernel.money import FEN
from app.negotiations import awards
from app.organizations import service as organizations
from app.organizations.models import Engagement
from app.organizations.schemas import CreditListing
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories import negotiations as table
from tests.factories.market import make_published
from tests.factories.parties import make_party
from tests.factories.statements import counting

AMOUNT = table.OFFER


async def refused(act: Any, error: type[SheqiaError] = NotNow) -> list[str]:
    """The codes of every reason the act was refused for."""
    with pytest.raises(error) as caught:
        await act
    return [problem.code for problem in caught.value.problems]


async def test_a_contract_is_drawn_up_from_the_award_and_the_project(session: AsyncSession) -> None:
    deal = await make.make_drafted(session, outputs=None, scope=None, persons_planned=None)
    (view,) = await service.views(session, [deal.contract])
    assert view.number == f"{deal.pair.project.number}-HT1"
    assert view.state == "draft"
    assert view.amount_fen == AMOUNT
    assert view.scope == deal.pair.project.description
    assert [o["indicator"] for o in view.outputs] == ["照护课堂"]
    assert [(t.percent, t.amount_fen, str(t.trigger)) for t in view.tranches] == [
        (50, AMOUNT // 2, "signed"),
        (30, AMOUNT * 3 // 10, "midterm_passed"),
        (20, AMOUNT // 5, "final_passed"),
    ]
    assert view.supplier.id == deal.pair.organization.id
    assert view.buyer.name == "南京市玄武区锁金村街道办事处"
    assert view.sign_by == clock.today() + timedelta(days=30)
    assert view.midterm_due_on is not None and view.starts_on < view.midterm_due_on < view.ends_on


async def test_only_the_buyer_draws_it_up(session: AsyncSession) -> None:
    pair, award = await make.make_awarded(session)
    for other in (pair.supplier, pair.district, actors.street("3201/320106/320106001")):
        assert await refused(service.create(session, other, make.contract_draft(award)), NotYou)


async def test_every_broken_term_is_named_at_once(session: AsyncSession) -> None:
    pair, award = await make.make_awarded(session)
    draft = make.contract_draft(
        award,
        amount_fen=AMOUNT + 1,
        ends_on=clock.today() + timedelta(days=400),
        tranches=[{"percent": "50", "trigger": "signed"}, {"percent": "49.99", "trigger": "final_passed"}],
        also_sign=["procuring_entity"],
    )
    assert await refused(service.create(session, pair.street, draft), Malformed) == [
        "amount_above_award",
        "term_too_long",
        "tranches_not_100_percent",
        "side_not_named",
    ]


async def test_a_supplier_is_no_other_side_of_its_own_contract(session: AsyncSession) -> None:
    pair, award = await make.make_awarded(session)
    twin = await make_party(session, pair.organization.name, uscc=None)
    draft = make.contract_draft(award, supervising_authority_id=twin.id)
    assert await refused(service.create(session, pair.street, draft)) == ["supplier_is_another_side"]


async def test_a_project_has_one_contract(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    draft = make.contract_draft(deal.award)
    assert await refused(service.create(session, deal.street, draft)) == ["contract_exists"]
    await service.transition(session, deal.street, deal.contract, "discard", "条款有误，重拟", {})
    again = await service.create(session, deal.street, draft)
    assert again.number.endswith("-HT2")


async def test_a_paper_for_a_fallen_award_makes_way(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    await awards.transition(session, deal.district, deal.award, "cancel", "机构放弃", {"to": "negotiating"})
    assert await refused(service.transition(session, deal.supplier, deal.contract, "sign", None, {}))
    award = await awards.propose(
        session, deal.street, deal.pair.project, table.award_draft(deal.pair, method="direct_award")
    )
    award = await awards.publish_notice(session, deal.street, award)
    clock.settle(timedelta(days=40))
    award = await awards.confirm(session, deal.district, award)
    again = await service.create(session, deal.street, make.contract_draft(award))
    await session.refresh(deal.contract)
    assert (deal.contract.state, again.state) == ("void", "draft")


async def test_both_sign_and_everything_that_means_happens_at_once(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    await make.sign(session, deal, deal.supplier)
    assert deal.contract.state == "partly_signed"
    assert deal.pair.project.state == "awarded"
    await make.sign(session, deal, deal.street)
    for thing in (deal.pair.project, deal.award):
        await session.refresh(thing)
    assert deal.contract.state == "active"
    assert deal.pair.project.state == "contracted"
    assert deal.award.state == "contracted"
    engagement = await session.scalar(select(Engagement).where(Engagement.award_id == deal.award.id))
    assert engagement is not None
    assert (engagement.state, engagement.contract_id) == ("active", deal.contract.id)
    assert (await funding.standing(session, deal.pair.project.id)).contracted_fen == AMOUNT
    prints = set(await session.scalars(select(Signature.terms_sha256)))
    assert len(prints) == 1
    (view,) = await service.views(session, [deal.contract])
    assert [s.side for s in view.signatures] == ["supplier", "buyer"]


async def test_four_sides_sign_when_four_are_asked(session: AsyncSession) -> None:
    pair, award = await make.make_awarded(session)
    bureau = await make_party(session, "南京市玄武区民政局", area_path=actors.XUANWU)
    draft = make.contract_draft(award, supervising_authority_id=bureau.id, also_sign=["supervisor"])
    deal = make.Deal(pair, award, await service.create(session, pair.street, draft))
    await make.sign(session, deal, deal.street, deal.supplier)
    assert deal.contract.state == "partly_signed"
    choices = await service.choices(session, deal.district, deal.contract)
    assert [(c.event, c.allowed) for c in choices] == [("conclude", True)]
    await make.sign(session, deal, deal.district)
    assert deal.contract.state == "active"


async def test_nobody_signs_twice_or_for_another(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    await make.sign(session, deal, deal.street)
    for person in (deal.street, deal.district, actors.speaking_for(uuid4())):
        assert await refused(service.transition(session, person, deal.contract, "sign", None, {}), NotYou)


async def test_an_organization_listed_since_the_award_does_not_sign(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    listing = CreditListing(
        listed=CreditStatus.SERIOUS_ILLEGALITY_LIST, reason="伪造变更登记", listed_on=clock.today()
    )
    await organizations.list_credit_event(session, actors.district(), deal.pair.organization, listing)
    codes = await refused(service.transition(session, deal.supplier, deal.contract, "sign", None, {}))
    assert codes == ["H_CREDIT"]


async def test_after_thirty_days_it_is_too_late_to_sign(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    clock.settle(timedelta(days=51))
    assert await refused(service.transition(session, deal.supplier, deal.contract, "sign", None, {})) == [
        "signing_overdue"
    ]


async def test_a_signed_paper_is_reopened_before_it_changes(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    await make.sign(session, deal, deal.supplier)
    wanted = ContractChange.model_validate({"amount_fen": AMOUNT - 100}, by_name=True, context=FEN)
    assert await refused(drafting.change(session, deal.street, deal.contract, wanted)) == ["signed_already"]
    await service.transition(session, deal.street, deal.contract, "reopen", "金额有误", {})
    await drafting.change(session, deal.street, deal.contract, wanted)
    assert deal.contract.signed_sides == []
    (view,) = await service.views(session, [deal.contract])
    assert view.signatures == []
    assert sum(t.amount_fen for t in view.tranches) == AMOUNT - 100
    assert view.scope.startswith("每月四次")


async def test_drafts_are_between_the_sides_and_signed_contracts_are_public(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)
    rival = actors.speaking_for(uuid4())
    for stranger in (PUBLIC, rival, actors.street("3201/320106/320106001")):
        assert await refused(service.get(session, stranger, deal.contract.id), NotFound)
    assert await service.get(session, deal.supplier, deal.contract.number)
    await make.sign(session, deal)
    assert (await service.get(session, PUBLIC, deal.contract.number)).id == deal.contract.id
    assert await refused(payments.views(session, rival, deal.contract), NotYou)
    levels = await session.execute(
        select(JournalEntry.event, JournalEntry.level).where(JournalEntry.subject_id == deal.contract.id)
    )
    assert dict(tuple(row) for row in levels) == {
        "drafted": "parties",
        "sign": "parties",
        "conclude": "public",
    }


async def test_money_follows_its_triggers_and_the_ledger_knows(session: AsyncSession) -> None:
    deal = await make.make_signed(session)
    pay = PaymentDraft(tranche_seq=1, voucher="ZF-1")
    for stranger in (deal.supplier, deal.district):
        assert await refused(payments.pay(session, stranger, deal.contract, pay), NotYou)
    assert await refused(service.transition(session, deal.street, deal.contract, "start", None, {})) == [
        "first_tranche_unpaid"
    ]
    await payments.pay(session, deal.street, deal.contract, pay)
    assert await refused(payments.pay(session, deal.street, deal.contract, pay)) == ["tranche_paid"]
    second = PaymentDraft(tranche_seq=2, voucher="ZF-2")
    assert await refused(payments.pay(session, deal.street, deal.contract, second)) == ["trigger_not_reached"]
    standing = await funding.standing(session, deal.pair.project.id)
    assert (standing.paid_fen, deal.contract.paid_fen) == (AMOUNT // 2, AMOUNT // 2)
    await service.transition(session, deal.street, deal.contract, "start", None, {})
    await session.refresh(deal.pair.project)
    assert deal.pair.project.state == "in_delivery"


async def test_one_voucher_pays_once(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    await service.mark_midterm(session, deal.street, deal.contract.id, True)
    again = PaymentDraft(tranche_seq=2, voucher="ZF-1")
    assert await refused(payments.pay(session, deal.street, deal.contract, again)) == ["already_posted"]


async def test_a_failed_mid_term_stops_the_money_until_it_is_mended(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    await service.mark_midterm(session, deal.street, deal.contract.id, False)
    assert deal.contract.rectify_due_on == clock.today() + timedelta(days=30)
    second = PaymentDraft(tranche_seq=2, voucher="ZF-2")
    assert "payment_stopped" in await refused(payments.pay(session, deal.street, deal.contract, second))
    await service.mark_midterm(session, deal.street, deal.contract.id, True)
    assert deal.contract.payment_stopped is None
    await payments.pay(session, deal.street, deal.contract, second)
    assert deal.contract.paid_fen == AMOUNT * 8 // 10


async def test_a_late_mid_term_stops_the_money_once(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    assert await service.tick(session) == 0
    clock.settle(timedelta(days=220))
    assert await service.tick(session) == 1
    assert await service.tick(session) == 0
    await session.refresh(deal.contract)
    assert deal.contract.payment_stopped is not None and "逾期" in deal.contract.payment_stopped


async def test_persons_and_contacts_have_their_own_sums(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    drafts = [
        make.service_draft(persons=12, contacts=30),
        make.service_draft(persons=0, contacts=28, method="visit"),
    ]
    await delivery.log_services(session, deal.supplier, deal.contract, drafts)
    totals = await delivery.totals(session, deal.contract)
    assert (totals.entries, totals.persons, totals.contacts) == (2, 12, 58)
    # one of four groups and 12 of 40 persons: the mean of 25 % and 30 %
    assert str(totals.completion_percent) == "27.5"


async def test_only_the_supplier_logs_and_never_in_the_future(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    bad = [
        make.service_draft(served_on=clock.today() + timedelta(days=1)),
        make.service_draft(persons=5, contacts=4),
    ]
    with pytest.raises(Malformed) as caught:
        await delivery.log_services(session, deal.supplier, deal.contract, bad)
    assert [(p.code, p.pointer) for p in caught.value.problems] == [
        ("served_outside_contract", "/0/served_on"),
        ("contacts_below_persons", "/1/contacts"),
    ]
    assert await refused(
        delivery.log_services(session, deal.street, deal.contract, [make.service_draft()]), NotYou
    )


async def test_close_out_needs_the_mid_term_and_the_evidence(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    assert await refused(
        service.transition(session, deal.supplier, deal.contract, "close_out", None, {})
    ) == [
        "midterm_missing",
        "milestone_open",
    ]
    await service.mark_midterm(session, deal.street, deal.contract.id, True)
    await make.deliver(session, deal)
    await service.transition(session, deal.supplier, deal.contract, "close_out", None, {})
    await session.refresh(deal.pair.project)
    assert (deal.contract.state, deal.pair.project.state) == ("final_evaluation", "final_evaluation")


async def test_nobody_accepts_by_hand(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session, tranches=[{"percent": "100", "trigger": "signed"}])
    await make.deliver(session, deal)
    await service.transition(session, deal.supplier, deal.contract, "close_out", None, {})
    for person in (deal.street, deal.district, deal.supplier, actors.city()):
        for event in ("accept", "fail"):
            assert await refused(service.transition(session, person, deal.contract, event, None, {}), NotYou)


async def accepted(session: AsyncSession) -> make.Deal:
    deal = await make.make_in_delivery(session)
    await service.mark_midterm(session, deal.street, deal.contract.id, True)
    await make.pay(session, deal, 2)
    await make.deliver(session, deal)
    await service.transition(session, deal.supplier, deal.contract, "close_out", None, {})
    await service.mark_accepted(session, deal.street, deal.contract.id)
    return deal


async def test_an_accepted_contract_is_paid_settled_and_closed(session: AsyncSession) -> None:
    deal = await accepted(session)
    engagement = await session.scalar(select(Engagement).where(Engagement.award_id == deal.award.id))
    assert engagement is not None and engagement.state == "released"
    assert await refused(service.transition(session, deal.street, deal.contract, "settle", None, {})) == [
        "tranche_unpaid"
    ]
    await make.pay(session, deal, 3)
    await service.transition(session, deal.street, deal.contract, "settle", None, {})
    assert await refused(service.transition(session, deal.street, deal.contract, "close", None, {}), NotYou)
    await service.transition(session, deal.district, deal.contract, "close", None, {})
    await session.refresh(deal.pair.project)
    assert (deal.contract.state, deal.pair.project.state) == ("closed", "closed")
    assert deal.contract.paid_fen == deal.contract.settled_fen == AMOUNT
    late = RefundDraft.model_validate(
        {"amount_fen": 1, "voucher": "TK", "reason": "迟到"}, by_name=True, context=FEN
    )
    assert "refund_not_in_this_state" in await refused(
        payments.refund(session, deal.street, deal.contract, late)
    )


async def test_unspent_money_comes_back_at_the_settlement(session: AsyncSession) -> None:
    deal = await accepted(session)
    await make.pay(session, deal, 3)
    terms = {"settlement_yuan": "18000.00", "voucher": "TK-1"}
    await service.transition(session, deal.street, deal.contract, "settle", "结余退回", terms)
    standing = await funding.standing(session, deal.pair.project.id)
    assert (standing.paid_fen, standing.refunded_fen, standing.spent_fen) == (AMOUNT, 200_000, 1_800_000)
    kinds = await session.scalars(select(Payment.kind).order_by(Payment.id))
    assert list(kinds) == ["tranche", "tranche", "tranche", "refund"]


async def test_bad_settlement_data_is_named_field_by_field(session: AsyncSession) -> None:
    deal = await accepted(session)
    with pytest.raises(Malformed) as caught:
        await service.transition(
            session, deal.street, deal.contract, "settle", None, {"settlement_yuan": 18000, "by": "me"}
        )
    assert {p.pointer for p in caught.value.problems} == {"/data/settlement_yuan", "/data/by"}


async def test_a_failed_contract_is_settled_by_its_accepted_output(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    await service.mark_midterm(session, deal.street, deal.contract.id, True)
    await make.pay(session, deal, 2)
    await make.deliver(session, deal)
    await service.transition(session, deal.supplier, deal.contract, "close_out", None, {})
    await service.mark_failed(session, deal.street, deal.contract.id)
    assert await refused(
        payments.pay(session, deal.street, deal.contract, PaymentDraft(tranche_seq=3, voucher="X"))
    )
    assert "settlement_missing" in await refused(
        service.transition(session, deal.street, deal.contract, "settle", "按成果结算", {})
    )
    terms = {"settlement_yuan": "12000.00", "voucher": "TK-2"}
    await service.transition(session, deal.street, deal.contract, "settle", "按成果结算", terms)
    assert (deal.contract.refunded_fen, deal.contract.settled_fen) == (400_000, 1_200_000)


async def test_suspension_stops_the_money_and_delivery_goes_on_where_it_stopped(
    session: AsyncSession,
) -> None:
    deal = await make.make_in_delivery(session)
    await service.mark_midterm(session, deal.street, deal.contract.id, True)
    await service.transition(session, deal.district, deal.contract, "suspend", "接到投诉", {})
    pay = PaymentDraft(tranche_seq=2, voucher="ZF-2")
    assert await refused(payments.pay(session, deal.street, deal.contract, pay)) == [
        "payment_not_in_this_state"
    ]
    assert await refused(delivery.log_services(session, deal.supplier, deal.contract, [make.service_draft()]))
    await service.transition(session, deal.district, deal.contract, "resume", "查实无误", {})
    await session.refresh(deal.pair.project)
    assert (deal.contract.state, deal.pair.project.state) == ("in_delivery", "in_delivery")


async def test_a_contract_suspended_before_its_start_is_active_again(session: AsyncSession) -> None:
    deal = await make.make_signed(session)
    await service.transition(session, deal.district, deal.contract, "suspend", "突发事件", {})
    await service.transition(session, deal.district, deal.contract, "resume", "恢复", {})
    await session.refresh(deal.pair.project)
    assert (deal.contract.state, deal.pair.project.state) == ("active", "contracted")


async def test_an_early_end_pays_what_was_delivered_and_frees_the_place(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    assert await refused(service.transition(session, deal.street, deal.contract, "terminate", None, {})) == [
        "note_required",
        "settlement_missing",
    ]
    terms = {"settlement_yuan": "6000.00", "voucher": "TK-3"}
    await service.transition(session, deal.street, deal.contract, "terminate", "机构人员流失", terms)
    await session.refresh(deal.pair.project)
    assert (deal.contract.state, deal.pair.project.state) == ("terminated", "terminated")
    standing = await funding.standing(session, deal.pair.project.id)
    assert (standing.spent_fen, standing.committed_fen) == (600_000, 600_000)
    engagement = await session.scalar(select(Engagement).where(Engagement.award_id == deal.award.id))
    assert engagement is not None and engagement.state == "released"
    assert await refused(service.transition(session, deal.district, deal.contract, "resume", "再来", {}))


async def test_an_early_end_may_still_owe_the_supplier(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    terms = {"settlement_yuan": "12500.00", "voucher": "ZF-9"}
    await service.transition(session, deal.district, deal.contract, "terminate", "街道调整", terms)
    assert (deal.contract.paid_fen, deal.contract.settled_fen) == (1_250_000, 1_250_000)


def amendment(**changes: Any) -> AmendmentDraft:
    return AmendmentDraft.model_validate({"reason": "居民需求变化"} | changes, by_name=True, context=FEN)


async def test_a_material_change_waits_for_the_other_side(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    asked = await amending.propose(session, deal.supplier, deal.contract, amendment(amount_fen=1_800_001))
    assert (asked.state, deal.contract.amount_fen) == ("proposed", AMOUNT)
    assert asked.changes == {"amount_yuan": ["20000.00", "18000.01"]}
    assert await refused(
        amending.transition(session, deal.supplier, deal.contract, asked, "agree", None), NotYou
    )
    await amending.transition(session, deal.street, deal.contract, asked, "agree", None)
    (view,) = await service.views(session, [deal.contract])
    assert (asked.state, view.amount_fen) == ("in_force", 1_800_001)
    # the first tranche is paid and stays; 8,000.01 is shared 3:2
    assert [t.amount_fen for t in view.tranches] == [1_000_000, 480_000, 320_001]
    assert (await funding.standing(session, deal.pair.project.id)).contracted_fen == 1_800_001


async def test_an_amendment_never_reaches_above_the_award_or_below_the_paid(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    for amount, code in ((AMOUNT + 1, "amount_above_award"), (AMOUNT // 2 - 1, "amount_below_paid")):
        draft = amendment(amount_fen=amount)
        assert await refused(amending.propose(session, deal.street, deal.contract, draft), Malformed) == [
            code
        ]
    same = amendment(amount_fen=AMOUNT)
    assert await refused(amending.propose(session, deal.street, deal.contract, same), Malformed) == [
        "nothing_changes"
    ]


async def test_a_small_change_by_the_buyer_is_in_force_at_once_with_its_reason(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    told = await amending.propose(session, deal.street, deal.contract, amendment(penalty="逾期按日万分之五"))
    assert (told.state, told.material, deal.contract.penalty) == ("in_force", False, "逾期按日万分之五")
    asked = await amending.propose(session, deal.supplier, deal.contract, amendment(penalty="无"))
    assert asked.state == "proposed"
    assert await refused(amending.propose(session, deal.street, deal.contract, amendment(penalty="x"))) == [
        "amendment_open"
    ]
    await amending.transition(session, deal.street, deal.contract, asked, "refuse", "不同意")
    assert deal.contract.penalty == "逾期按日万分之五"


async def test_the_database_refuses_what_the_rules_refuse(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    broken = {
        "paid_within_amount": "UPDATE contracts SET paid_fen = amount_fen + 1 WHERE id = :id",
        "refunded_within_paid": "UPDATE contracts SET refunded_fen = paid_fen + 1 WHERE id = :id",
        "supplier_is_no_other_side": "UPDATE contracts SET supplier_id = buyer_id WHERE id = :id",
        "ends_after_start": "UPDATE contracts SET ends_on = starts_on WHERE id = :id",
        "uq_contract_payments_tranche_id": (
            "INSERT INTO contract_payments (id, contract_id, tranche_id, kind, amount_fen, voucher, paid_on, created_at)"
            " SELECT gen_random_uuid(), contract_id, tranche_id, kind, amount_fen, 'again', paid_on, created_at"
            " FROM contract_payments WHERE contract_id = :id"
        ),
        "a_person_is_a_contact": (
            "INSERT INTO service_logs (id, contract_id, method, served_on, hours, persons, contacts, place, evidence, created_at)"
            " VALUES (gen_random_uuid(), :id, 'visit', '2026-05-01', 1, 2, 1, 'x', '{}', now())"
        ),
    }
    for name, statement in broken.items():
        with pytest.raises(IntegrityError, match=name):
            async with session.begin_nested():
                await session.execute(text(statement), {"id": deal.contract.id})


async def test_what_has_ended_does_not_change_any_more(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    terms = {"settlement_yuan": "10000.00"}
    await service.transition(session, deal.street, deal.contract, "terminate", "机构注销", terms)
    for statement in (
        "UPDATE contracts SET state = 'in_delivery' WHERE id = :id",
        "UPDATE contracts SET amount_fen = amount_fen + 1 WHERE id = :id",
        "DELETE FROM contracts WHERE id = :id",
    ):
        with pytest.raises(IntegrityError, match="has ended"):
            async with session.begin_nested():
                await session.execute(text(statement), {"id": deal.contract.id})
    for event in service.LIFECYCLE.events:
        assert await refused(service.transition(session, deal.street, deal.contract, event, "再来", terms))


async def test_what_is_told_in_three_places_is_the_same_at_every_commit(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    broken = {
        "tranches_make_the_contract": "UPDATE contract_tranches SET amount_fen = amount_fen - 1 WHERE contract_id = :id AND seq = 3",
        "payments_make_the_totals": "UPDATE contracts SET paid_fen = paid_fen + 1 WHERE id = :id",
        "a_paid_tranche_has_its_payment": "UPDATE contract_tranches SET paid_at = now() WHERE contract_id = :id AND seq = 2",
        "append-only": "UPDATE contract_payments SET amount_fen = 1 WHERE contract_id = :id",
    }
    for name, statement in broken.items():
        with pytest.raises(IntegrityError, match=name):
            async with session.begin_nested():
                await session.execute(text(statement), {"id": deal.contract.id})
    await session.execute(
        text("DELETE FROM contract_signatures WHERE contract_id = :id"), {"id": deal.contract.id}
    )
    with pytest.raises(IntegrityError, match="signed_by_all_sides"):
        async with session.begin_nested():
            await session.execute(
                text("UPDATE contracts SET scope = scope WHERE id = :id"), {"id": deal.contract.id}
            )


async def test_what_waits_for_whom(session: AsyncSession) -> None:
    deal = await make.make_drafted(session)

    async def waiting(actor: Any) -> list[str]:
        return [task.kind for task in await service.tasks(session, actor)]

    assert await waiting(deal.street) == await waiting(deal.supplier) == ["sign_contract"]
    assert await waiting(deal.district) == []
    await make.sign(session, deal)
    assert await waiting(deal.supplier) == []
    assert await waiting(deal.street) == ["pay_tranche", "start_delivery"]
    await make.pay(session, deal, 1)
    await service.transition(session, deal.street, deal.contract, "start", None, {})
    clock.settle(timedelta(days=400))
    assert await waiting(deal.supplier) == ["close_out"]
    await service.tick(session)
    assert await waiting(deal.supplier) == ["rectify", "close_out"]


async def test_a_community_manages_delivery_but_does_not_buy(session: AsyncSession) -> None:
    project = await make_published(session, community="银杏里社区", procuring_entity="银杏里社区居民委员会")
    pair = replace(await table.join(session, project), street=actors.street())
    award = await table.active(session, pair)
    draft = make.contract_draft(award, also_sign=["procuring_entity"])
    deal = make.Deal(pair, award, await service.create(session, pair.street, draft))
    community = actors.official(Role.COMMUNITY, project.area_path)
    neighbour = actors.official(Role.COMMUNITY, f"{actors.SUOJINCUN}/other")
    assert await refused(service.create(session, community, draft), NotYou)
    await make.sign(session, deal, deal.street, deal.supplier)
    assert await refused(service.transition(session, neighbour, deal.contract, "sign", None, {}), NotYou)
    await make.sign(session, deal, community)
    await make.pay(session, deal, 1)
    await service.transition(session, deal.street, deal.contract, "start", None, {})
    (entry,) = await delivery.log_services(session, deal.supplier, deal.contract, [make.service_draft()])
    assert await refused(delivery.confirm_service(session, neighbour, deal.contract, entry.id), NotYou)
    await delivery.confirm_service(session, community, deal.contract, entry.id)
    assert entry.confirmed_by == community.account_id
    assert await refused(
        payments.pay(session, community, deal.contract, PaymentDraft(tranche_seq=2, voucher="X")), NotYou
    )


async def test_three_contracts_are_shown_in_as_many_statements_as_one(session: AsyncSession) -> None:
    deals = []
    for _ in range(3):
        clock.settle(timedelta())
        deals.append(await make.make_signed(session))
    counts = []
    for some in (deals[:1], deals):
        with counting() as sent:
            await service.views(session, [deal.contract for deal in some])
        counts.append(len(sent))
    assert counts == [3, 3]
