"""Cells by themselves: numerals, credit codes against an independent check, what is and is not personal data."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as independent

from app.imports.cells import identity
from app.imports.cells.dates import day
from app.imports.cells.money import money
from app.imports.cells.numerals import chinese, number
from app.imports.cells.parsed import Context
from app.imports.cells.personal import redact

WAN = Context(2026, "万元")
SMALL, LARGE, DIGITS = "十百千", "万亿", "零一二三四五六七八九"


def written(value: int) -> str:
    """A whole number below 10^12 in 小写, the long way."""
    if value == 0:
        return "零"
    parts = []
    for unit in ("", "万", "亿"):
        value, part = divmod(value, 10_000)
        if part:
            parts.append(_section(part, leading=value > 0) + unit)
        elif parts and not parts[-1].startswith("零") and value:
            parts.append("")
    text = "".join(reversed(parts))
    return text.lstrip("零")


def _section(part: int, *, leading: bool) -> str:
    text, gap = "", False
    for at, digit in enumerate(f"{part:04d}"):
        if digit == "0":
            gap = True
            continue
        if gap and (text or leading):
            text += "零"
        gap = False
        text += DIGITS[int(digit)] + ("千", "百", "十", "")[at]
    return text


@given(st.integers(0, 10**12 - 1))
def test_every_number_written_in_chinese_is_read_back(value: int) -> None:
    assert chinese(written(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("两万五", 25_000),
        ("一百五", 150),
        ("一百零五", 105),
        ("二〇二六", 2026),
        ("1.5万", 15_000),
        ("1,234.5", Decimal("1234.5")),
    ],
)
def test_numbers_as_people_say_them(text: str, value: Decimal | int) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1,23", "--5", "万万", "12a"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert number(text) is None or text == "万万"


@given(st.text(identity.ALPHABET, min_size=17, max_size=17), st.sampled_from(identity.ALPHABET))
def test_the_credit_code_check_agrees_with_an_independent_one(first: str, last: str) -> None:
    right = first + identity.check_character(first)
    assert identity.is_valid(right)
    assert independent.calc_check_digit(right) == right[17]
    assert identity.is_valid(first + last) == (first + last == right)


@pytest.mark.parametrize("place", range(0, 17, 4))
def test_a_code_is_never_repaired_into_a_wrong_one(place: int) -> None:
    good = "52320102XX9900013H"
    for wrong in "OISZ":
        parsed = identity.uscc(good[:place] + wrong + good[place + 1 :], Context(2026))
        assert parsed.value is None
        offered = [choice.value for problem in parsed.problems for choice in problem.choices]
        assert offered in ([], [good]) or all(identity.is_valid(code) for code in offered)


@given(st.decimals(min_value="0.1", max_value="900", places=6))
def test_money_is_exact_to_the_fen(amount: Decimal) -> None:
    parsed = money(str(amount), WAN)
    exact = amount * 1_000_000
    if parsed.value is not None:
        assert abs(parsed.value - exact) <= Decimal("0.5")


@pytest.mark.parametrize(
    "text",
    [
        "服务对象为患有慢性病的老人",
        "项目编号 2026-0001-0002-0003",
        "联系电话 025-83456789",
        "统一社会信用代码 52320102XX9900013H",
        "受益人：辖区老人200名",
        "第1期 2026年3月1日至2026年12月31日",
    ],
)
def test_what_is_nobodys_data_stays(text: str) -> None:
    assert redact(text) == (text, ())


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("身份证 320106199001011234", "320106199001011234"),
        ("身份证 32010619900101123X，已核", "32010619900101123X"),
        ("卡号 6222 0202 0011 2233 445", "6222"),
        ("张伟患糖尿病多年", "糖尿病"),
        ("姓名：王小明", "王小明"),
        ("李某，女，78岁", "李某"),
    ],
)
def test_what_is_somebodys_data_goes(text: str, gone: str) -> None:
    clean, told = redact(text)
    assert gone not in clean and "[已删除:" in clean and told


@pytest.mark.parametrize(
    ("cell", "when"),
    [
        ("2026-3-1 00:00:00", date(2026, 3, 1)),
        ("2026/3/1 9:30", date(2026, 3, 1)),
        ("二〇二六年三月", date(2026, 3, 1)),
        ("2026年十二月五日", date(2026, 12, 5)),
        ("26.3", None),
    ],
)
def test_dates_with_a_clock_or_in_words(cell: str, when: date | None) -> None:
    assert day(cell, Context(2026)).value == when


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("八万五千", 8_500_000),
        ("贰万伍仟元", 2_500_000),
        ("5万5千元", 5_500_000),
        ("5万5000元", 5_500_000),
        ("共5万元", 5_000_000),
        ("叁仟伍佰元伍角", 350_050),
        ("5万5", None),
        ("5万元/年", None),
        ("5-3万", None),
        ("1,2345", None),
    ],
)
def test_money_in_mixed_words(cell: str, fen: int | None) -> None:
    assert money(cell, WAN).value == fen


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("138-1234-5678", "13812345678"),
        ("13812345678（微信同号）", "13812345678"),
        ("83456789转801", "83456789-801"),
        ("400-123-4567", "400-123-4567"),
    ],
)
def test_telephones_as_people_write_them(cell: str, number: str) -> None:
    parsed = identity.phone(cell, Context(2026))
    assert (parsed.value, dict(parsed.more)) == (number, {})
