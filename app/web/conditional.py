"""Conditional requests (RFC 9110 §13): ETag and 304 on reads, If-Match on updates.

An ETag is "<version>-<digest of the body>" for a thing with a version, W/"<digest>" for anything else. 304 compares the
whole tag (two readers may see different fields of one version); If-Match compares the version only.
"""

import hashlib
import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from app.kernel.errors import ConditionMissing, Malformed, Problem, Stale

VERSION_HEADER = "x-thing-version"


def tag(response: Response, version: int) -> None:
    """Called by an endpoint that answers with one thing: its ETag will carry this version."""
    response.headers[VERSION_HEADER] = str(version)


def answer(request: Request, response: Response) -> Response:
    """The answer of a read: tagged, and 304 without a body when the reader has it already."""
    response = tagged(response)
    etag = response.headers.get("etag")
    known = request.headers.get("if-none-match")
    if etag and known and any(_same(etag, candidate) for candidate in known.split(",")):
        kept = {k: v for k, v in response.headers.items() if k in ("etag", "cache-control", "vary", "link")}
        return Response(status_code=304, headers=kept)
    return response


def tagged(response: Response) -> Response:
    """Give a successful answer its ETag."""
    if response.status_code not in (200, 201) or isinstance(response, StreamingResponse):
        return response
    if not hasattr(response, "body"):
        return response
    digest = hashlib.sha256(bytes(response.body)).hexdigest()[:16]
    version = response.headers.get(VERSION_HEADER)
    response.headers["etag"] = f'"{version}-{digest}"' if version else f'W/"{digest}"'
    if version:
        del response.headers[VERSION_HEADER]
    response.headers.setdefault("cache-control", "private, no-cache")
    response.headers.setdefault("vary", "Authorization, Accept")
    return response


def _same(etag: str, candidate: str) -> bool:
    candidate = candidate.strip()
    return candidate == "*" or candidate.removeprefix("W/") == etag.removeprefix("W/")


class IfMatch:
    """The sender's condition on the version of what it is about to change."""

    def __init__(self, versions: frozenset[int] | None, *, present: bool) -> None:
        self._versions, self._present = versions, present

    def require(self, version: int) -> None:
        """For updates: raises `ConditionMissing` (428) without If-Match, `Stale` (412) when it names another version."""
        if not self._present:
            raise ConditionMissing()
        self.allow(version)

    def allow(self, version: int) -> None:
        """For transitions: If-Match is optional, but holds when sent."""
        if self._versions is not None and version not in self._versions:
            raise Stale(current=version)


def _if_match(request: Request, if_match: Annotated[str | None, Header()] = None) -> IfMatch:
    if if_match is None:
        return IfMatch(None, present=False)
    if if_match.strip() == "*":
        return IfMatch(None, present=True)
    versions = re.findall(r'(?:W/)?"(\d+)(?:-[0-9a-f]+)?"', if_match)
    if not versions:
        raise Malformed(
            Problem(
                "bad_if_match",
                'If-Match 须为读取时返回的 ETag，例如 "3-5f2c…"。',
                'If-Match must be the ETag of your last read, such as "3-5f2c…".',
            )
        )
    return IfMatch(frozenset(map(int, versions)), present=True)


Conditional = Annotated[IfMatch, Depends(_if_match)]
