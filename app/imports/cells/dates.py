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
_TAIL = re.compile(r"(?:上旬|中旬|下旬|初|中|底|末|左右|前|起|开始|开展|前后|之前)+$")
_END_OF_YEAR = re.compile(r"(?:(20\d{2})年|当年|年)(底|末|初)前?$")
_MONTHS_OF = re.compile(r"(?:(20\d{2}|\d{2}(?=年))[年./])?(\d{1,2})月?[-—–~～至到－](\d{1,2})月?(?:底|末)?")
_NOTE = re.compile(r"[(（]([^()（）]*)[)）]")
_ABOUT = re.compile(
    r"^(?:预计|拟于?|计划于?|暂定|约|大约|自|从)|(?:[(（](?:暂定|预计|拟|含)[)）]|起至?|前完成|之前|完成|结束)$"
)
_OPEN = re.compile(r"签约|签订|签署|合同|协议|立项|中标|审批|批复|即日|立即|长期|另行|协商|为准|资金到位")
# Parts of a year: their first and last month.
_HALVES = {"上半年": (1, 6), "下半年": (7, 12), "全年": (1, 12), "年内": (1, 12), "年度": (1, 12)}
_QUARTER = re.compile(r"(?:第?([一二三四1234])季度?|[Qq]([1-4]))")
_PART = re.compile(
    r"^(?:(20\d{2}|\d{2}(?=年))年?度?)?(?P<part>上半年|下半年|全年|年内|年度|第?[一二三四1234]季度?|[Qq][1-4])$"
)
_DASH = re.compile(r"[-—–~～至到－]+")
_MONTHS = re.compile(
    r"(?:共|为期|项目周期)?(?:自|从)?(?:合同|协议)?(?:签约|签订|签署|立项|中标|启动)?(?:合同|协议)?(?:之日)?(?:起|后)*(?:约)?"
    r"(\d{1,3}(?:\.5)?|[一二两三四五六七八九十]{1,3}|半)(?:个)?(年半|月|年|季度)(?:内|期|左右)?"
)
_RELATIVE = re.compile(r"签约|签订|合同|立项|中标")


def day(cell: Cell, context: Context) -> Parsed:
    """A date, months as their first day, with `precision` among the further fields; impossible dates are errors."""
    return _date(cell, context, last=False)


def last_day(cell: Cell, context: Context) -> Parsed:
    """As `day`, for the end of something: a quarter or half year ends with its last month."""
    return _date(cell, context, last=True)


def _date(cell: Cell, context: Context, *, last: bool) -> Parsed:
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
        found = _read(text, context) or _read(_ABOUT.sub("", _ABOUT.sub("", text)), context)
        if found is None and (span := _part_of_year(text, context)):
            found = (span[1] if last else span[0]), MONTH
    except ValueError:
        return _impossible(text)
    if found is None:
        return _open(text) if _OPEN.search(text) else _unreadable(text)
    when, precision = found
    if not 1900 <= when.year <= 2100:
        return _impossible(text)
    return Parsed(when, (), {"precision": precision})


def _part_of_year(text: str, context: Context) -> tuple[date, date] | None:
    """The first days of the first and the last month of '上半年', '2026年第三季度', '2026年全年'."""
    found = _PART.match(text)
    if found is None:
        return None
    year = _year(found[1]) if found[1] else context.year
    first, last = _HALVES.get(found["part"], (0, 0))
    if quarter := _QUARTER.fullmatch(found["part"]):
        many = quarter[1] or quarter[2]
        last = 3 * (int(many) if many.isdigit() else chinese(many) or 1)
        first = last - 2
    return date(year, first, 1), date(year, last, 1)


def _open(text: str) -> Parsed:
    return Parsed(None, (
        warning("start_relative", f"“{text[:30]}”不是具体日期，以签约为准，已留空。",
                f"'{text[:30]}' is no date: it depends on the signing; left empty."),
    ))  # fmt: skip


def _read(text: str, context: Context) -> tuple[date, str] | None:
    """The date a text means; ValueError when it is shaped like a date and none exists."""
    text = _IN_WORDS.sub(lambda word: str(chinese(word[1])), text)
    serial = re.fullmatch(r"(\d{5})(?:\.\d+)?", text)
    if serial and int(serial[1]) in _SERIALS:
        epoch = _EPOCH_1904 if context.epoch_1904 else _EPOCH_1900
        return epoch + timedelta(days=int(serial[1])), DAY
    if found := _YMD.fullmatch(text):
        return date(_year(found[1]), int(found[2]), int(found[3])), DAY
    if found := _END_OF_YEAR.fullmatch(text):
        return date(int(found[1] or context.year), 1 if found[2] == "初" else 12, 1), MONTH
    core = _TAIL.sub("", text)
    tail = text[len(core) :]
    third = next((start for word, start in _THIRD.items() if word in tail), 1)
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
    text = plain(cell)
    if says_nothing(text):
        return BLANK
    if isinstance(cell, int | float) or re.fullmatch(r"\d{1,2}(\.0)?", text):
        return _months(int(float(text))) if re.fullmatch(r"\d{1,2}(\.0)?", text) else _unreadable_period(text)
    bare = _NOTE.sub("", text)
    try:
        read = _period(bare, context) if bare else None
        for note in _NOTE.findall(text):
            said = _period(note, context)
            read = said if read is None else _agreed(read, said, text) if said is not None else read
    except ValueError:
        return _impossible(text)
    if read is None and _OPEN.search(text):
        return _open(text)
    return read or _unreadable_period(text)


