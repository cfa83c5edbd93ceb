"""Dates and periods as lists write them, each with its precision (DOMAIN.md §4.4, 18-21)."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from app.imports.cells.numerals import chinese
from app.imports.cells.parsed import BLANK, Cell, Choice, Context, Parsed, choice, error, warning
from app.imports.cells.text import error_cell, plain, says_nothing, text_of

DAY, MONTH, YEAR = "day", "month", "year"
_EPOCH_1900, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
# Serial numbers of 1982 to 2119: anything else in a date column is not meant as one.
_SERIALS = range(30_000, 80_001)

_CLOCK = re.compile(r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
_IN_WORDS = re.compile(r"([零〇○一二三四五六七八九十]+)(?=[年月日号])")
_YMD = re.compile(r"(\d{4}|\d{2})[年./\-_](\d{1,2})[月./\-_](\d{1,2})[日号]?")
_YM = re.compile(r"(\d{4})[年./\-_](\d{1,2})月?(?:份)?|(\d{2})年(\d{1,2})月(?:份)?")
_COMPACT = re.compile(r"(20\d{2}|19\d{2})(\d{2})(\d{2})?")
_Y = re.compile(r"(20\d{2}|19\d{2})(?:年度?|全年)?")
_MD = re.compile(r"(\d{1,2})[月./\-](\d{1,2})[日号]?|(\d{1,2})月(?:份)?")
_THIRD = {"上旬": 1, "中旬": 11, "下旬": 21, "初": 1, "中": 11, "底": 21, "末": 21}
_TAIL = re.compile(r"(上旬|中旬|下旬|初|中|底|末|左右|前|起|开始|开展|前后)$")
_DASH = re.compile(r"[-—–~～至到－]+")
_MONTHS = re.compile(
    r"(?:共|为期|项目周期)?(?:自|从)?(?:合同|协议)?(?:签约|签订|签署|立项|中标|启动)?(?:合同|协议)?(?:之日)?(?:起|后)*(?:约)?"
    r"(\d{1,3}|[一二两三四五六七八九十]{1,3}|半)(?:个)?(年半|月|年|季度)(?:内|期|左右)?"
)
_RELATIVE = re.compile(r"签约|签订|合同|立项|中标")


def day(cell: Cell, context: Context) -> Parsed:
    """A date, months as their first day, with `precision` among the further fields; impossible dates are errors."""
    failed = error_cell(cell)
    if failed:
        return failed
    if isinstance(cell, datetime):
        return Parsed(cell.date(), (), {"precision": DAY})
    if isinstance(cell, date):
        return Parsed(cell, (), {"precision": DAY})
    if isinstance(cell, float) and (doubt := _tenth_month(cell)):
        return doubt
    text = plain(_CLOCK.sub("", text_of(cell)))
    if says_nothing(text):
        return BLANK
    try:
        found = _read(text, context)
    except ValueError:
        return _impossible(text)
    if found is None:
        return _unreadable(text)
    when, precision = found
    if not 1900 <= when.year <= 2100:
        return _impossible(text)
    return Parsed(when, (), {"precision": precision})


def _read(text: str, context: Context) -> tuple[date, str] | None:
    """The date a text means; ValueError when it is shaped like a date and none exists."""
    text = _IN_WORDS.sub(lambda word: str(chinese(word[1])), text)
    serial = re.fullmatch(r"(\d{5})(?:\.\d+)?", text)
    if serial and int(serial[1]) in _SERIALS:
        epoch = _EPOCH_1904 if context.epoch_1904 else _EPOCH_1900
        return epoch + timedelta(days=int(serial[1])), DAY
    if found := _YMD.fullmatch(text):
        return date(_year(found[1]), int(found[2]), int(found[3])), DAY
    core = _TAIL.sub("", text)
    third = next((start for word, start in _THIRD.items() if text.endswith(word)), 1)
    if found := _YM.fullmatch(core):
        return date(_year(found[1] or found[3]), int(found[2] or found[4]), third if third > 1 else 1), MONTH
    if found := _COMPACT.fullmatch(core):
        if found[3]:
            return date(int(found[1]), int(found[2]), int(found[3])), DAY
        return date(int(found[1]), int(found[2]), 1), MONTH
    if found := _Y.fullmatch(core):
        return date(int(found[1]), 1, 1), YEAR
    if found := _MD.fullmatch(core):
        month, in_month = int(found[1] or found[3]), int(found[2] or 1)
        return date(context.year, month, in_month), DAY if found[2] else MONTH
    return None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _tenth_month(cell: float) -> Parsed | None:
    """2026.1 stored as a number may have been 2026.1 or 2026.10: the file cannot tell, so a person must."""
    if not 1990 < cell < 2100 or abs(cell * 10 - round(cell * 10)) > 1e-9 or round(cell * 10) % 10 != 1:
        return None
    year = int(cell)
    return Parsed(None, (
        choice("month_ambiguous", f"{cell} 是数值，可能是 {year}年1月，也可能是 {year}年10月，请选择。",
               f"{cell} is a number and may mean January or October {year}; choose.",
               (Choice(f"{year}-01-01", f"{year}年1月", f"January {year}"),
                Choice(f"{year}-10-01", f"{year}年10月", f"October {year}"))),
    ))  # fmt: skip


def period(cell: Cell, context: Context) -> Parsed:
    """The months a text spans, with `start_on`, `end_on` and their precisions where it names them.

    '3月—12月' takes the year of the list; '一年', '12个月', '签约后一年' have no start.
    """
    failed = error_cell(cell)
    if failed:
        return failed
    if isinstance(cell, date):  # a datetime is a date
        single = day(cell, context)
        return Parsed(None, (), {"start_on": single.value, "start_precision": DAY})
    text = re.sub(r"[(（][^)）]*[)）]", "", plain(cell))
    if says_nothing(text):
        return BLANK
    if isinstance(cell, int | float) or re.fullmatch(r"\d{1,2}", text):
        return _months(int(float(text))) if re.fullmatch(r"\d{1,2}(\.0)?", text) else _unreadable_period(text)
    try:
        return _span(text, context) or _length(text) or _single(text, context) or _unreadable_period(text)
    except ValueError:
        return _impossible(text)


def _span(text: str, context: Context) -> Parsed | None:
    for dash in _DASH.finditer(text):
        left, right = text[: dash.start()], text[dash.end() :]
        right = re.sub(r"(止|结束|完成)$", "", right)
        left = re.sub(r"^(从|自)|(起|开始)$", "", left)
        start = _read_with_unit(left, right, context)
        if start is None or not right:
            continue
        end = _read(right, Context(start[0].year, epoch_1904=context.epoch_1904))
        if end is None and re.fullmatch(r"次年.+", right):
            end = _read(right[2:], Context(start[0].year + 1))
        if end is None:
            continue
        return _between(*start, *end, text)
    return None


def _read_with_unit(left: str, right: str, context: Context) -> tuple[date, str] | None:
    """'3-12月': the left side takes the unit of the right side."""
    if re.fullmatch(r"\d{1,2}", left):
        left = left + "月" if "月" in right else ""
    elif re.fullmatch(r"\d{4}年\d{1,2}", left) and "月" in right:
        left += "月"
    if re.fullmatch(r"\d{4}", left):
        return None
    return _read(left, context) if left else None


def _between(start: date, start_precision: str, end: date, end_precision: str, text: str) -> Parsed:
    if end < start:
        return Parsed(None, (
            error("period_reversed", f"结束时间早于开始时间：{text}。", f"The end is before the start: {text}."),
        ))  # fmt: skip
    more = {
        "start_on": start,
        "end_on": end,
        "start_precision": start_precision,
        "end_precision": end_precision,
    }
    return Parsed(months_between(start, end, end_precision), (), more)


def months_between(start: date, end: date, end_precision: str = DAY) -> int:
    """Whole months from `start` to `end`, counting a begun month; an end given as a month counts in full."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if end_precision != DAY:
        return months + (12 if end_precision == YEAR else 1)
    return max(1, months + (1 if end.day >= start.day - 1 else 0))


