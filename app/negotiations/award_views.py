"""Awards as their readers see them: the public, the two sides, the bureaus."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.negotiations.models import Award
from app.negotiations.permissions import reads_talks
from app.negotiations.schemas import AwardView


async def views(session: AsyncSession, actor: Actor, awards: Sequence[Award]) -> list[AwardView]:
    """Awards, without a statement.

    Who decided, the experts' scores and the recommendation are shown to both sides and the bureaus only.
    """
    return [_view(actor, award) for award in awards]


_INSIDE = ("proposed_by_label", "confirmed_by_label", "scores", "recommendation")
_MOMENTS = ("state_since", "confirmed_at", "created_at")


def _view(actor: Actor, award: Award) -> AwardView:
    shown: dict[str, Any] = {
        name: getattr(award, name) for name in AwardView.model_fields if hasattr(award, name)
    }
    if not reads_talks(actor, award):
        shown |= dict.fromkeys(_INSIDE) | {"scores": []}
    for name in _MOMENTS:
        shown[name] = clock.local(shown[name]) if shown[name] else None
    shown["edition"] = award.edition_code
    return AwardView.model_validate(shown, by_name=True, context=FEN)
