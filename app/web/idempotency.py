"""`Idempotency-Key`: the same key with the same body gives the same answer for 24 hours.

The answer is recorded in the business transaction itself, so that "done" and "remembered" cannot part. Answers ≥ 400 are not
stored (their transaction is rolled back). Same key with another body: 422. Same key still being worked on: 409. Of a route that
hands out a secret only that it was done is stored, and its answer is refused the second time: 409.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import LargeBinary, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base
from app.kernel.errors import Malformed, NotNow, Problem

KEPT = timedelta(hours=24)
REPLAYED = "idempotency-replayed"
NOT_KEPT = Problem(
    "answer_not_kept",
    "该请求已办理。回执含一次性凭据，不予保存，无法重发；请查询结果，或换用新的键另行申请。",
    "This request has been done. Its answer held a secret, which is not kept and cannot be repeated: look up what it did, "
    "or ask anew with another key.",
)
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def hands_out_a_secret(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint whose answer shows a token or a code once: the answer is kept nowhere."""
    endpoint.hands_out_a_secret = True  # type: ignore[attr-defined]  # a mark that a function bears
    return endpoint


def is_secret(endpoint: Callable[..., Any]) -> bool:
    return getattr(endpoint, "hands_out_a_secret", False)


class IdempotentAnswer(Base):
    """One stored answer. The key is hashed with the caller's credential, so that no one can ask for another's answer; the request
    is hashed with the key, which nobody stores, so that a password in it cannot be guessed from here. No body: a secret was in it.
    """

    __tablename__ = "idempotent_answers"

    key: Mapped[UUID] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), index=True)


async def once(session: AsyncSession, request: Request, answer: Any, *, secret: bool = False) -> Response:
    """Answer the request, or repeat the stored answer of the same request; the answer of a `secret` one is not stored."""
    key = request.headers.get("idempotency-key")
    if key is None:
        response: Response = await answer(request)
        return response
    if not 1 <= len(key) <= 255:
        raise Malformed(
            Problem(
                "bad_idempotency_key",
                "Idempotency-Key 须为 1–255 个字符。",
                "Idempotency-Key must be 1 to 255 characters.",
            )
        )
    caller = request.headers.get("authorization", "")
    identity = UUID(bytes=hashlib.sha256(f"{caller}\n{key}".encode()).digest()[:16])
    content = hashlib.sha256(f"{key}\n{request.method} {request.url.path}?{request.url.query}\n".encode())
    content.update(await request.body())
    lock = int.from_bytes(identity.bytes[:8], signed=True)
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
        raise NotNow(
            Problem(
                "idempotency_in_flight",
                "同一 Idempotency-Key 的请求正在处理，请稍后重试。",
                "A request with the same Idempotency-Key is being worked on; try again shortly.",
            )
        )
    stored = await session.get(IdempotentAnswer, identity)
    if stored is not None and stored.at > datetime.now(UTC) - KEPT:
        if stored.request_hash != content.digest():
            raise Malformed(
                Problem(
                    "idempotency_key_reused",
                    "该 Idempotency-Key 已用于另一请求，请换用新的键。",
                    "This Idempotency-Key was used for another request; use a new key.",
                )
            )
        if stored.body is None:
            raise NotNow(NOT_KEPT)
        return Response(stored.body, stored.status, headers={**stored.headers, REPLAYED: "true"})
    response = await answer(request)
    if response.status_code < 400:
        kept = {
            k: v for k, v in response.headers.items() if k in ("content-type", "location", "x-thing-version")
        }
        values = {
            "request_hash": content.digest(),
            "status": response.status_code,
            "headers": kept,
            "body": None if secret else bytes(response.body),
        }
        await session.execute(
            insert(IdempotentAnswer)
            .values(key=identity, **values)
            .on_conflict_do_update(index_elements=["key"], set_={**values, "at": func.clock_timestamp()})
        )
    return response


async def forget(session: AsyncSession) -> None:
    """Drop answers older than 24 hours (housekeeping)."""
    await session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.at < func.clock_timestamp() - KEPT))