def _length(text: str) -> Parsed | None:
    if text in ("全年", "一整年", "年度", "本年度"):
        return _months(12)
    if text in ("半年", "半年期"):
        return _months(6)
    found = _MONTHS.fullmatch(text)
    if not found:
        return None
    many = 0.5 if found[1] == "半" else (int(found[1]) if found[1].isdigit() else chinese(found[1]) or 0)
    per = {"月": 1, "年": 12, "季度": 3, "年半": 12}[found[2]]
    months = int(many * per) + (6 if found[2] == "年半" else 0)
    return _months(months, relative=bool(_RELATIVE.search(text)))


def _months(months: int, *, relative: bool = False) -> Parsed:
    if not 1 <= months <= 120:
        return _unreadable_period(f"{months}个月")
    if not relative:
        return Parsed(months)
    return Parsed(months, (
        warning("start_relative", "开始时间以签约为准，尚无具体日期。", "The start depends on the signing; there is no date yet."),
    ))  # fmt: skip


def _single(text: str, context: Context) -> Parsed | None:
    found = _read(text, context)
    if found is None:
        return None
    when, precision = found
    more: dict[str, Any] = {"start_on": when, "start_precision": precision}
    if precision == YEAR:
        return Parsed(12, (), {**more, "end_on": date(when.year, 12, 1), "end_precision": MONTH})
    return Parsed(None, (), more)


def _impossible(text: str) -> Parsed:
    return Parsed(None, (
        error("date_impossible", f"不存在的日期：{text[:40]}。", f"There is no such date: {text[:40]}."),
    ))  # fmt: skip


def _unreadable(text: str) -> Parsed:
    return Parsed(None, (
        error("date_unreadable", f"无法识别的日期：{text[:40]}。", f"The date cannot be read: {text[:40]}.",
              "例如 2026年3月 或 2026-03-01"),
    ))  # fmt: skip


def _unreadable_period(text: str) -> Parsed:
    return Parsed(None, (
        warning("period_unreadable", f"无法识别的周期：{text[:40]}，已留空。",
                f"The period cannot be read: {text[:40]}; left empty.", "例如 2026年3月-2026年12月 或 10个月"),
    ))  # fmt: skip