def _period(text: str, context: Context) -> Parsed | None:
    """A span, a length, a start with a length, or a single date; None for anything else."""
    return _span(text, context) or _length(text) or _from(text, context) or _single(text, context)


def _agreed(outside: Parsed, inside: Parsed, text: str) -> Parsed:
    """What a cell says before and inside its brackets ('10个月（3月-12月）'): dates with a length, or a warning."""
    dated, other = (outside, inside) if outside.more else (inside, outside)
    if dated.value is not None and other.value is not None and dated.value != other.value:
        return dated._replace(problems=(
            *dated.problems,
            warning("period_mismatch", f"“{text[:40]}”中周期与起止时间不一致（{other.value} 与 {dated.value} 个月），按起止时间登记。",
                    f"'{text[:40]}' names {other.value} months and dates that span {dated.value}; the dates are taken."),
        ))  # fmt: skip
    return dated._replace(value=dated.value if dated.value is not None else other.value)


def _from(text: str, context: Context) -> Parsed | None:
    """'2026年3月起一年': a start and a length."""
    found = re.fullmatch(r"(?:自|从)?(.{2,12}?)(?:起|开始)[,，]?(?:为期|共|至)?(.{2,8})", text)
    if found is None:
        return None
    start, length = _read(found[1], context), _length(found[2])
    if start is None or length is None or re.fullmatch(r"\d{1,2}月", found[2]):
        return None
    return length._replace(more={"start_on": start[0], "start_precision": start[1]})


def _span(text: str, context: Context) -> Parsed | None:
    if found := _MONTHS_OF.fullmatch(text):
        year, first, last = _year(found[1]) if found[1] else context.year, int(found[2]), int(found[3])
        if 1 <= first <= last <= 12:
            return _between(date(year, first, 1), MONTH, date(year, last, 1), MONTH, text)
    for dash in _DASH.finditer(text):
        left, right = text[: dash.start()], text[dash.end() :]
        right = re.sub(r"(止|前?结束|前?完成)$", "", right)
        left = re.sub(r"^(从|自|预计|拟于?|暂定)|(起|开始)$", "", left)
        start = _read_with_unit(left, right, context)
        if start is None and (part := _part_of_year(left, context)):
            start = part[0], MONTH
        if start is None or not right:
            continue
        end = _read(right, Context(start[0].year, epoch_1904=context.epoch_1904))
        if end is None and (part := _part_of_year(right, Context(start[0].year))):
            end = part[1], MONTH
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
    if (
        longest := re.sub(
            r"^(?:不超过|最长|至多|约|大约)|^\d{1,2}[-~～—至](?=\d{1,2}个月)|(?:以内|左右)$", "", text
        )
    ) != text:
        most = _length(longest)
        return most and most._replace(problems=(*most.problems, warning(
            "period_estimated", f"周期为约数或区间（{text[:30]}），按最长登记。", f"The period is an estimate or a range ({text[:30]}); the longest is taken.")))  # fmt: skip
    if days := re.fullmatch(r"(?:为期|共)?(\d{2,4})(?:天|日|个?自然日)", text):
        months, rest = divmod(
            12 * int(days[1]) if int(days[1]) % 365 == 0 else int(days[1]),
            365 if int(days[1]) % 365 == 0 else 30,
        )
        return None if rest else _months(months)
    found = _MONTHS.fullmatch(text)
    if not found or _QUARTER.fullmatch(text):
        return None
    many = 0.5 if found[1] == "半" else (float(found[1]) if found[1][0].isdigit() else chinese(found[1]) or 0)
    per = {"月": 1, "年": 12, "季度": 3, "年半": 12}[found[2]]
    months = int(many * per) + (6 if found[2] == "年半" else 0)
    read = _months(months, relative=bool(_RELATIVE.search(text)))
    if re.fullmatch(r"\d{1,2}月", text):
        return read._replace(problems=(*read.problems, warning(
            "period_as_months", f"“{text}”按 {months} 个月登记；如指月份，请写明起止时间。",
            f"'{text}' is taken as a length of {months} months; if a month is meant, write the dates.")))  # fmt: skip
    return read


def _months(months: int, *, relative: bool = False) -> Parsed:
    if not 1 <= months <= 120:
        return _unreadable_period(f"{months}个月")
    if not relative:
        return Parsed(months)
    return Parsed(months, (
        warning("start_relative", "开始时间以签约为准，尚无具体日期。", "The start depends on the signing; there is no date yet."),
    ))  # fmt: skip


def _single(text: str, context: Context) -> Parsed | None:
    if span := _part_of_year(text, context):
        return _between(span[0], MONTH, span[1], MONTH, text)
    found = _read(text, context) or _read(_ABOUT.sub("", text), context)
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
