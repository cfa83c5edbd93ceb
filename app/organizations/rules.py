"""Rules of organizations. Pure: each returns all broken ones."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from app.catalogue.codes import CreditStatus, Rating, RegistrationStatus, RegistrationType
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.organizations.models import CreditEvent, EngagementKind, Organization
from app.organizations.schemas import OrganizationDraft

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def check_digit_fits(uscc: str) -> bool:
    """Whether the last character of a unified social credit code follows from the others (GB 32100-2015)."""
    total = sum(_ALPHABET.index(char) * weight for char, weight in zip(uscc[:17], _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31] == uscc[17]


def registration(
    status: RegistrationStatus | str, kind: RegistrationType | None, sponsor: Any, pointer: str = ""
) -> list[Problem]:
    """A filed group is filed and no legal person; a registered body is not filed; only groups have a fiscal sponsor."""
    filed = kind is RegistrationType.FILED_GROUP
    problems = []
    live = status in (RegistrationStatus.FILED, RegistrationStatus.REGISTERED)
    if kind is not None and live and filed != (status == RegistrationStatus.FILED):
        problems.append(
            Problem(
                "registration_status_mismatch",
                "备案组织的登记状态为“备案”，登记的法人不得为“备案”。",
                "A filed group has the status 'filed', and a registered body has not.",
                f"{pointer}/registration_status",
            )
        )
    if sponsor is not None and not filed:
        problems.append(
            Problem(
                "sponsor_for_groups_only",
                "只有备案组织可以指定签约主体（财务托管机构）。",
                "Only a filed group has a fiscal sponsor.",
                f"{pointer}/fiscal_sponsor_id",
            )
        )
    return problems


def first_status(draft: OrganizationDraft) -> RegistrationStatus:
    """The status a new organization begins with when its sender names none."""
    if draft.registration_status is not None:
        return draft.registration_status
    if draft.registration_type is RegistrationType.FILED_GROUP:
        return RegistrationStatus.FILED
    return RegistrationStatus.REGISTERED


def sponsor_fits(sponsor: Organization | None, pointer: str = "/fiscal_sponsor_id") -> list[Problem]:
    """A fiscal sponsor signs and is liable: it must be a registered legal person."""
    if sponsor is not None and sponsor.is_legal_person and sponsor.state == RegistrationStatus.REGISTERED:
        return []
    return [
        Problem(
            "sponsor_not_legal_person",
            "签约主体须为已登记的法人组织。",
            "A fiscal sponsor must be a registered legal person.",
            pointer,
        )
    ]


def credit_status(events: Iterable[CreditEvent], day: date) -> CreditStatus:
    """The standing on a day, derived from the lists: the gravest listing in force."""
    listed = {
        event.listed
        for event in events
        if event.listed_on <= day and (event.removed_on is None or event.removed_on > day)
    }
    if CreditStatus.SERIOUS_ILLEGALITY_LIST in listed:
        return CreditStatus.SERIOUS_ILLEGALITY_LIST
    return CreditStatus.ABNORMAL_LIST if listed else CreditStatus.NORMAL


def not_listed_yet(events: Iterable[CreditEvent], listed: str) -> list[Problem]:
    """An organization is on a list once; the open listing must end before another of the same kind begins."""
    if all(event.listed != listed or event.removed_on is not None for event in events):
        return []
    return [
        Problem(
            "already_listed",
            "该组织已在此名录中，尚未移出。",
            "The organization is on this list already and has not been removed.",
            "/listed",
        )
    ]


def can_be_removed(event: CreditEvent, day: date) -> list[Problem]:
    """A listing ends once, on the day it began or later."""
    if event.removed_on is not None:
        return [
            Problem(
                "already_removed",
                "该列入记录已移出。",
                "This listing has ended already.",
                values={"removed_on": str(event.removed_on)},
            )
        ]
    if day < event.listed_on:
        return [
            Problem(
                "removed_before_listed",
                "移出日期不得早于列入日期。",
                "A listing cannot end before it began.",
                "/removed_on",
                {"listed_on": str(event.listed_on)},
            )
        ]
    return []


def rating_in_force(organization: Organization, day: date) -> Rating | None:
    """The rating that counts on a day: an expired one is none."""
    until = organization.rating_valid_until
    if organization.rating is None or (until is not None and until < day):
        return None
    return Rating(organization.rating)


def capacity_free(organization: Organization, held: int) -> list[Problem]:
    """Engagements that hold a place stay within `capacity_max`; no limit while no bureau has set one."""
    limit = organization.capacity_max
    if limit is None or held < limit:
        return []
    return [
        Problem(
            "H_CAPACITY",
            f"“{organization.name}”的承接名额已满（上限 {limit}，在管与预留 {held}）。",
            f"'{organization.name}' has no free place (at most {limit}, active and reserved {held}).",
            values={"capacity_max": limit, "held": held},
        )
    ]


def heads_add_up(organization: Organization) -> list[Problem]:
    """Certified workers are at least the sum of their grades: one person counts once, at the highest grade."""
    graded = [organization.sw_assistant, organization.sw_middle, organization.sw_senior]
    least = sum(n for n in graded if n is not None)
    if organization.certified_total is None or organization.certified_total >= least:
        return []
    return [
        Problem(
            "certified_total",
            f"持证社工总数（{organization.certified_total}）少于各级之和（{least}）。",
            f"The certified workers ({organization.certified_total}) are fewer than their grades add up to ({least}).",
            "/certified_total",
        )
    ]


def declared_by_itself(case: Case[Any]) -> list[Problem]:
    """Work of this marketplace is ended by its contract, never by hand."""
    if case.thing.kind == EngagementKind.OUTSIDE:
        return []
    return [
        Problem(
            "engagement_follows_contract",
            "平台内的承接名额随成交与合同变动，不能手工释放。",
            "A place taken by an award follows the award and its contract; it is not released by hand.",
        )
    ]


def is_group(case: Case[Organization]) -> list[Problem]:
    """Only a filed group goes back to being filed."""
    if case.thing.registration_type == RegistrationType.FILED_GROUP:
        return []
    return [Problem("not_a_filed_group", "该组织不是备案组织。", "This organization is not a filed group.")]


def is_no_group(case: Case[Organization]) -> list[Problem]:
    """A filed group is registered as a legal person only by `register`, with its new type."""
    if case.thing.registration_type != RegistrationType.FILED_GROUP:
        return []
    return [
        Problem(
            "filed_group_needs_registration",
            "备案组织须先办理法人登记（register）。",
            "A filed group must first be registered as a legal person (register).",
        )
    ]


def nothing_under_way(case: Case[Organization]) -> list[Problem]:
    """An organization with engagements is not cancelled at its own wish before they are settled."""
    held = case.facts or 0
    if not held:
        return []
    return [
        Problem(
            "engagements_under_way",
            f"尚有 {held} 个在管或预留项目，须先了结。",
            f"{held} engagements are active or reserved; settle them first.",
            values={"held": held},
        )
    ]
