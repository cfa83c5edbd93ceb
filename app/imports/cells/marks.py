"""Ticks, grades and coded words: booleans, ratings, annual inspections and every list of the catalogue."""

import re
from collections.abc import Callable

from app.catalogue.codes import CODES, resolve
from app.imports.cells.parsed import BLANK, Cell, Context, Parsed, RowProblem, warning
from app.imports.cells.text import error_cell, plain, says_nothing, text_of

_YES = frozenset(
    (
        "√",
        "✓",
        "✔",
        "☑",
        "是",
        "有",
        "1",
        "y",
        "yes",
        "t",
        "true",
        "已",
        "已认定",
        "具备",
        "具有",
        "对",
        "●",
        "■",
        "v",
    )
)
_NO = frozenset(
    (
        "×",
        "✗",
        "✘",
        "☒",
        "x",
        "否",
        "无",
        "0",
        "n",
        "no",
        "f",
        "false",
        "未",
        "没有",
        "不具备",
        "未认定",
        "不是",
        "□",
        "○",
        "☐",
    )
)
_SPLIT = re.compile(r"[、,，;；\n|]+|(?<![\d(])/(?!\d)|(?<=\S)(?:以及|及(?!以上|其以上)|和)(?=\S)")
_OF_GRADE = re.compile(r"(?P<grade>[1-5一二三四五两]A|A{1,5})(?:级|等级|等)?(?P<rest>.*)", re.IGNORECASE)
_YEAR = re.compile(r"(20\d{2})")
_UNRATED = re.compile(r"^(未评|未评估|未参评|未参加|无等级|未定级|尚未|未获|不参评|暂未)")

Parser = Callable[[Cell, Context], Parsed]


def flag(cell: Cell, context: Context) -> Parsed:
    """True, False or, when blank, None: unknown is not false."""
    failed = error_cell(cell)
    if failed:
        return failed
    if isinstance(cell, bool):
        return Parsed(cell)
    text = plain(cell).lower()
    if not text or text in ("/", "-", "—", "待定", "不详"):
        return BLANK
    head = re.split(r"[(（,，;；]", text)[0]
    if text in _YES or head in _YES or (head.startswith(("是", "有", "已")) and "未" not in head):
        return Parsed(True)
    if text in _NO or head in _NO or head.startswith(("否", "无", "未", "没")):
        return Parsed(False)
    return Parsed(None, (
        warning("flag_unreadable", f"无法识别是或否：{text[:20]}，已留空。", f"Neither yes nor no: {text[:20]}; left empty.", "填 是 或 否"),
    ))  # fmt: skip


def rating(cell: Cell, context: Context) -> Parsed:
    """1A-5A, with `year` and `valid_until` where the cell names them; '未评' is None."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = plain(cell).upper()
    if says_nothing(text) or _UNRATED.match(text) or text in ("否", "×"):
        return BLANK
    core = re.sub(r"^(社会组织)?(评估)?(等级)?[:]?", "", text)
    core = re.sub(r"(及以上|以上|或以上)", "", core)
    found = _OF_GRADE.fullmatch(core)
    grade = resolve("rating", found["grade"]) if found else resolve("rating", core)
    if grade is None:
        return Parsed(None, (
            warning("rating_unknown", f"无法识别的等级：{text[:20]}，已留空。", f"The rating cannot be read: {text[:20]}; left empty.",
                    "填 1A 至 5A 或 未评"),
        ))  # fmt: skip
    years = [int(year) for year in _YEAR.findall(found["rest"])] if found else []
    more = {"year": min(years)} if years else {}
    return Parsed(grade, (), more)


def inspections(cell: Cell, context: Context) -> Parsed:
    """Annual inspection results by year: '2024合格、2025基本合格'; a bare result counts for the year before."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = plain(cell)
    if says_nothing(text):
        return BLANK
    results: dict[str, str] = {}
    problems: list[RowProblem] = []
    for part in re.split(r"[,;、\n/]+|(?<=[格加检])(?=20\d{2})", text):
        year = _YEAR.search(part)
        word = re.sub(r"20\d{2}(年度?)?|年检(?=[:结])|结论|[:()]", "", part)
        bare = re.sub(r"20\d{2}(年度?)?|结论|:|\([^)]*\)?", "", part)
        code = resolve("inspection_result", word) or resolve("inspection_result", bare) if word else None
        if code is None:
            problems.append(_unknown("inspection_result", part))
        else:
            results[year[1] if year else str(context.year - 1)] = code
    return Parsed(results or None, tuple(problems))


