"""Rules of organizations, without a database."""

from datetime import date

import pytest
from pydantic import ValidationError

from app.catalogue.codes import CreditStatus, RegistrationStatus, RegistrationType
from app.identity.masking import masked_name, masked_phone
from app.organizations import rules
from app.organizations.models import CreditEvent, Organization
from app.organizations.schemas import OrganizationDraft

TODAY = date(2026, 3, 2)
ABNORMAL, SERIOUS = CreditStatus.ABNORMAL_LIST, CreditStatus.SERIOUS_ILLEGALITY_LIST


def listing(listed: str, listed_on: date, removed_on: date | None = None) -> CreditEvent:
    return CreditEvent(listed=listed, listed_on=listed_on, removed_on=removed_on)


def codes(problems: list[rules.Problem]) -> list[str]:
    return [problem.code for problem in problems]


def test_a_misprinted_credit_code_does_not_check() -> None:
    assert rules.check_digit_fits("52320102XX9900013H")
    assert not rules.check_digit_fits("52320102XX9900013J")


def test_the_gravest_listing_in_force_is_the_credit_status() -> None:
    abnormal = listing(ABNORMAL, date(2026, 1, 5))
    serious = listing(SERIOUS, date(2026, 2, 1))
    assert rules.credit_status([], TODAY) is CreditStatus.NORMAL
    assert rules.credit_status([abnormal], TODAY) is ABNORMAL
    assert rules.credit_status([abnormal, serious], TODAY) is SERIOUS


def test_a_listing_counts_from_its_day_until_the_day_it_is_repaired() -> None:
    event = listing(ABNORMAL, date(2026, 1, 5), removed_on=date(2026, 3, 2))
    assert rules.credit_status([event], date(2026, 1, 4)) is CreditStatus.NORMAL
    assert rules.credit_status([event], date(2026, 1, 5)) is ABNORMAL
    assert rules.credit_status([event], date(2026, 3, 1)) is ABNORMAL
    assert rules.credit_status([event], date(2026, 3, 2)) is CreditStatus.NORMAL


def test_an_expired_rating_is_none() -> None:
    organization = Organization(rating="5A", rating_valid_until=date(2026, 3, 1))
    assert rules.rating_in_force(organization, date(2026, 3, 1)) == "5A"
    assert rules.rating_in_force(organization, date(2026, 3, 2)) is None


def test_the_last_place_is_free_and_the_one_after_it_is_not() -> None:
    organization = Organization(name="暮云", capacity_max=3)
    assert rules.capacity_free(organization, 2) == []
    assert codes(rules.capacity_free(organization, 3)) == ["H_CAPACITY"]


def test_capacity_lowered_below_its_use_leaves_no_place() -> None:
    assert codes(rules.capacity_free(Organization(name="暮云", capacity_max=1), 3)) == ["H_CAPACITY"]


def test_a_filed_group_is_not_registered_and_a_legal_person_is_not_filed() -> None:
    group, agency = RegistrationType.FILED_GROUP, RegistrationType.SOCIAL_SERVICE_AGENCY
    assert codes(rules.registration(RegistrationStatus.REGISTERED, group, None)) == [
        "registration_status_mismatch"
    ]
    assert codes(rules.registration(RegistrationStatus.FILED, agency, None)) == [
        "registration_status_mismatch"
    ]
    assert rules.registration(RegistrationStatus.FILED, group, "sponsor") == []
    assert codes(rules.registration(RegistrationStatus.REGISTERED, agency, "sponsor")) == [
        "sponsor_for_groups_only"
    ]


def test_only_a_registered_legal_person_sponsors_a_group() -> None:
    agency = Organization(state="registered", registration_type="social_service_agency")
    group = Organization(state="filed", registration_type="filed_group")
    gone = Organization(state="revoked", registration_type="foundation")
    assert rules.sponsor_fits(agency) == []
    for unfit in (group, gone, None):
        assert codes(rules.sponsor_fits(unfit)) == ["sponsor_not_legal_person"]


def test_certified_workers_are_not_fewer_than_their_grades() -> None:
    assert codes(
        rules.heads_add_up(Organization(sw_assistant=3, sw_middle=2, sw_senior=None, certified_total=4))
    ) == ["certified_total"]
    with pytest.raises(ValidationError, match="certified_total"):
        OrganizationDraft(name="暮云中心", sw_assistant=3, sw_middle=2, certified_total=4)


def test_a_contact_is_shown_to_strangers_without_its_middle() -> None:
    assert masked_phone("13812345678") == "138****5678"
    assert masked_phone("8331") == "****"
    assert masked_phone(None) is None
    assert masked_name("程岚") == "程**"
