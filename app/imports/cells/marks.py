"""Ticks, grades and coded words: booleans, ratings, annual inspections and every list of the catalogue."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date

from app.catalogue.codes import CODES, resolve
from app.imports.cells.numerals import number
from app.imports.cells.parsed import BLANK, Cell, Context, Parsed, RowProblem, warning
from app.imports.cells.parts import fitting, joined_by, split, ticked
from app.imports.cells.text import error_cell, plain, says_nothing, text_of

_YES = frozenset(
    ("√", "✓", "✔", "☑", "是", "有", "1", "y", "yes", "t", "true", "已", "已认定", "具备", "具有", "对", "●", "■", "v")
)  # fmt: skip
_NO = frozenset(
    ("×", "✗", "✘", "☒", "x", "否", "无", "0", "n", "no", "f", "false", "未", "没有", "不具备", "未认定", "不是", "□", "○", "☐")
)  # fmt: skip
_AND = re.compile(r"以及|及(?!以上|其以上)|和|与|或")
_NOTE = re.compile(r"[(（]([^()（）]*)[)）]$")
# What stands before a group of people and does not change which group it is.
_WHOSE = re.compile(
    r"^(?:(?:本)?(?:辖区|社区|街道|村居|区)(?:范围)?内?的?|全体|广大|各类|部分|有需要的|户籍|常住|"
    r"\d{1,3}(?:[-~～—至到]\d{1,3})?(?:周岁|岁)(?:[(（]含[)）])?(?:及?以[上下]|[(（]含[)）])*的?)+(?=.)"
)
_OF_GRADE = re.compile(r"(?P<grade>[1-5一二三四五两]A|A{1,5})(?:级|等级|等)?(?P<rest>.*)", re.IGNORECASE)
_YEAR = re.compile(r"(20\d{2})")
_UNRATED = re.compile(r"^(未评|未评估|未参评|未参加|无等级|未定级|尚未|未获|不参评|暂未|未申请)")
_UNDER_WAY = re.compile(r"申报|申请|评审|评估中|公示|拟|待")
_EXPIRED = re.compile(r"过期|失效|已到期|已满")
_GIVEN_IN = re.compile(r"^20\d{2}(?:年度?)?(?:获评?|评为|被评为|评定为?|获得)?")
_UNTIL = re.compile(
    r"(?:有效期?|到期|截至|截止|(?<=[\d年月日])[-—~～至到])[^\d]{0,4}(20\d{2})(?:[年.\-/](\d{1,2}))?(?:[月.\-/](\d{1,2}))?"
)
_LAPSED = re.compile(r"过期|失效|撤销|取消|注销|待|申请|办理|公示")
_SPANNED = re.compile(r"^(20\d{2})(?:年度?)?[-~～—至到](20\d{2})(?:年度?)?(?:年检)?(?:连续|均|都|皆)?(?:为)?")
_LATELY = re.compile(r"^近([两二三四五2345])年(?:来)?(?:年检)?(?:结论|情况)?(?:连续|均|都|皆)?(?:为)?")

LONGEST_LINE = 200
"""The longest line that the drafts take into a list."""

Parser = Callable[[Cell, Context], Parsed]


def flag(cell: Cell, context: Context) -> Parsed:
    """True, False or, when blank, None: unknown is not false."""
    failed = error_cell(cell)
    if failed:
        return failed
    if isinstance(cell, bool):
        return Parsed(cell)
    text = plain(cell).lower()
    if len(text) > 1:
        text = plain(ticked(text))
    if not text or text in ("/", "-", "—", "待定", "不详"):
        return BLANK
    head = re.split(r"[(（,，;；]", text)[0]
    if (
        text in _YES
        or head in _YES
        or (head.startswith(("是", "有", "已")) and "未" not in head and not _LAPSED.search(head))
    ):
        return Parsed(True)
    if text in _NO or head in _NO or head.startswith(("否", "无", "未", "没")):
        return Parsed(False)
    return Parsed(None, (
        warning("flag_unreadable", f"无法识别是或否：{text[:20]}，已留空。", f"Neither yes nor no: {text[:20]}; left empty.", "填 是 或 否"),
    ))  # fmt: skip


def rating(cell: Cell, context: Context) -> Parsed:
    """1A-5A, with the `year` it was given or the last day `valid_until` where the cell names them; '未评' is None."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = plain(cell).upper()
    if says_nothing(text) or _UNRATED.match(text) or text in ("否", "×"):
        return BLANK
    given = _GIVEN_IN.match(text)
    core = re.sub(r"^(社会组织)?(评估)?(等级)?[:]?", "", text[given.end() :] if given else text)
    core = re.sub(r"[(]含[)]|(及以上|以上|或以上)", "", core)
    found = _OF_GRADE.fullmatch(core)
    grade = resolve("rating", found["grade"]) if found else resolve("rating", core)
    if grade is None or _UNDER_WAY.search(found["rest"] if found else ""):
        return Parsed(None, (
            warning("rating_unknown", f"无法识别的等级：{text[:20]}，已留空。", f"The rating cannot be read: {text[:20]}; left empty.",
                    "填 1A 至 5A 或 未评"),
        ))  # fmt: skip
    rest = found["rest"] if found else ""
    if _EXPIRED.search(rest):
        return Parsed(None, (
            warning("rating_expired", f"等级已过期（{text[:30]}），按无等级处理。", f"The rating has expired ({text[:30]}) and counts as none."),
        ))  # fmt: skip
    if until := _UNTIL.search(rest):
        return Parsed(grade, (), {"valid_until": _last_day(*(int(part or 0) for part in until.groups()))})
    years = [int(year) for year in _YEAR.findall((given[0] if given else "") + rest)]
    more = {"year": min(years)} if years else {}
    return Parsed(grade, (), more)


