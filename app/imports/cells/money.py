"""Money: from what a bureau wrote to integer fen, exactly. The unit is read, never guessed (DOMAIN.md §4.4, 7-17)."""

import re
from decimal import ROUND_HALF_UP, Decimal

from app.imports.cells.numerals import number
from app.imports.cells.parsed import (
    BLANK,
    Cell,
    Choice,
    Context,
    Parsed,
    RowProblem,
    choice,
    error,
    warning,
)
from app.imports.cells.text import error_cell, plain, says_nothing
from app.kernel.money import LARGEST_FEN, yuan

YUAN, WAN = "元", "万元"
UNITS = {"元": 100, "千元": 100_000, "万元": 1_000_000, "百万元": 100_000_000, "亿元": 10_000_000_000}
# Outside these a bare number is doubted when the other unit would read sensibly (typical: ¥5,000 to ¥1,000,000).
SMALLEST_LIKELY, LARGEST_LIKELY = 1_000 * 100, 10_000_000 * 100

_CURRENCY = re.compile(r"^(?:共计|合计|总计|共)|人民币|rmb|cny|[¥￥]|大写|小写|[:：]", re.IGNORECASE)
_NOTE = re.compile(r"[(\[【][^)\]】]*[)\]】]$")
_ABOUT = re.compile(r"^(约|大约|大概|预计|预算|暂定|估计|左右|暂估)|(左右|上下|以内|以下|之内|许)$")
_AT_MOST = re.compile(
    r"^(不超过|不高于|最高|至多|上限|控制在|不大于|小于等于|≤|<=)|(以内|以下|之内|封顶|\(含\))$"
)
_ABOUT_NOTE = re.compile(r"[(\[【](?:暂定|预计|预算|约|估算|暂估|拟|待定|待批复?|以.*为准)[)\]】]$")
# Words for an amount that will only be known later.
_OPEN = re.compile(
    r"待.{0,6}|(?:按|据)实.{0,6}|(?:最终)?(?:以|按)?.{0,8}(?:为准|而定|面议|商定|议定|另定)|(?:双方)?协商.{0,4}|详?见.{0,10}|(?:暂)?未(?:定|确定|明确|批复).{0,4}|按.{1,6}(?:标准|合同|协议)"
)
_SAID_TWICE = re.compile(r"^(?P<first>[^()]+)\((?:大写|小写|合|即|人民币|[¥￥])*[:：]?(?P<second>[^()]+)\)$")
_SMALLEST_SAID = 100 * 100
_NUMBER = r"(?:[\d.,]+(?:e[+-]?\d+)?|[零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟]+)"
_AMOUNT = re.compile(
    rf"([+-]?{_NUMBER})(亿元|百万元|百万|千元|万元|亿|万|千|元|块|w|k)?(?:整|正)?", re.IGNORECASE
)
_MIXED = re.compile(r"(\d{1,6})万(?:(?=\d千)|(?=\d{3,4}元))(\d{1,4})(千)?元?整?")
_SUFFIX = {"亿元": "亿元", "亿": "亿元", "百万元": "百万元", "百万": "百万元", "千元": "千元", "千": "千元", "万元": "万元",
           "万": "万元", "元": "元", "块": "元", "w": "万元", "k": "千元"}  # fmt: skip
_FRACTION = re.compile(r"^(?P<yuan>.+?)(?:元|圆)(?:(?P<jiao>[零一二三四五六七八九壹贰叁肆伍陆柒捌玖])角)?"
                       r"(?:零?(?P<fen>[一二三四五六七八九壹贰叁肆伍陆柒捌玖])分)?$")  # fmt: skip


