"""What happens around every request: an id, a log line, metrics, and a limit on how fast one caller may call."""

import time
from collections import OrderedDict
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.kernel.errors import Problem, TooMany
from app.web import problems

log = structlog.get_logger()

REQUESTS = Counter("sheqia_http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("sheqia_http_request_seconds", "Time to answer", ["method", "route"])
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
MOST_CALLERS = 10_000

Message = MutableMapping[str, Any]


class Observed:
    """Request id (taken over or made), one log line and two metrics per request, by route template and never by raw path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if 0 < len(given) <= 64 and given.isprintable() else uuid4().hex
        started, status = time.perf_counter(), 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode("latin-1"))]
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_observed)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            SECONDS.labels(scope["method"], route).observe(seconds)
            if route not in UNLIMITED:
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round(seconds * 1000, 1),
                )


class Limited:
    """A token bucket per caller (its bearer token, else its address) in each process: a minute's worth may come at once."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self.app, self._burst, self._rate = app, float(per_minute), per_minute / 60
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNLIMITED:
            await self.app(scope, receive, send)
            return
        wait = self._take(self._caller(scope))
        if wait == 0:
            await self.app(scope, receive, send)
            return
        seconds = max(1, round(wait + 0.5))
        problem = Problem(TooMany.kind, TooMany.zh, TooMany.en, values={"retry_after": seconds})
        answer = problems.document(Request(scope), 429, [problem], headers={"Retry-After": str(seconds)})
        await answer(scope, receive, send)

    def _caller(self, scope: Scope) -> str:
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        return authorization or (scope["client"] or ("",))[0]

    def _take(self, caller: str) -> float:
        """Seconds to wait before the next request is allowed; 0 when this one is."""
        now = time.monotonic()
        left, since = self._buckets.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        allowed = left >= 1
        self._buckets[caller] = (left - 1 if allowed else left, now)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate
