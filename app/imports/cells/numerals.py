"""Numbers as people write them: Arabic with commas, full-width, 小写 and 大写 Chinese numerals."""

import re
from decimal import Decimal, InvalidOperation

_DIGITS = {
    "零": 0, "〇": 0, "○": 0, "一": 1, "壹": 1, "二": 2, "贰": 2, "两": 2, "三": 3, "叁": 3, "四": 4, "肆": 4, "五": 5,
    "伍": 5, "六": 6, "陆": 6, "七": 7, "柒": 7, "八": 8, "捌": 8, "九": 9, "玖": 9,
}  # fmt: skip
_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_CHINESE = "".join((*_DIGITS, *_SMALL, *_LARGE))
CHINESE = re.compile(f"[{_CHINESE}]+")
ARABIC = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")


def arabic(text: str) -> Decimal | None:
    """A plain number, with thousands commas or an exponent; None when the text is anything else."""
    if not ARABIC.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


def chinese(text: str) -> int | None:
    """A whole number in Chinese numerals, 大写 or 小写 ('壹佰零伍万', '五万', '十二'); None when it is not one."""
    if not text or not CHINESE.fullmatch(text) or len(text) > 24:
        return None
    if all(letter in _DIGITS for letter in text):
        return int("".join(str(_DIGITS[letter]) for letter in text))
    total = section = digit = 0
    last_unit = 0
    for letter in text:
        if letter in _DIGITS:
            digit, last_unit = _DIGITS[letter], (1 if letter in "零〇○" else last_unit)
        elif letter in _SMALL:
            section += (digit or 1) * _SMALL[letter]
            digit, last_unit = 0, _SMALL[letter]
        else:
            total = (total + section + digit) * _LARGE[letter] if _LARGE[letter] > 10**4 else (
                total + (section + digit) * _LARGE[letter]
            )  # fmt: skip
            section = digit = 0
            last_unit = _LARGE[letter]
    if digit and last_unit >= 100:
        digit *= last_unit // 10  # '一百五' is 150, '两万五' is 25,000
    return total + section + digit


def number(text: str) -> Decimal | None:
    """A number in either script, also mixed with 万, 千 or 亿 ('1.5万', '2百'); None when it is not one."""
    value = arabic(text)
    if value is not None:
        return value
    if text and text[-1] in "万千百亿" and (value := arabic(text[:-1])) is not None:
        return value * {"万": 10**4, "千": 1000, "百": 100, "亿": 10**8}[text[-1]]
    whole = chinese(text)
    return None if whole is None else Decimal(whole)
