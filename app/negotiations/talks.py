"""What is said at the table: talks confirmed by both sides, and the terms they would sign."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import lock, move
from app.kernel.money import FEN, yuan
from app.negotiations import intents, repository
from app.negotiations.lifecycle import TALKS
from app.negotiations.models import Intent, IntentState, TableSide, Talk, TermSheet
from app.negotiations.permissions import may_decide, side_of, visible_to
from app.negotiations.schemas import FieldChange, TalkDraft, TalkView, TermSheetDraft, TermSheetView

AT_TABLE = (IntentState.ACCEPTED, IntentState.SCHEDULED, IntentState.TALKED, IntentState.SHORTLISTED)
NOT_AT_TABLE = Problem(
    "intent_not_accepted",
    "意向须已被接受且仍在进行。",
    "The expression of interest must have been accepted and still be open.",
)
HELD_LATER = Problem(
    "held_at_future", "洽谈时间不能晚于现在。", "A talk cannot be recorded before it was held.", "/held_at"
)
OWN_RECORD = Problem(
    "other_side_confirms",
    "洽谈记录须由对方确认或提出异议。",
    "The record is confirmed or disputed by the other side.",
)
NOT_OWN_RECORD = Problem(
    "own_side_amends", "只有记录方可以更正。", "Only the side that wrote the record amends it."
)
SETTLED = Problem(
    "talk_confirmed", "双方已确认的记录不能再改。", "A record confirmed by both sides cannot be changed."
)
NOT_NEWEST = Problem(
    "term_sheet_replaced",
    "该版本已被新版本取代，请确认最新版本。",
    "This version has been replaced; accept the newest.",
)
OWN_SHEET = Problem("other_side_accepts", "条款须由对方确认。", "Terms are accepted by the other side.")


async def record(session: AsyncSession, actor: Actor, intent: Intent, draft: TalkDraft) -> Talk:
    """Write down a meeting for one's own side. Raises `NotYou`, `NotNow`."""
    side = _my_side(actor, intent)
    await lock(session, intent)
    problems = [] if intent.state in AT_TABLE else [NOT_AT_TABLE]
    problems += [HELD_LATER] if draft.held_at > clock.now() else []
    raise_all(problems)
    talk = Talk(
        intent_id=intent.id,
        organization_id=intent.organization_id,
        area_path=intent.area_path,
        recorded_by=side,
        state=TALKS.initial,
        **draft.model_dump(),
    )
    _confirmed_by(talk, side)
    session.add(talk)
    await session.flush()
    await journal.record(session, actor, _talk_event(talk, intent, "recorded"))
    return talk


async def talk(session: AsyncSession, actor: Actor, talk_id: UUID) -> Talk:
    """One talk. Raises `NotFound` when it is not there or not the caller's to see."""
    found = await repository.talk(session, talk_id, visible_to(actor))
    if found is None:
        raise NotFound()
    return found


async def amend(session: AsyncSession, actor: Actor, talk: Talk, draft: TalkDraft) -> Talk:
    """Correct a record that is not confirmed yet; the other side is asked again."""
    side = _my_side(actor, talk)
    await lock(session, talk)
    raise_all(
        ([NOT_OWN_RECORD] if side != talk.recorded_by else [])
        + ([SETTLED] if talk.state == "confirmed" else [])
    )
    changed = [name for name, value in draft.model_dump().items() if getattr(talk, name) != value]
    for name, value in draft.model_dump().items():
        setattr(talk, name, value)
    intent = await intents.get(session, actor, talk.intent_id)
    if talk.state == "disputed":
        await move(session, TALKS, talk, "amend", actor, change={"fields": changed})
    else:
        await session.flush()
        await journal.record(session, actor, _talk_event(talk, intent, "amended", {"fields": changed}))
    return talk


async def transition_talk(
    session: AsyncSession, actor: Actor, talk: Talk, event: str, note: str | None = None
) -> Talk:
    """Confirm or dispute the other side's record; the pair has talked once a record is confirmed by both."""
    side = _my_side(actor, talk)
    if event in ("confirm", "dispute"):
        if side == talk.recorded_by:
            raise NotNow(OWN_RECORD)
        intent = await intents.get(session, actor, talk.intent_id)
        await lock(session, intent)
        if intent.state not in AT_TABLE:
            raise NotNow(NOT_AT_TABLE)
        values = {f"{side}_confirmed_at": clock.now()} if event == "confirm" else {}
        await move(session, TALKS, talk, event, actor, note, values=values)
        if event == "confirm":
            await intents.talked(session, actor, intent, talk.held_at)
    else:
        await move(session, TALKS, talk, event, actor, note)
    return talk


def _my_side(actor: Actor, thing: Any) -> TableSide:
    side = side_of(actor, thing)
    if side is None:
        raise NotYou()
    return side


def _confirmed_by(talk: Talk, side: TableSide) -> None:
    setattr(talk, f"{side}_confirmed_at", clock.now())


