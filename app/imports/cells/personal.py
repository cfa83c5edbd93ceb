"""Personal data has no place in a list: identity and bank numbers, and illness beside a name, are removed before anything
is stored (PIPL; DOMAIN.md §4.4, 37)."""

import re
from datetime import date
from typing import NamedTuple

from app.imports.cells.parsed import RowProblem, warning

_DIGITS_15_19 = re.compile(r"(?<![0-9A-Za-z])(?:\d ?){14,18}[\dXx](?![0-9A-Za-z])")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
_ILLNESS = r"(?:癌|肿瘤|糖尿病|高血压|艾滋病?|精神分裂症?|抑郁症?|尿毒症|白血病|脑梗|中风|帕金森|阿尔茨海默症?|老年痴呆|残疾|[\u4e00-\u9fff]{1,4}症|[\u4e00-\u9fff]{1,4}病)"
_NAMED_ILLNESS = re.compile(
    rf"(?:[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}|[{_SURNAMES}]某某?)(?:[,，、(（\s])?(?:男|女)?[,，、\s]?(?:\d{{1,3}}岁)?[)）]?[,，、\s]?"
    rf"(?:患有?|确诊|身患|诊断为|得了)[\u4e00-\u9fff]{{0,4}}?{_ILLNESS}"
)
_NAMED_PERSON = re.compile(
    rf"(?:姓名|服务对象|受益人|受助人|对象)[:：]\s?[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?![\u4e00-\u9fff])|"
    rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}[,，(（]\s?(?:男|女)[,，]\s?\d{{1,3}}岁[)）]?"
)


class Kind(NamedTuple):
    """One kind of personal data: what stands in its place and how the warning names it."""

    code: str
    zh: str
    en: str


IDENTITY = Kind("identity_number_removed", "身份证号", "an identity number")
BANK = Kind("bank_number_removed", "银行账号", "a bank account number")
ILLNESS = Kind("health_data_removed", "健康信息", "a person's health data")
PERSON = Kind("person_removed", "个人信息", "a person's data")


def redact(text: str) -> tuple[str, tuple[RowProblem, ...]]:
    """The text without personal data, and one warning per kind of data removed."""
    if len(text) < 6 or not _may_hold(text):
        return text, ()
    found: dict[Kind, None] = {}

    def number(match: re.Match[str]) -> str:
        digits = match[0].replace(" ", "").upper()
        kind = IDENTITY if _is_identity(digits) else BANK if _is_bank(digits) else None
        if kind is None:
            return match[0]
        found[kind] = None
        return f"[已删除:{kind.zh}]"

    def gone(kind: Kind) -> str:
        found[kind] = None
        return f"[已删除:{kind.zh}]"

    text = _DIGITS_15_19.sub(number, text)
    text = _NAMED_ILLNESS.sub(lambda _: gone(ILLNESS), text)
    text = _NAMED_PERSON.sub(lambda _: gone(PERSON), text)
    return text, tuple(
        warning(kind.code, f"发现{kind.zh}，已在保存前删除。", f"Found {kind.en}; removed before storing.", "请勿在表格中填写个人敏感信息")
        for kind in found
    )  # fmt: skip


# What all of the above need: looked for first, in the quickest order.
_LONG_NUMBER = re.compile(r"\d[\d ]{13}")
_SIGN = re.compile(r"[患诊岁男女姓对受得]")
_HINT = re.compile(r"[患诊岁男女]|姓名|对象|受助?益?人|得了")


def _may_hold(text: str) -> bool:
    if _SIGN.search(text) is not None and _HINT.search(text) is not None:
        return True
    return _LONG_NUMBER.search(text) is not None


def _is_identity(digits: str) -> bool:
    """Whether 18 (or 15) characters are an identity number: area, a real birth date, check character."""
    if len(digits) == 15 and digits.isdigit():
        return digits[0] in "123456" and _is_date(f"19{digits[6:12]}")
    if len(digits) != 18 or not digits[:17].isdigit() or digits[0] not in "12345678":
        return False
    return _is_date(digits[6:14])


def _is_date(text: str) -> bool:
    try:
        when = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return 1900 <= when.year <= 2100


def _is_bank(digits: str) -> bool:
    """Whether 16 to 19 digits pass the Luhn check of bank cards, or look like an account of 19 digits."""
    if not digits.isdigit() or not 16 <= len(digits) <= 19:
        return False
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if at % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 or len(digits) == 19
