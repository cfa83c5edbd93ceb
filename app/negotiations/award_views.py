"""Awards as their readers see them: the public, the two sides, the bureaus."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.negotiations import repository
from app.negotiations.models import Award
from app.negotiations.permissions import reads_talks
from app.negotiations.schemas import AwardView


async def views(session: AsyncSession, actor: Actor, awards: Sequence[Award]) -> list[AwardView]:
    """Awards with the names of project and organization, in two statements however many there are.

    Who decided, the experts' scores and the recommendation are shown to both sides and the bureaus only.
    """
    known, names = await repository.names(
        session, (a.project_id for a in awards), (a.organization_id for a in awards)
    )
    return [_view(actor, a, known[a.project_id], names[a.organization_id]) for a in awards]


_INSIDE = ("proposed_by_label", "confirmed_by_label", "scores", "recommendation")
_MOMENTS = ("state_since", "confirmed_at", "created_at")


def _view(actor: Actor, award: Award, project: Any, organization_name: str) -> AwardView:
    shown = {name: getattr(award, name) for name in AwardView.model_fields if hasattr(award, name)}
    if not reads_talks(actor, award):
        shown |= dict.fromkeys(_INSIDE) | {"scores": []}
    for name in _MOMENTS:
        shown[name] = clock.local(shown[name]) if shown[name] else None
    shown |= {
        "edition": award.edition_code,
        "project_number": project.number,
        "project_title": project.title,
        "organization_name": organization_name,
    }
    return AwardView.model_validate(shown, by_name=True, context=FEN)
