"""The one translator of errors to HTTP: `application/problem+json` (RFC 9457), in Chinese and English.

Every problem carries a stable `code`, both messages, and a JSON pointer to the field where there is one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from app.kernel import fields
from app.kernel.errors import (
    ConditionMissing,
    Malformed,
    NotFound,
    NotNow,
    NotSignedIn,
    NotYou,
    Problem,
    SheqiaError,
    Stale,
    TooLarge,
    TooMany,
    Unsupported,
)

log = structlog.get_logger()

STATUS: Mapping[type[SheqiaError], int] = {
    Malformed: 422,
    NotNow: 409,
    NotYou: 403,
    NotFound: 404,
    NotSignedIn: 401,
    Stale: 412,
    ConditionMissing: 428,
    TooMany: 429,
    TooLarge: 413,
    Unsupported: 415,
}

HTTP_WORDS: Mapping[int, tuple[str, str, str]] = {
    400: ("bad_request", "请求无法解析。", "The request cannot be read."),
    404: ("not_found", "没有这个地址。", "There is nothing at this address."),
    405: ("method_not_allowed", "该地址不支持此方法。", "This address does not support the method."),
    406: ("not_acceptable", "不支持所要求的格式。", "The requested format is not offered."),
    413: ("too_large", "内容超过允许的大小。", "The content is larger than allowed."),
    415: ("unsupported_media_type", "不支持的内容类型。", "The content type is not supported."),
    503: ("unavailable", "服务暂不可用，请稍后重试。", "The service is not available now; try again later."),
}


class ProblemItem(BaseModel):
    """One reason."""

    code: str
    message_zh: str
    message_en: str
    pointer: str | None = None
    values: dict[str, Any] = {}


class ProblemDocument(BaseModel):
    """RFC 9457, with every reason at once in `problems`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    instance: str
    problems: list[ProblemItem]


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "model": ProblemDocument,
        "description": words,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
    for status, words in {
        401: "Not signed in",
        403: "Not you",
        404: "Not there, or not yours to see",
        409: "Not now: every reason is listed",
        422: "Malformed: every field is named",
    }.items()
}


def document(
    request: Request, status: int, problems: Sequence[Problem], *, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem+json answer holding all `problems`."""
    first = problems[0]
    body = ProblemDocument(
        title=first.en,
        status=status,
        detail=first.zh,
        code=first.code,
        instance=request.url.path,
        problems=[
            ProblemItem(
                code=p.code, message_zh=p.zh, message_en=p.en, pointer=p.pointer, values=_jsonable(p.values)
            )
            for p in problems
        ],
    )
    content = body.model_dump_json(exclude_none=True)
    return Response(content, status, headers=dict(headers or {}), media_type="application/problem+json")


def _jsonable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
        for key, value in values.items()
    }


def install(app: FastAPI) -> None:
    """Teach the application to answer every error as problem+json."""
    app.add_exception_handler(SheqiaError, _sheqia)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(IntegrityError, _integrity)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(ConnectionError, _database)
    app.add_exception_handler(Exception, _unforeseen)


async def _sheqia(request: Request, error: Exception) -> Response:
    assert isinstance(error, SheqiaError)
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in error.extra:
        headers["Retry-After"] = str(error.extra["retry_after"])
    return document(request, status, error.problems, headers=headers)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return document(request, 422, [_field_problem(item) for item in error.errors()])


def _field_problem(item: Mapping[str, Any]) -> Problem:
    place, *path = item["loc"] or ("body",)
    found = fields.problem({**item, "loc": path})
    return replace(found, values={"in": str(place), **found.values})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, zh, en = HTTP_WORDS.get(error.status_code, ("http_error", "请求未能完成。", str(error.detail)))
    return document(request, error.status_code, [Problem(code, zh, en)], headers=error.headers)


async def _integrity(request: Request, error: Exception) -> Response:
    """The database refused what the rules would have refused a moment earlier: two people were faster than one check."""
    assert isinstance(error, IntegrityError)
    constraint = _constraint(error)
    if getattr(error.orig, "sqlstate", "") == "23P01" or constraint:
        problem = Problem(
            "refused_by_database",
            f"与现有数据冲突（{constraint}），请刷新后重试。",
            f"Conflicts with what is stored ({constraint}); read again and retry.",
            values={"constraint": constraint},
        )
        return document(request, 409, [problem])
    return await _unforeseen(request, error)


def _constraint(error: IntegrityError) -> str:
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    if name:
        return str(name)
    found = re.search(r'constraint "([^"]+)"', str(error.orig))
    return found.group(1) if found else ""


async def _database(request: Request, error: Exception) -> Response:
    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    if state[:2] in ("40", "55", "57", "53", "08", "") or isinstance(error, ConnectionError):
        log.warning("database_unavailable", error=str(error)[:300])
        code, zh, en = HTTP_WORDS[503]
        return document(request, 503, [Problem(code, zh, en)], headers={"Retry-After": "2"})
    if state in ("22P05", "22021"):
        problem = Problem(
            "bad_text", "文字中含有无法存储的字符。", "The text holds a character that cannot be stored."
        )
        return document(request, 422, [problem])
    return await _unforeseen(request, error)


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen", path=request.url.path, exc_info=error)
    problem = Problem("internal", "服务内部错误，已记录。", "An internal error; it has been recorded.")
    return document(request, 500, [problem])