def money(cell: Cell, context: Context) -> Parsed:
    """An amount in fen, with `min_fen`, `max_fen` and `is_estimate` for a range.

    A unit in the cell beats the column's unit; without either, a person must choose. Zero, negative and unreadable
    amounts are errors; '待定' and the like are None.
    """
    failed = error_cell(cell)
    if failed:
        return failed
    if isinstance(cell, bool):
        return _unreadable(str(cell))
    text = plain(cell).strip("'")
    if says_nothing(text):
        return BLANK
    if (text.startswith("(") and text.endswith(")")) and number(text[1:-1].rstrip("元万")) is not None:
        return _not_positive(text)
    if _OPEN.fullmatch(text):
        return _still_open(text)
    if (twice := _SAID_TWICE.match(text.replace("圆", "元"))) and (
        differing := _disagree(twice, text, context)
    ):
        return differing
    plainly = _CURRENCY.sub("", text).replace("圆", "元")
    bare = _NOTE.sub("", plainly) or plainly
    at_most = bool(_AT_MOST.search(bare))
    about = at_most or bool(_ABOUT.search(bare)) or bool(_ABOUT_NOTE.search(plainly))
    core = _ABOUT.sub("", _AT_MOST.sub("", bare)) if about else bare
    core = _ABOUT.sub("", core) if about else core
    parts = re.split(r"[-~～—–至到]+(?=[\d.一二两三四五六七八九十壹贰叁肆伍陆柒捌玖])", core)
    if len(parts) > 2 or (len(parts) == 2 and not parts[0]):
        return _not_positive(text) if not parts[0] else _unreadable(text)
    amounts = [_amount(part) for part in parts]
    if any(amount is None for amount in amounts):
        return _unreadable(text)
    known = [amount for amount in amounts if amount is not None]
    unit = known[-1][1] or context.unit
    if any(value <= 0 for value, _ in known):
        return _not_positive(text)
    if max(value for value, _ in known) > LARGEST_FEN:
        return _too_large(text)
    if unit is None:
        return _ask_unit(text, known[-1][0])
    fens = [_fen(value, own or unit) for value, own in known]
    if fens != sorted(fens):
        return _unreadable(text)
    if fens[-1] > LARGEST_FEN:
        return _too_large(text)
    if known[-1][1] is None and (doubt := _doubt(known[-1][0], unit, fens[-1])):
        return Parsed(None, (doubt,))
    # '6元' in a column of 万元: neither reading is certain.
    slip = known[-1][1] == YUAN and context.unit == WAN and fens[-1] < _SMALLEST_SAID
    if slip and (doubt := _doubt(known[-1][0], YUAN, fens[-1])):
        return Parsed(None, (doubt,))
    return _answer(text, fens, about=about, at_most=at_most)


def _still_open(text: str) -> Parsed:
    return Parsed(None, (
        warning("amount_open", f"金额写作“{text[:40]}”，尚未确定，已留空。", f"The amount is not known yet ('{text[:40]}'); left empty."),
    ))  # fmt: skip


def _disagree(twice: re.Match[str], text: str, context: Context) -> Parsed | None:
    """A choice when an amount is written twice ('65000（大写：陆万元整）') and the two are not the same."""
    first, second = (money(_CURRENCY.sub("", twice[name]), context) for name in ("first", "second"))
    if first.value is None or second.value is None or first.value == second.value:
        return None
    options = tuple(
        Choice(fen, f"{yuan(fen)} 元", f"{yuan(fen)} yuan") for fen in (first.value, second.value)
    )
    return Parsed(None, (
        choice("amounts_disagree", f"“{text[:60]}”中两种写法金额不同，请选择。", f"'{text[:60]}' states two different amounts; choose.", options),
    ))  # fmt: skip


def fact(cell: Cell, context: Context) -> Parsed:
    """An amount that is only a fact (capital, income, one source of several): zero counts, and its size is not doubted."""
    text = plain(cell)
    if number(text.rstrip("万元")) == 0:
        return Parsed(0)
    parsed = money(cell, context)
    problem = parsed.problems[0] if parsed.problems else None
    if problem is not None and problem.code == "implausible_amount":
        amount = problem.choices[0].value
        return Parsed(amount, () if amount <= LARGEST_LIKELY else (_unusual(problem),))
    return Parsed(parsed.value, parsed.problems)


def _unusual(doubt: RowProblem) -> RowProblem:
    taken, other = doubt.choices
    return warning("amount_unusual", f"金额异常大：按列单位读为{taken.zh}，是否应为{other.zh}，请核对。",
                   f"An unusually large amount: read as {taken.en}; should it be {other.en}? Please check.")  # fmt: skip


