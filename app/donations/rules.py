"""Rules of donations. Pure: each returns all broken ones."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from app.donations.models import Donation, DonationState
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.kernel.money import yuan
from app.projects.models import Project, ProjectState

UNDER_WAY = (
    ProjectState.CONTRACTED,
    ProjectState.IN_DELIVERY,
    ProjectState.FINAL_EVALUATION,
    ProjectState.ACCEPTED,
)
"""Projects that something can be used for: agreed, and not yet squared."""


def for_its_purpose(donation: Donation, project: Project) -> list[Problem]:
    """Only the project or the categories that the donor named, and only in the area it was given to."""
    problems = []
    if donation.purpose_project_id not in (None, project.id):
        problems.append(
            Problem(
                "not_its_project",
                "捐赠人指定了其他项目，不得挪作他用。",
                "The donor gave this for another project.",
                "/project",
            )
        )
    allowed = donation.purpose_categories
    if allowed and project.category not in allowed:
        problems.append(
            Problem(
                "not_its_purpose",
                f"捐赠限定用于 {'、'.join(allowed)}，项目类别为 {project.category}。",
                f"Given for {', '.join(allowed)}; the project is of {project.category}.",
                "/project",
                {"purpose": list(allowed), "category": project.category},
            )
        )
    inside = project.area_path == donation.area_path or project.area_path.startswith(donation.area_path + "/")
    if not inside:
        problems.append(
            Problem(
                "outside_its_area",
                "项目不在受赠区域内。",
                "The project lies outside the area this was given to.",
                "/project",
                {"area_path": donation.area_path},
            )
        )
    return problems


def may_be_used(
    donation: Donation, project: Project, amount: int, used_on: date, today: date
) -> list[Problem]:
    """No more than is left, for its purpose, in a project under way, before it expires."""
    problems = for_its_purpose(donation, project)
    if donation.state != DonationState.RECEIVED:
        problems.append(
            Problem(
                "donation_not_in_hand",
                "捐赠尚未收到或已结束，不能使用。",
                "What has not been received, or is closed, is not used.",
                values={"state": donation.state},
            )
        )
    if amount > donation.free:
        problems.append(
            Problem(
                "donation_used_up",
                f"捐赠剩余 {yuan(donation.free)} {donation.unit}，不足 {yuan(amount)} {donation.unit}。",
                f"{yuan(donation.free)} {donation.unit} are left of this donation; {yuan(amount)} are asked.",
                "/amount",
                {"free": yuan(donation.free), "amount": yuan(amount), "unit": donation.unit},
            )
        )
    if project.state not in UNDER_WAY:
        problems.append(
            Problem(
                "project_not_under_way",
                "项目未签约或已结束，不能使用捐赠。",
                "The project is not agreed, or has ended.",
                "/project",
                {"state": project.state},
            )
        )
    if used_on > today:
        problems.append(
            Problem("used_ahead", "使用日期不得晚于今天。", "The use cannot lie ahead.", "/used_on")
        )
    if donation.valid_to is not None and used_on > donation.valid_to:
        problems.append(
            Problem(
                "donation_expired",
                f"捐赠有效期至 {donation.valid_to}。",
                f"This could be used until {donation.valid_to}.",
                "/used_on",
                {"valid_to": str(donation.valid_to)},
            )
        )
    return problems


def nothing_left(case: Case[Any]) -> Iterable[Problem]:
    """A donation is closed once it is used up, or what is left of it has expired."""
    donation = case.thing
    expired = donation.valid_to is not None and donation.valid_to < case.facts
    if donation.free and not expired:
        yield Problem(
            "donation_not_used_up",
            f"尚有 {yuan(donation.free)} {donation.unit} 未使用且未过期。",
            f"{yuan(donation.free)} {donation.unit} are still there to be used.",
            values={"free": yuan(donation.free), "unit": donation.unit},
        )