def _last_day(year: int, month: int, in_month: int) -> date:
    if not 1 <= month <= 12:
        return date(year, 12, 31)
    last = monthrange(year, month)[1]
    return date(year, month, in_month if 1 <= in_month <= last else last)


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
    waiting: list[int] = []  # years whose result follows: '2023、2024合格'
    for part in re.split(r"[,;、\n/]+|(?<=[格加检])(?=20\d{2})", text):
        if re.fullmatch(r"20\d{2}(?:年度?)?", part):
            waiting.append(int(part[:4]))
            continue
        years, part = _inspected(part, context.year)
        year = _YEAR.search(part)
        word = re.sub(r"20\d{2}(年度?)?|年检(?=[:结])|结论|[:()]", "", part)
        bare = re.sub(r"20\d{2}(年度?)?|结论|:|\([^)]*\)?", "", part)
        code = resolve("inspection_result", word) or resolve("inspection_result", bare) if word else None
        if code is None:
            problems.append(_unknown("inspection_result", part))
            continue
        years = years or [int(year[1]) if year else context.year - 1]
        results.update((str(counted), code) for counted in (*waiting, *years))
        waiting = []
    if waiting:
        problems.append(_unknown("inspection_result", text))
    return Parsed(results or None, tuple(problems))


def _inspected(part: str, year: int) -> tuple[list[int], str]:
    """The years a result holds for when it names several ('2023-2025连续合格', '近三年均合格'), and the result's words."""
    if (span := _SPANNED.match(part)) and int(span[1]) <= int(span[2]) <= int(span[1]) + 10:
        return list(range(int(span[1]), int(span[2]) + 1)), part[span.end() :]
    if lately := _LATELY.match(part):
        many = number(lately[1])
        return list(range(year - int(many or 1), year)), part[lately.end() :]
    return [], part


def inspection_of(year: int) -> Parser:
    """The parser of a column that holds the result of one named year."""

    def parse(cell: Cell, context: Context) -> Parsed:
        parsed = one_of("inspection_result")(cell, context)
        return Parsed({str(year): parsed.value} if parsed.value else None, parsed.problems)

    return parse


def one_of(list_name: str, *, other: str | None = None, others: str | None = None) -> Parser:
    """The parser of one code of a list; an unknown word becomes `other` (or None) with a warning.

    Of several codes the first is taken: the rest goes to the field `others`, or is named in a warning.
    """

    def parse(cell: Cell, context: Context) -> Parsed:
        failed = error_cell(cell)
        if failed:
            return failed
        text = ticked(text_of(cell))
        code = resolve(list_name, text)
        if code is not None:
            return Parsed(code)
        if says_nothing(plain(text)):
            return BLANK
        codes, unknown = codes_in(list_name, text)
        problems = [_unknown(list_name, "、".join(unknown))] if unknown else []
        if not codes:
            return Parsed(other, tuple(problems))
        if len(codes) > 1 and others is None:
            problems.append(_several(list_name, text, codes[0]))
        return Parsed(codes[0], tuple(problems), {others: codes[1:]} if others and len(codes) > 1 else {})

    return parse


def many_of(list_name: str, *, other: str | None = None) -> Parser:
    """The parser of a cell with several codes of a list; what is unknown becomes `other` once, with a warning."""

    def parse(cell: Cell, context: Context) -> Parsed:
        failed = error_cell(cell)
        if failed:
            return failed
        text = ticked(text_of(cell))
        if says_nothing(plain(text)):
            return BLANK
        whole = resolve(list_name, text)
        if whole is not None:
            return Parsed([whole])
        codes, unknown = codes_in(list_name, text)
        if unknown and other is not None and other not in codes:
            codes.append(other)
        return Parsed(codes or None, (_unknown(list_name, "、".join(unknown)),) if unknown else ())

    return parse


def codes_in(list_name: str, text: str) -> tuple[list[str], list[str]]:
    """The codes a text names, each once, and its parts that name none."""
    codes: dict[str, None] = {}
    unknown: list[str] = []
    for part in split(text):
        found, rest = _codes_of(list_name, part)
        codes.update(dict.fromkeys(found))
        unknown += rest
    return list(codes), unknown


def _codes_of(list_name: str, part: str) -> tuple[list[str], list[str]]:
    """One part: as it is, without its note, without whose group it is, or as two words joined by 和."""
    if code := resolve(list_name, part):
        return [code], []
    if note := _NOTE.search(part):
        bare = resolve(list_name, part[: note.start()])
        inner = codes_in(list_name, note[1])[0] if bare in (None, "other") else []
        if inner or bare:
            return inner or [str(bare)], []
    if list_name == "target_group" and (whose := _WHOSE.match(part)):
        found, unknown = _codes_of(list_name, part[whose.end() :])
        if found:
            return found, unknown
    best: tuple[list[str], list[str]] = ([], [part])
    for left, right in joined_by(part, _AND):
        ours, strange = _codes_of(list_name, left)
        theirs, stranger = _codes_of(list_name, right)
        if ours and theirs:
            return [*ours, *theirs], [*strange, *stranger]
        if (ours or theirs) and not best[0]:
            best = [*ours, *theirs], [*strange, *stranger]
    return best


def words(cell: Cell, context: Context) -> Parsed:
    """A cell with several free words as a list, none longer than a line."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = text_of(cell)
    if says_nothing(plain(text)):
        return BLANK
    return Parsed([piece for part in split(text) for piece in fitting(part, LONGEST_LINE)] or None)


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
