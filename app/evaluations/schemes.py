"""Schemes: what is scored and how it weighs. Written by the city, never changed, only followed by a new version."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import EvaluationPhase
from app.evaluations import permissions, repository, rules
from app.evaluations.models import Scheme
from app.evaluations.schemas import SchemeDraft, SchemeView
from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotYou, raise_all

DEFAULT_NAME = "默认评估方案"


async def write(session: AsyncSession, actor: Actor, draft: SchemeDraft) -> Scheme:
    """The next version of a phase's scheme; evaluations under way keep theirs. Raises `NotYou`, `Malformed`."""
    if not permissions.may_write_schemes(actor):
        raise NotYou()
    criteria = [criterion.model_dump(mode="json") for criterion in draft.criteria]
    sides = {str(side): weight for side, weight in (draft.side_weights or rules.SIDE_WEIGHTS).items()}
    raise_all(rules.scheme_holds(draft.phase, criteria, sides), Malformed)
    before = await repository.current_scheme(session, draft.phase, lock=True)
    if before is not None:
        before.current = False
        await session.flush()
    scheme = Scheme(
        phase=draft.phase,
        scheme_no=before.scheme_no + 1 if before else 1,
        name=draft.name,
        criteria=criteria,
        side_weights=sides,
    )
    session.add(scheme)
    await session.flush()
    await journal.record(
        session,
        actor,
        journal.Event(
            "scheme",
            scheme.id,
            "written",
            journal.Audience(level=journal.PUBLIC),
            number=f"{scheme.phase}-{scheme.scheme_no}",
        ),
    )
    return scheme


async def current(session: AsyncSession, phase: EvaluationPhase) -> Scheme:
    """The scheme in force; the shipped one is written down at its first use."""
    found = await repository.current_scheme(session, phase)
    if found is not None:
        return found
    await repository.write_default(
        session,
        phase=str(phase),
        name=DEFAULT_NAME,
        criteria=rules.default_criteria(phase),
        side_weights={str(side): weight for side, weight in rules.SIDE_WEIGHTS.items()},
    )
    found = await repository.current_scheme(session, phase)
    assert found is not None
    return found


async def views(session: AsyncSession, schemes: Sequence[Scheme]) -> list[SchemeView]:
    return [SchemeView.model_validate(scheme) for scheme in schemes]
