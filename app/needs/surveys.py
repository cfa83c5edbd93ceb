"""Acts on surveys: enter one, read it, turn its cells into needs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.catalogue.codes import CODES, NeedDimension, NeedOrigin, SurveyChannel, TargetGroup
from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, raise_all
from app.needs import permissions, repository, rules, service
from app.needs.models import Need, Survey, SurveyCell
from app.needs.schemas import CellChoice, CellView, NeedDraft, SurveyDraft, SurveyView

CELL_UNKNOWN = Problem(
    "cell_unknown", "调查中没有该人群和维度。", "The survey has no such group and dimension.", "/cells"
)


async def create_many(session: AsyncSession, actor: Actor, drafts: Sequence[SurveyDraft]) -> list[Survey]:
    """Enter surveys with their matrices. Raises `NotYou`, or `Malformed` with every impossible cell."""
    if not all(permissions.may_survey(actor, draft.area_path) for draft in drafts):
        raise NotYou()
    raise_all((p for d in drafts for p in rules.matrix(d.cells, d.respondents)), Malformed)
    wanted = {draft.area_path for draft in drafts}
    if await areas.known_paths(session, wanted) != wanted:
        raise Malformed(service.AREA_UNKNOWN)
    surveys = [Survey(**draft.model_dump(exclude={"cells"})) for draft in drafts]
    session.add_all(surveys)
    await session.flush()
    session.add_all(
        SurveyCell(survey_id=survey.id, **cell.model_dump())
        for survey, draft in zip(surveys, drafts, strict=True)
        for cell in draft.cells
    )
    await session.flush()
    await journal.record(session, actor, *(_event(survey, "entered") for survey in surveys))
    return surveys


async def create(session: AsyncSession, actor: Actor, draft: SurveyDraft) -> Survey:
    return (await create_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, actor: Actor, survey_id: UUID) -> Survey:
    """One survey. Raises `NotFound` when it is not there or not the actor's to see."""
    found = await repository.survey(session, permissions.surveys_visible_to(actor), survey_id)
    if found is None:
        raise NotFound()
    return found


async def raise_needs(
    session: AsyncSession, actor: Actor, survey: Survey, chosen: Sequence[CellChoice]
) -> list[Need]:
    """Turn cells of a survey into needs. Raises `NotYou`, `Malformed` (no such cell), `NotNow` (already a need)."""
    if not permissions.may_survey(actor, survey.area_path):
        raise NotYou()
    cells = {(c.target_group, c.dimension): c for c in await repository.cells_of(session, [survey.id])}
    if any((choice.target_group, choice.dimension) not in cells for choice in chosen):
        raise Malformed(CELL_UNKNOWN)
    raised = {
        (group, need.dimension)
        for need in await repository.needs_of_survey(session, survey.id)
        for group in need.target_groups
    }
    raise_all(_raised(choice) for choice in chosen if (choice.target_group, choice.dimension) in raised)
    once = dict.fromkeys((choice.target_group, choice.dimension) for choice in chosen)
    drafts = [_draft(survey, cells[key]) for key in once]
    return await service.create_many(session, actor, drafts, survey_id=survey.id)


async def views(session: AsyncSession, surveys: Sequence[Survey], actor: Actor) -> list[SurveyView]:
    """Surveys with their matrices as `actor` may see them, in one statement."""
    held: dict[UUID, list[SurveyCell]] = {}
    for cell in await repository.cells_of(session, [survey.id for survey in surveys]):
        held.setdefault(cell.survey_id, []).append(cell)
    return [
        SurveyView(
            id=survey.id,
            title=survey.title,
            area_path=survey.area_path,
            conducted_on=survey.conducted_on,
            channel=SurveyChannel(survey.channel),
            respondents=survey.respondents,
            cells=[
                _cell(cell, everything=permissions.sees_small_counts(actor, survey))
                for cell in held.get(survey.id, [])
            ],
            version=survey.version,
        )
        for survey in surveys
    ]


def _cell(cell: SurveyCell, *, everything: bool) -> CellView:
    # The rest of a group is as telling as the part: both have to be large enough.
    small = min(cell.wanting, cell.asked - cell.wanting) < rules.SMALL
    hidden = small and not everything
    return CellView(
        target_group=TargetGroup(cell.target_group),
        dimension=NeedDimension(cell.dimension),
        asked=None if hidden else cell.asked,
        wanting=None if hidden else cell.wanting,
        share_percent=None if hidden else round(100 * cell.wanting / cell.asked),
    )


def _draft(survey: Survey, cell: SurveyCell) -> NeedDraft:
    group = CODES["target_group"].label(cell.target_group)
    dimension = CODES["need_dimension"].label(cell.dimension)
    share = round(100 * cell.wanting / cell.asked)
    return NeedDraft(
        title=f"{group}的{dimension}需求",
        description=f"{survey.title}：受访{group}{cell.asked}人，其中{cell.wanting}人（{share}%）有{dimension}需求。",
        origin=NeedOrigin.SURVEY,
        target_groups=[TargetGroup(cell.target_group)],
        dimension=NeedDimension(cell.dimension),
        area_path=survey.area_path,
        persons=cell.wanting or None,
    )


def _raised(choice: CellChoice) -> Problem:
    return Problem(
        "cell_is_a_need",
        "该人群和维度已转为需求。",
        "This group and dimension is a need already.",
        "/cells",
        {"target_group": str(choice.target_group), "dimension": str(choice.dimension)},
    )


def _event(survey: Survey, event: str) -> journal.Event:
    change = {"title": survey.title, "respondents": survey.respondents}
    return journal.Event("survey", survey.id, event, journal.Audience(survey.area_path), change=change)
