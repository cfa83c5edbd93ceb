"""Counts and rates: persons apart from contacts, never an invented number (DOMAIN.md §4.4, 45)."""

import re
from decimal import ROUND_HALF_UP, Decimal

from app.imports.cells.numerals import number
from app.imports.cells.parsed import BLANK, Cell, Context, Parsed, RowProblem, error, warning
from app.imports.cells.text import error_cell, plain, says_nothing

LARGEST = 100_000_000
_COUNT = re.compile(
    r"(?P<about>约|大约|预计|近|不少于|不低于|至少|超过|>=?|≥|≧)?"
    r"(?P<number>[\d.,]+(?:e\+?\d+)?|[零一二两三四五六七八九十百千万]+)(?P<scale>万|千|百)?"
    r"(?P<more>余|多|来|以上|左右|\+)?(?P<unit>人次|人/次|人|名|位|户次|户|次|个|项|家|张|场|户家庭)?"
    r"(?P<more2>以上|左右|/年|每年|/月)?",
    re.IGNORECASE,
)

_NEXT = re.compile(r"[,;、，；](?=\D*\d[\d.]*(?:万|余|多)?(?:人次|人|名|户))|(?<=户)[,/]?(?=\d+(?:余|多)?人)")
_SPAN = re.compile(r"[-~～—–至到]+(?=\d)")
_LOWER = re.compile(r"\D{0,6}[\d.,]+(?:万|千|百)?(?:人次|人|名|户)?")
_NOTE = re.compile(r"[(][^()]*[)]$")
_WHAT = re.compile(r"^(?:每年|年均)?(?:直接|间接)?(?:受益|服务|覆盖|惠及)?(?:人数|人次|人群)?[:为]?")
_DIRECT = re.compile(r"^直接")
_RATE = re.compile(r"每(?!年)|[*×x%]|/(?!年)", re.IGNORECASE)
_COUNTED = re.compile(
    r"(?P<about>约|大约|预计|近|不少于|不低于|至少|超过|>=?|≥|≧)?(?P<number>\d[\d,]*(?:\.\d+)?)(?P<scale>万|千|百)?(?P<more>余|多|\+)?"
    r"(?P<unit>人次|人/次|人|名|位|户次|户)(?P<more2>以上|左右|/年|/月)?"
)


def count(cell: Cell, context: Context) -> Parsed:
    """A whole number ≥ 0. A text in 人次 comes back as `contacts` among the further fields, not as persons."""
    return _count(cell, persons=False)


def persons(cell: Cell, context: Context) -> Parsed:
    """A number of persons; '3000人次/年' gives `contacts` instead and leaves the persons unknown."""
    return _count(cell, persons=True)


