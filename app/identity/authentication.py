"""Who is calling: the bearer token of a request turned into an `Actor`, with a limit on how fast it may call."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.identity import service
from app.kernel.actor import Actor
from app.kernel.errors import NotSignedIn
from app.web.session import ReadSession

_bearer = HTTPBearer(auto_error=False, description="The token of POST /api/v1/sessions")

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _anyone(request: Request, session: ReadSession, bearer: Bearer) -> Actor:
    return await service.actor_of(session, bearer.credentials if bearer else None)


async def _signed_in(actor: Annotated[Actor, Depends(_anyone)]) -> Actor:
    if actor.account_id is None:
        raise NotSignedIn()
    return actor


Anyone = Annotated[Actor, Depends(_anyone)]
"""The caller, who may be the public."""

SignedIn = Annotated[Actor, Depends(_signed_in)]
"""The caller, who must have an account."""
