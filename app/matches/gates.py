"""The one gates function: who may not take a project, asked at intent, award and signing."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

import matching
from app.editions import service as editions
from app.editions.models import Edition
from app.kernel.errors import Problem
from app.matches import facts
from app.matches.weights import rules_of
from app.organizations import service as organizations
from app.projects import service as projects
from matching import Failure

Pair = tuple[UUID, UUID]


async def gates(
    session: AsyncSession, pairs: Sequence[Pair], as_of: date, edition: Edition | None = None
) -> list[list[Problem]]:
    """The broken hard gates of each (project, organization), all at once; an empty list means nothing stands in the way.

    Facts are read in the caller's transaction, under whatever it has locked; `edition` is given by who has it at hand. What the pair itself holds (the place reserved
    for this very project) does not count against it. Rules: DOMAIN §6.
    """
    if not pairs:
        return []
    project_ids = list(dict.fromkeys(project for project, _ in pairs))
    organization_ids = list(dict.fromkeys(organization for _, organization in pairs))
    offered = await projects.for_matching(session, project_ids)
    codes = {UUID(row["id"]): row["edition"] for row in offered}
    known_projects = {UUID(row["id"]): facts.project(row) for row in offered}
    known_organizations = {
        UUID(row["id"]): facts.organization(row)
        for row in await organizations.for_matching(session, organization_ids, history=False)
    }
    by_edition: dict[str, list[int]] = {}
    for place, (project_id, _) in enumerate(pairs):
        by_edition.setdefault(codes[project_id], []).append(place)
    broken: list[list[Problem]] = [[] for _ in pairs]
    for code, places in by_edition.items():
        at_hand = edition is not None and edition.code == code
        rules = rules_of(edition if edition and at_hand else await editions.get(session, code))
        judged = [
            (
                known_projects[pairs[place][0]],
                facts.without_project(known_organizations[pairs[place][1]], str(pairs[place][0])),
            )
            for place in places
        ]
        found = matching.gates(judged, as_of=as_of, rules=rules)
        for place, failures in zip(places, found, strict=True):
            broken[place] = [problem(failure) for failure in failures]
    return broken


def problem(failure: Failure) -> Problem:
    """A broken gate as everybody is told of it: the rule, what it asks, what was found."""
    return Problem(
        failure.code,
        f"未满足“{failure.rule_zh}”：要求 {failure.required}，实际 {failure.actual}。",
        f"Not met: {failure.rule_en}; required {failure.required}, found {failure.actual}.",
        "/organization",
        {"required": failure.required, "actual": failure.actual},
    )