def _count(cell: Cell, *, persons: bool) -> Parsed:
    failed = error_cell(cell)
    if failed:
        return failed
    if isinstance(cell, bool):
        return _unreadable(str(cell))
    text = plain(cell)
    if says_nothing(text):
        return BLANK
    if re.match(r"^-[\d.]+", text):
        return _negative(text)
    values: dict[str, int] = {}
    problems: list[RowProblem] = []
    for piece in _pieces(text):
        span = _SPAN.split(piece)
        found = _COUNT.fullmatch(_WHAT.sub("", span[-1]))
        if len(span) > 2 or not span[0] or not found or (len(span) == 2 and not _LOWER.fullmatch(span[0])):
            found = _alone(piece)
            if found is None:
                return _unreadable(text)
        value = number(found["number"])
        if value is None:
            return _unreadable(text)
        value *= {"万": 10_000, "千": 1000, "百": 100, None: 1}[found["scale"]]
        if value > LARGEST:
            return _unreadable(text)
        if value != value.to_integral_value():
            problems.append(
                warning(
                    "count_rounded",
                    f"人数或数量应为整数：{text}，已取整。",
                    f"A count is a whole number: {text}; rounded.",
                )
            )
        if found["about"] or found["more"] or found["more2"] or len(span) == 2 or piece.startswith("每年"):
            problems.append(
                warning("count_estimated", f"数量为约数：{text}。", f"The count is an estimate: {text}.")
            )
        unit = found["unit"] or ""
        if persons and unit in ("户", "户家庭") and "、" not in piece and len(_pieces(text)) > 1:
            continue  # '100户300人': the persons are told
        whole = int(value.to_integral_value(ROUND_HALF_UP))
        if persons and (whole == 0 or unit in ("户", "户家庭")):
            return _no_persons(text)
        name = "contacts" if unit in ("人次", "人/次", "户次") else "value"
        if name not in values:
            values[name] = whole
        elif _DIRECT.match(text):
            problems.append(
                warning("indirect_left_out", f"“{text[:40]}”只登记直接人数。", f"Of '{text[:40]}' only those reached directly are taken.")
            )  # fmt: skip
        elif not persons:
            return _unreadable(text)
        else:
            values[name] += whole
            problems.append(
                warning("count_summed", f"“{text[:40]}”含多个数，已相加为 {values[name]}。",
                        f"'{text[:40]}' names several numbers, added up to {values[name]}.")
            )  # fmt: skip
    if persons and "contacts" in values:
        problems.append(
            warning("contacts_not_persons", f"“{text}”是人次，已记入服务人次，人数未填。" if "value" not in values
                    else f"“{text}”含人次，已与人数分开登记。",
                    f"'{text}' counts contacts, which are kept apart from persons."),
        )  # fmt: skip
        return Parsed(values.get("value"), tuple(problems), {"contacts": values["contacts"]})
    return Parsed(values.get("value", values.get("contacts")), tuple(dict.fromkeys(problems)))


def _pieces(text: str) -> list[str]:
    """The counts of a cell, each by itself; notes in brackets tell of a part and are left out."""
    bare = _NOTE.sub("", text) or text
    return [piece for piece in _NEXT.split(bare) if piece]


def _alone(piece: str) -> re.Match[str] | None:
    """The one count in words that say of whom ('独居老人35名'); None when it is not alone, or a rate like '每月100人'."""
    if len(re.findall(r"\d[\d,.]*", piece)) != 1 or _RATE.search(piece):
        return None
    found = _COUNTED.search(piece)
    return found if found and not re.search(r"\d", piece[found.end() :]) else None


def rate(cell: Cell, context: Context) -> Parsed:
    """A share as percent 0-100: '95%', 0.95 and 95 are the same."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = plain(cell)
    if says_nothing(text):
        return BLANK
    value = number(re.sub(r"(以上|左右|%)+$", "", re.sub(r"^(≥|>=|不低于|达到|达|约)", "", text)))
    if value is None or value < 0:
        return _unreadable(text)
    if "%" not in text and value <= 1:
        value *= 100
    if value > 100:
        return _unreadable(text)
    return Parsed(float(value) if value != value.to_integral_value() else int(value))


def row_number(cell: Cell, context: Context) -> Parsed:
    """The sender's own row number: kept when it is one, never a key and never a problem."""
    if isinstance(cell, str) and len(cell) < 10 and cell.isascii() and cell.isdigit():
        return Parsed(int(cell))
    value = number(plain(cell).rstrip(".、"))
    if value is None or value != value.to_integral_value() or not 0 <= value < Decimal(10**9):
        return BLANK
    return Parsed(int(value))


def _no_persons(text: str) -> Parsed:
    zh, en = f"“{text[:40]}”不是人数，已留空。", f"'{text[:40]}' is no number of persons; left empty."
    return Parsed(None, (warning("no_persons", zh, en, "例如 200 或 200人"),))


def _negative(text: str) -> Parsed:
    return Parsed(
        None, (error("count_negative", f"数量不能为负：{text}。", f"A count cannot be negative: {text}."),)
    )


def _unreadable(text: str) -> Parsed:
    return Parsed(None, (
        warning("count_unreadable", f"无法识别的数量：{text[:40]}，已留空。", f"The count cannot be read: {text[:40]}; left empty.",
                "例如 200 或 200人"),
    ))  # fmt: skip
