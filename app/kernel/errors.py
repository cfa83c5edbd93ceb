"""One family of errors. Services raise them; `app.web.problems` alone turns them into HTTP answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable code, one clear sentence in Chinese and English, and where it is.

    `pointer` is a JSON pointer into what the sender sent ("/budget_yuan"); `values` are the compared facts,
    so that a screen can show them without parsing the sentence.
    """

    code: str
    zh: str
    en: str
    pointer: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def at(self, pointer: str) -> "Problem":
        """The same problem, found at `pointer`."""
        return Problem(self.code, self.zh, self.en, pointer, self.values)


class SheqiaError(Exception):
    """Something the sender can understand and act on. `problems` holds all reasons at once, never only the first."""

    kind = "error"
    zh = "请求未能完成。"
    en = "The request could not be completed."

    def __init__(self, *problems: Problem, **extra: Any) -> None:
        if not problems:
            problems = (Problem(self.kind, self.zh, self.en),)
        self.problems: tuple[Problem, ...] = problems
        self.extra: Mapping[str, Any] = extra
        super().__init__("; ".join(problem.en for problem in problems))

    @property
    def code(self) -> str:
        return self.problems[0].code


class Malformed(SheqiaError):
    """The request itself is wrong, now and later (HTTP 422)."""

    kind, zh, en = "malformed", "请求内容有误。", "The request is malformed."


class NotNow(SheqiaError):
    """Well formed, but the present state of things does not allow it (HTTP 409)."""

    kind, zh, en = "not_now", "当前状态不允许此操作。", "The present state does not allow this."


class NotYou(SheqiaError):
    """The thing is visible to the actor, but this act belongs to somebody else (HTTP 403)."""

    kind, zh, en = "not_you", "您没有进行此操作的权限。", "You may not do this."


class NotFound(SheqiaError):
    """Not there, or not yours to see: the two are never told apart (HTTP 404)."""

    kind, zh, en = "not_found", "未找到，或您无权查看。", "Not found, or not yours to see."


class NotSignedIn(SheqiaError):
    """No valid credential (HTTP 401)."""

    kind, zh, en = (
        "not_signed_in",
        "请先登录：缺少有效的访问令牌。",
        "Sign in first: a valid bearer token is missing.",
    )


class Stale(SheqiaError):
    """The thing has changed since the sender read it (HTTP 412)."""

    kind = "stale"
    zh = "内容已被他人修改，请重新读取后再提交。"
    en = "The thing has changed since you read it; read it again and repeat."


class ConditionMissing(SheqiaError):
    """An update without `If-Match` (HTTP 428)."""

    kind = "condition_missing"
    zh = "更新须带 If-Match（取自读取时的 ETag）。"
    en = "An update needs If-Match with the ETag of your last read."


class TooMany(SheqiaError):
    """More requests than allowed (HTTP 429); `extra['retry_after']` is in seconds."""

    kind, zh, en = "too_many_requests", "请求过于频繁，请稍后再试。", "Too many requests; try again later."


class TooLarge(SheqiaError):
    """More bytes, rows or columns than the service takes in (HTTP 413)."""

    kind, zh, en = "too_large", "内容超过允许的大小。", "The content is larger than allowed."


class Unsupported(SheqiaError):
    """A kind of file the service does not read (HTTP 415); the sentence says what to send instead."""

    kind, zh, en = "unsupported_file", "不支持的文件类型。", "This kind of file is not supported."


class CannotRun(SheqiaError):
    """The program cannot start or go on, and its operator can mend that (command line: one line, exit code 1)."""

    kind, zh, en = "cannot_run", "程序无法运行。", "The program cannot run."


def raise_all(problems: Iterable[Problem], error: type[SheqiaError] = NotNow) -> None:
    """Raise `error` with every problem at once; return quietly when there is none."""
    found = tuple(problems)
    if found:
        raise error(*found)