async def talks_of(session: AsyncSession, intent: Intent) -> list[Talk]:
    """The talks of an intent that the caller may see, in the order they were held."""
    return await repository.talks(session, [intent.id])


def talk_view(talk: Talk) -> TalkView:
    return TalkView.model_validate(talk, by_name=True, context=FEN).model_copy(
        update={"held_at": clock.local(talk.held_at)}
    )


async def propose_terms(
    session: AsyncSession, actor: Actor, intent: Intent, draft: TermSheetDraft
) -> TermSheet:
    """Put the next version of the terms on the table; its own side accepts it by proposing. Raises `NotYou`, `NotNow`."""
    side = _signing_side(actor, intent)
    await lock(session, intent)
    if intent.state not in AT_TABLE:
        raise NotNow(NOT_AT_TABLE)
    newest = await repository.newest_sheet(session, intent.id)
    sheet = TermSheet(
        intent_id=intent.id,
        sheet_no=newest.sheet_no + 1 if newest else 1,
        proposed_by=side,
        amount_fen=draft.amount_fen,
        terms=draft.model_dump(mode="json", exclude={"amount_fen"}, exclude_none=True),
        created_at=clock.now(),
    )
    setattr(sheet, f"{side}_accepted_at", sheet.created_at)
    session.add(sheet)
    await session.flush()
    told = intents.event(intent, "terms_proposed", {"sheet_no": sheet.sheet_no, "by": side})
    await journal.record(session, actor, told)
    return sheet


async def term_sheet(session: AsyncSession, actor: Actor, sheet_id: UUID) -> TermSheet:
    """One version of the terms. Raises `NotFound` when it is not there or not the caller's to see."""
    found = await repository.term_sheet(session, sheet_id, visible_to(actor))
    if found is None:
        raise NotFound()
    return found


async def accept_terms(session: AsyncSession, actor: Actor, sheet: TermSheet) -> TermSheet:
    """Accept the newest version for the side that did not propose it. Repeating it changes nothing."""
    intent = await intents.get(session, actor, sheet.intent_id)
    side = _signing_side(actor, intent)
    await lock(session, intent)
    newest = await repository.newest_sheet(session, intent.id)
    raise_all(
        ([NOT_AT_TABLE] if intent.state not in AT_TABLE else [])
        + ([NOT_NEWEST] if newest is None or newest.id != sheet.id else [])
        + ([OWN_SHEET] if side == sheet.proposed_by else [])
    )
    if getattr(sheet, f"{side}_accepted_at") is None:
        setattr(sheet, f"{side}_accepted_at", clock.now())
        await session.flush()
        await journal.record(
            session, actor, intents.event(intent, "terms_accepted", {"sheet_no": sheet.sheet_no})
        )
    return sheet


def _signing_side(actor: Actor, intent: Intent) -> TableSide:
    # A community may talk for the buyer, but never binds government money.
    side = _my_side(actor, intent)
    if side == TableSide.BUYER and not may_decide(actor, intent):
        raise NotYou()
    return side


def agreed(sheet: TermSheet) -> bool:
    """Whether both sides have accepted this version."""
    return sheet.buyer_accepted_at is not None and sheet.organization_accepted_at is not None


async def term_sheet_views(session: AsyncSession, intent_id: UUID) -> list[TermSheetView]:
    """Every version of an intent's terms, oldest first, each with what it changed."""
    sheets = await repository.sheets(session, [intent_id])
    earlier: Sequence[TermSheet | None] = [None, *sheets[:-1]]
    return [_sheet_view(sheet, before) for sheet, before in zip(sheets, earlier, strict=True)]


def _sheet_view(sheet: TermSheet, before: TermSheet | None) -> TermSheetView:
    shown = {name: getattr(sheet, name) for name in TermSheetView.model_fields if hasattr(sheet, name)}
    changes = difference(_content(before), _content(sheet)) if before else []
    return TermSheetView.model_validate(
        {**shown, "changes": changes, "agreed": agreed(sheet)}, by_name=True, context=FEN
    )


def _content(sheet: TermSheet) -> dict[str, Any]:
    return {"amount_yuan": yuan(sheet.amount_fen), **sheet.terms}


def difference(old: Any, new: Any, pointer: str = "") -> list[FieldChange]:
    """What differs between two JSON values, leaf by leaf; list items are compared by place."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        pairs = [(key, old.get(key), new.get(key)) for key in keys]
    elif isinstance(old, list) and isinstance(new, list):
        longest = max(len(old), len(new))
        filled = [value + [None] * (longest - len(value)) for value in (old, new)]
        pairs = [(str(i), a, b) for i, (a, b) in enumerate(zip(*filled, strict=True))]
    else:
        return [] if old == new else [FieldChange(pointer=pointer, old=old, new=new)]
    return [change for key, a, b in pairs for change in difference(a, b, f"{pointer}/{key}")]


def _talk_event(talk: Talk, intent: Intent, name: str, change: dict[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        "talk",
        talk.id,
        name,
        TALKS.audience(talk),
        number=intent.number,
        change=change or {},
    )