def inspection_of(year: int) -> Parser:
    """The parser of a column that holds the result of one named year."""

    def parse(cell: Cell, context: Context) -> Parsed:
        parsed = one_of("inspection_result")(cell, context)
        return Parsed({str(year): parsed.value} if parsed.value else None, parsed.problems)

    return parse


def one_of(list_name: str, *, other: str | None = None) -> Parser:
    """The parser of one code of a list; an unknown word becomes `other` (or None) with a warning."""

    def parse(cell: Cell, context: Context) -> Parsed:
        failed = error_cell(cell)
        if failed:
            return failed
        text = text_of(cell)
        if says_nothing(plain(cell)) and not resolve(list_name, text):
            return BLANK
        code = resolve(list_name, text)
        if code is not None:
            return Parsed(code)
        codes = list(dict.fromkeys(filter(None, (resolve(list_name, part) for part in split(text)))))
        if codes:
            return Parsed(codes[0], (_several(list_name, text, codes[0]),) if len(codes) > 1 else ())
        return Parsed(other, (_unknown(list_name, text),))

    return parse


def many_of(list_name: str, *, other: str | None = None) -> Parser:
    """The parser of a cell with several codes of a list; what is unknown becomes `other` once, with a warning."""

    def parse(cell: Cell, context: Context) -> Parsed:
        failed = error_cell(cell)
        if failed:
            return failed
        text = text_of(cell)
        if says_nothing(plain(cell)):
            return BLANK
        whole = resolve(list_name, text)
        if whole is not None:
            return Parsed([whole])
        codes: dict[str, None] = {}
        unknown = []
        for part in split(text):
            code = resolve(list_name, part)
            if code is None:
                unknown.append(part)
                code = other
            if code is not None:
                codes[code] = None
        problems = (_unknown(list_name, "、".join(unknown)),) if unknown else ()
        return Parsed(list(codes) or None, problems)

    return parse


def split(text: str) -> list[str]:
    """The parts of a cell with several values, by 、 , ; / 和 or line breaks; blanks and '等' gone."""
    parts = (re.sub(r"等\d*[类种个]?$", "", part.strip()).strip() for part in _SPLIT.split(text))
    return [part for part in dict.fromkeys(parts) if part]


def words(cell: Cell, context: Context) -> Parsed:
    """A cell with several free words as a list."""
    text = text_of(cell)
    if says_nothing(plain(cell)):
        return BLANK
    return Parsed(split(text) or None)


def _unknown(list_name: str, text: str) -> RowProblem:
    title = CODES[list_name]
    offered = "、".join(code.zh for code in title.codes[:8])
    return warning(
        f"{list_name}_unknown",
        f"“{text[:40]}”不在{title.zh}的代码表中。",
        f"'{text[:40]}' is not in the code list '{title.en}'.",
        f"可填：{offered}{'…' if len(title.codes) > 8 else ''}",
    )


def _several(list_name: str, text: str, taken: str) -> RowProblem:
    title = CODES[list_name]
    return warning(
        f"{list_name}_several",
        f"“{text[:40]}”含多个{title.zh}，取第一个：{title.label(taken)}。",
        f"'{text[:40]}' names several; the first is taken: {title.label(taken, 'en')}.",
    )