def _amount(text: str) -> tuple[Decimal, str | None] | None:
    """One number and the unit written beside it."""
    found = _AMOUNT.fullmatch(text)
    if found:
        value = number(found[1])
        suffix = (found[2] or "").lower()
        if value is not None:
            # '五万' is read whole by the numerals: then its unit is yuan.
            own = _SUFFIX[suffix] if suffix else (YUAN if set("万亿") & set(found[1]) else None)
            return value, own
    if mixed := _MIXED.fullmatch(text):
        return Decimal(mixed[1]) * 10_000 + Decimal(mixed[2]) * (1000 if mixed[3] else 1), YUAN
    return _written_out(text)


def _written_out(text: str) -> tuple[Decimal, str] | None:
    """'壹佰零伍万元整', '叁仟伍佰元伍角': Chinese numerals with yuan, jiao and fen."""
    found = _FRACTION.match(text.rstrip("整正"))
    if not found:
        return None
    value = number(found["yuan"])
    if value is None:
        return None
    jiao, fen = (number(found[name] or "零") or Decimal(0) for name in ("jiao", "fen"))
    return value + jiao / 10 + fen / 100, YUAN


def _fen(value: Decimal, unit: str) -> int:
    return int((value * UNITS[unit]).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _doubt(value: Decimal, unit: str, fen: int) -> RowProblem | None:
    """A choice between two readings when the column's unit gives an amount no project of a fair has."""
    other = {WAN: YUAN, YUAN: WAN}.get(unit)
    if other is None or SMALLEST_LIKELY <= fen <= LARGEST_LIKELY:
        return None
    if not SMALLEST_LIKELY <= _fen(value, other) <= LARGEST_LIKELY:
        return None
    return choice(
        "implausible_amount",
        f"按列单位“{unit}”读为 {yuan(fen)} 元，不合常理；若为“{other}”则为 {yuan(_fen(value, other))} 元，请选择。",
        f"Read in the column's unit {unit} this is {yuan(fen)} yuan, which is implausible; "
        f"in {other} it is {yuan(_fen(value, other))} yuan. Please choose.",
        _readings(value, (unit, other)),
    )


def _ask_unit(text: str, value: Decimal) -> Parsed:
    likely = sorted((YUAN, WAN), key=lambda unit: not SMALLEST_LIKELY <= _fen(value, unit) <= LARGEST_LIKELY)
    return Parsed(None, (
        choice("unit_unknown", f"金额“{text}”没有单位，请选择元或万元（建议：{likely[0]}）。",
               f"The amount '{text}' has no unit; choose yuan or 10,000 yuan (suggested: {likely[0]}).",
               _readings(value, likely)),
    ))  # fmt: skip


def _readings(value: Decimal, units: list[str] | tuple[str, ...]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            _fen(value, unit),
            f"{unit}：{yuan(_fen(value, unit))} 元",
            f"{yuan(_fen(value, unit))} yuan ({unit})",
        )
        for unit in units
    )


def _answer(text: str, fens: list[int], *, about: bool, at_most: bool) -> Parsed:
    low, high = min(fens), max(fens)
    if not about and low == high:
        return Parsed(high)
    return Parsed(
        high,
        (
            warning("amount_estimated", f"金额为约数或区间（{text}），按上限 {yuan(high)} 元登记，发布前须确定。",
                    f"The amount is an estimate or a range ({text}); its ceiling {yuan(high)} yuan is taken and must "
                    "be fixed before publication."),
        ),
        {"min_fen": None if at_most and low == high else low, "max_fen": high, "is_estimate": True},
    )  # fmt: skip


def _not_positive(text: str) -> Parsed:
    return Parsed(None, (
        error("amount_not_positive", f"金额必须大于零：{text}。", f"The amount must be greater than zero: {text}."),
    ))  # fmt: skip


def _too_large(text: str) -> Parsed:
    text = text[:60]
    return Parsed(
        None, (error("amount_too_large", f"金额过大：{text}。", f"The amount is too large: {text}."),)
    )


def _unreadable(text: str) -> Parsed:
    return Parsed(None, (
        error("amount_unreadable", f"无法识别的金额：{text[:60]}。", f"The amount cannot be read: {text[:60]}.",
              "例如 5万元、50000元"),
    ))  # fmt: skip
