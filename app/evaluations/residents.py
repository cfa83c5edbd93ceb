"""What residents say, without an account: one token, one reply."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import permissions as of_contract
from app.contracts import service as contracts
from app.contracts.models import Contract, ContractState
from app.editions import service as editions
from app.evaluations import repository, rules
from app.evaluations.models import SatisfactionReply, SatisfactionToken
from app.evaluations.schemas import ReplyDraft, SatisfactionView, TokensDraft, TokensView
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, NotNow, NotYou, Problem

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
GROUPS, LENGTH = 4, 4
"""Sixteen characters that cannot be mistaken for each other on paper: 79 bits."""
JUDGED_IN = (ContractState.IN_DELIVERY, ContractState.FINAL_EVALUATION)
UNKNOWN = Problem("token_unknown", "评价码无效或已过期。", "The token is not valid or has run out.", "/token")
USED = Problem("token_used", "该评价码已使用过。", "This token has been used.", "/token")
CLOSED = Problem(
    "survey_closed", "该项目当前不收集满意度。", "Satisfaction is not being asked for this contract now."
)


async def issue(session: AsyncSession, actor: Actor, draft: TokensDraft) -> TokensView:
    """Tokens to hand out; only the buyer or the community that manages delivery gets them, never the supplier.

    They are returned once. Raises `NotFound`, `NotYou`, `NotNow` (not in delivery).
    """
    contract = await contracts.get(session, actor, draft.contract_id)
    if not of_contract.may_judge_delivery(actor, contract):
        raise NotYou()
    if contract.state not in JUDGED_IN:
        raise NotNow(CLOSED)
    expires_at = clock.now() + timedelta(days=draft.valid_days)
    tokens = [_fresh() for _ in range(draft.count)]
    session.add_all(
        SatisfactionToken(
            contract_id=contract.id,
            digest=digest_of(token),
            channel=draft.channel,
            issued_by=actor.account_id,
            expires_at=expires_at,
        )
        for token in tokens
    )
    await session.flush()
    change = {"count": draft.count, "channel": str(draft.channel)}
    await journal.record(
        session,
        actor,
        journal.Event(
            "contract",
            contract.id,
            "satisfaction_tokens_issued",
            journal.Audience(contract.area_path),
            number=contract.number,
            change=change,
        ),
    )
    return TokensView(contract_id=contract.id, channel=draft.channel, expires_at=expires_at, tokens=tokens)


async def reply(session: AsyncSession, draft: ReplyDraft) -> None:
    """One resident's judgement. Raises `NotFound` (unknown or run out), `NotNow` (used already, or no longer asked).

    Who replied is nowhere: no entry in the journal, no account, no address.
    """
    digest = digest_of(draft.token)
    token = await repository.use_token(session, digest, clock.now())
    if token is None:
        known = await repository.token(session, digest)
        if known is not None and known.used_at is not None:
            raise NotNow(USED)
        raise NotFound(UNKNOWN)
    if await contracts.state_of(session, token.contract_id) not in JUDGED_IN:
        raise NotNow(CLOSED)
    session.add(
        SatisfactionReply(
            token_id=token.id,
            contract_id=token.contract_id,
            channel=token.channel,
            respondent_kind=draft.respondent_kind,
            scale=draft.scale,
            overall=draft.overall,
            answers=draft.answers,
            comment=draft.comment,
        )
    )
    await session.flush()


async def view(session: AsyncSession, actor: Actor, contract: Contract) -> SatisfactionView:
    """The index of a contract, once there are enough replies; the public never sees a count below five."""
    heard = await repository.heard(session, contract.id, await contracts.persons_served(session, contract.id))
    settings = await editions.settings_of(session, contract.edition_code)
    needed = rules.replies_needed(
        heard.persons,
        enough=settings.publish_satisfaction_persons,
        percent=settings.publish_satisfaction_share,
    )
    inside = of_contract.may_see_file(actor, contract)
    small = heard.n < rules.FEWEST_SHOWN and not inside
    # What is needed is worked out from the persons: where they are few, it tells how few.
    few = 0 < heard.persons < rules.FEWEST_SHOWN and not inside
    published = heard.n >= needed and not small
    return SatisfactionView(
        contract_id=contract.id,
        n=None if small else heard.n,
        persons=None if few else heard.persons,
        needed=None if few else needed,
        suppressed=[*(["n"] if small else []), *(["persons", "needed"] if few else [])],
        published=published,
        index=heard.index if published else None,
        low=heard.low if published else None,
        high=heard.high if published else None,
        as_of=clock.now(),
    )


def digest_of(token: str) -> bytes:
    """SHA-256 of the token as written on the slip, whatever its case and dashes."""
    plain = "".join(character for character in token.upper() if character.isalnum())
    return hashlib.sha256(f"satisfaction:{plain}".encode()).digest()


def _fresh() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)
