"""A pair at the table, as far along as a test needs it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.actor import Actor
from app.negotiations import awards, intents, talks
from app.negotiations.models import Award, Intent, Talk
from app.negotiations.schemas import AwardDraft, ConflictDraft, IntentDraft, TalkDraft
from app.organizations.models import Organization
from app.projects.models import Project
from tests.factories import actors
from tests.factories.market import make_published
from tests.factories.organizations import make_organization

OFFER = 2_000_000


@dataclass(slots=True)
class Pair:
    """A published project of 锁金村, an organization that may take it, and the people who act."""

    project: Project
    organization: Organization
    street: Actor
    district: Actor
    supplier: Actor


async def make_pair(session: AsyncSession, **organization: Any) -> Pair:
    """A project on the market and an organization that passes every gate."""
    project = await make_published(session)
    return await join(session, project, **organization)


async def join(session: AsyncSession, project: Project, **changes: Any) -> Pair:
    """One more organization for a project."""
    organization = await make_organization(session, **changes)
    return Pair(
        project,
        organization,
        actors.street(project.area_path),
        actors.district(project.area_path.rsplit("/", project.area_path.count("/") - 1)[0]),
        actors.speaking_for(organization.id),
    )


def intent_draft(pair: Pair, **changes: Any) -> IntentDraft:
    facts = {"project": str(pair.project.id), "message": "愿承接，附方案。", "quoted_fen": OFFER}
    return IntentDraft.model_validate(facts | changes, by_name=True, context={"money": "fen"})


def talk_draft(**changes: Any) -> TalkDraft:
    facts: dict[str, Any] = {
        "held_at": clock.now() - timedelta(hours=1),
        "duration_minutes": 25,
        "place": "洽谈区 12 号桌",
        "attendees_buyer": ["社会事务科"],
        "attendees_organization": ["项目主管"],
        "minutes": "就服务内容与频次达成一致，价格略有下调。",
        "offered_fen": OFFER,
        "agreed_points": ["每周入户两次"],
        "open_points": [],
        "result": "agreed",
    }
    return TalkDraft.model_validate(facts | changes, by_name=True, context={"money": "fen"})


def award_draft(pair: Pair, **changes: Any) -> AwardDraft:
    facts = {
        "organization": str(pair.organization.id),
        "amount_fen": OFFER,
        "method": "request_for_quotation",
        "reason": "方案完整，本地服务经验丰富。",
    }
    return AwardDraft.model_validate(facts | changes, by_name=True, context={"money": "fen"})


async def expressed(session: AsyncSession, pair: Pair, **changes: Any) -> Intent:
    return await intents.express(session, pair.supplier, intent_draft(pair, **changes))


async def accepted(session: AsyncSession, pair: Pair) -> Intent:
    intent = await expressed(session, pair)
    return await intents.transition(session, pair.street, intent, "accept")


async def talked(session: AsyncSession, pair: Pair) -> tuple[Intent, Talk]:
    """The organization has recorded a talk and the street has confirmed it."""
    intent = await accepted(session, pair)
    talk = await talks.record(session, pair.supplier, intent, talk_draft())
    await talks.transition_talk(session, pair.street, talk, "confirm")
    return intent, talk


async def shortlisted(session: AsyncSession, pair: Pair) -> Intent:
    intent, _ = await talked(session, pair)
    return await intents.transition(session, pair.street, intent, "shortlist")


async def without_conflict(session: AsyncSession, project: Project, *people: Actor) -> None:
    for person in people:
        await awards.sign_statement(session, person, project, ConflictDraft(conflict=False))


async def proposed(session: AsyncSession, pair: Pair) -> Award:
    await shortlisted(session, pair)
    await without_conflict(session, pair.project, pair.street, pair.district)
    return await awards.propose(session, pair.street, pair.project, award_draft(pair))


async def noticed(session: AsyncSession, pair: Pair) -> Award:
    return await awards.publish_notice(session, pair.street, await proposed(session, pair))


async def active(session: AsyncSession, pair: Pair) -> Award:
    """The notice is over and the district has confirmed; the clock of the test stands after the notice."""
    award = await noticed(session, pair)
    clock.settle(timedelta(days=20))
    return await awards.confirm(session, pair.district, award)
