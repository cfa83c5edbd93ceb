"""What a schema refuses in a field, said in Chinese and English: for requests, data of events, and rows of lists alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from app.kernel.errors import Problem

_ZH = "zh"

_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("此项必填。", "This field is required."),
    "extra_forbidden": ("没有这个字段。", "There is no such field."),
    "string_too_short": (
        "文字过短：至少 {min_length} 个字。",
        "Too short: at least {min_length} characters.",
    ),
    "string_too_long": ("文字过长：最多 {max_length} 个字。", "Too long: at most {max_length} characters."),
    "string_type": ("须为文字。", "Must be a string."),
    "string_pattern_mismatch": ("格式不符：须匹配 {pattern}。", "Must match {pattern}."),
    "int_type": ("须为整数。", "Must be a whole number."),
    "int_parsing": ("须为整数。", "Must be a whole number."),
    "bool_type": ("须为 true 或 false。", "Must be true or false."),
    "bool_parsing": ("须为 true 或 false。", "Must be true or false."),
    "enum": ("须为以下之一：{expected}。", "Must be one of {expected}."),
    "literal_error": ("须为以下之一：{expected}。", "Must be one of {expected}."),
    "greater_than": ("须大于 {gt}。", "Must be greater than {gt}."),
    "greater_than_equal": ("须不小于 {ge}。", "Must be at least {ge}."),
    "less_than": ("须小于 {lt}。", "Must be less than {lt}."),
    "less_than_equal": ("须不大于 {le}。", "Must be at most {le}."),
    "date_from_datetime_parsing": ("须为日期，例如 2026-03-01。", "Must be a date such as 2026-03-01."),
    "datetime_from_date_parsing": (
        "须为时间，例如 2026-03-01T09:00:00+08:00。",
        "Must be a time such as 2026-03-01T09:00:00+08:00.",
    ),
    "uuid_parsing": ("须为 UUID。", "Must be a UUID."),
    "json_invalid": ("不是有效的 JSON。", "Not valid JSON."),
    "list_type": ("须为列表。", "Must be a list."),
    "model_attributes_type": ("须为 JSON 对象。", "Must be a JSON object."),
    "decimal_max_digits": ("数字位数过多：最多 {max_digits} 位。", "Too many digits: at most {max_digits}."),
    "decimal_max_places": (
        "小数位数过多：最多 {decimal_places} 位。",
        "Too many decimal places: at most {decimal_places}.",
    ),
    "decimal_parsing": ("须为数字。", "Must be a number."),
    "decimal_type": ("须为数字。", "Must be a number."),
    "float_type": ("须为数字。", "Must be a number."),
    "float_parsing": ("须为数字。", "Must be a number."),
    "timezone_aware": (
        "时间须带时区，例如 +08:00。",
        "The time must carry its offset, such as +08:00.",
    ),
    "dict_type": ("须为 JSON 对象。", "Must be a JSON object."),
    "too_short": ("条目过少：至少 {min_length} 项。", "Too few items: at least {min_length}."),
    "too_long": ("条目过多：最多 {max_length} 项。", "Too many items: at most {max_length}."),
}


def wrong(code: str, zh: str, en: str) -> PydanticCustomError:
    """What a validator of a schema raises: a code of our own and both sentences."""
    return PydanticCustomError(code, en, {_ZH: zh})


def problem(item: Mapping[str, Any], *, within: str = "") -> Problem:
    """One of the errors of pydantic's `ValidationError.errors()`; its pointer begins with `within`."""
    kind, told = str(item["type"]), item.get("ctx") or {}
    facts = {key: value for key, value in told.items() if key not in ("error", _ZH)}
    unknown = told.get(_ZH, "此项的值有误。"), str(item.get("msg", "The value is wrong."))
    zh, en = _WORDS.get(kind, unknown)
    try:
        zh, en = zh.format(**facts), en.format(**facts)
    except (KeyError, IndexError):
        zh, en = unknown
    return Problem(kind, zh, en, f"{within}/{_pointer(item['loc'])}", facts)


def _pointer(path: Sequence[Any]) -> str:
    return "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)
