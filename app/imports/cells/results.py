"""Cells that hold a small list of their own: outputs, outcomes, what is asked of a supplier."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from app.catalogue.codes import label, resolve
from app.imports.cells.marks import LONGEST_LINE
from app.imports.cells.numerals import number
from app.imports.cells.parsed import BLANK, Cell, Context, Parsed, warning
from app.imports.cells.parts import cut, fitting, quoted, split, unquoted, written
from app.imports.cells.text import error_cell, plain, says_nothing, text_of

_SENTENCES = re.compile(r"[;；\n。]+")
# A comma inside a number of thousands is none.
_COMMAS = re.compile(r"(?<!\d)[,，]|[,，](?!\d{3}(?!\d))")
_ENUMERATION = re.compile(r"、")
_WIDE = str.maketrans("０１２３４５６７８９％＋－～", "0123456789%+-~")
_NUMBERED = re.compile(r"^(?:[(（]?\d{1,2}(?:[.．、](?!\d)|[)）]、?)|[①-⑳])\s*")

_MEASURES = "人次|人/次|户次|分钟|家庭|课时|学时|小时|小节|场次|节次|个月|场|节|人|名|位|个|户|%|次|回|份|套|本|册|期|天|件|例|支|队|家|处|所|间|项|组|类|对|分(?!析|享|类|别)|条|篇|张|幅|块|辆|台|株|盆|袋|盒|公里|万?元|月$"
_BOUND = "不少于|不低于|不小于|不高于|不超过|至少达到?|至少|达到|(?<![到抵发送])达|超过|大约|(?<![签预节邀合契制公条违履解简失赴相特续租婚盟立])约|预计|>=|<=|≥|≤|≧|>|共计|合计|总计|累计|(?<![公总合])共"
_NUMERAL = r"\d[\d,]*(?:\.\d+)?"
_QUANTITY = re.compile(
    rf"(?P<bound>(?:{_BOUND})*)\s*(?<![\d.A-Za-z第])(?P<low>{_NUMERAL})(?P<scale>[万千百](?!分))?"
    rf"(?:\s*[-~～—至到]\s*(?P<high>{_NUMERAL})(?P<higher>[万千百])?)?\s*(?P<more>余|多|\+)?\s*(?P<unit>{_MEASURES})?"
    r"(?P<after>(?:及?以上|左右|上下|以内|以下)?)"
)
_IN_WORDS = re.compile(
    r"(?<![第每一二两三四五六七八九十百])([一二两三四五六七八九十]{1,3})(?=人次|场次|场|课时|节|期)"
)
# Numbers that count nothing: dates, ordinals, ages, grades, what stands in brackets or quotes.
_NO_QUANTITY = re.compile(
    r"20\d{2}\s*[年.\-/]\s*(?:\d{1,2}\s*月?)?(?:\d{1,2}\s*日?)?|\d{1,2}\s*月(?!次|$)(?:\d{1,2}\s*[日号])?|(?<=[于在从自到至截])\d{1,2}\s*月$|第\d+|"
    r"\d{1,3}(?:\s*[-~～至到]\s*\d{1,3})?\s*(?:周岁|岁)|24小时|[(（][^()（）]*[)）]|“[^“”]*”|《[^《》]*》"
)
_EXACT = re.compile(
    rf"(?P<what>\"(?:[^\"]|\"\")+\"|[^:：\"]+)[:：](?P<target>\d+(?:\.\d+)?)(?P<unit>{_MEASURES})?(?:\((?P<method>[^()]+)\))?"
)
_ANY_METHOD = "方式不限"
_NOTES = re.compile(r"[(（][^()（）]*[)）]")
_VERBS = re.compile(r"^(?:计划|预计|拟)?(?:开展|提供|完成|组织|举办)(?=.)")
_EVERY = re.compile(r"每(?:人|月|周|年|季度?|期|次|场|天|日|组|个|户|半年|两周)$")
_SUBJECTLESS = re.compile(r"^(?:全年|年度|每.{1,3}|其中|分别|各|年均|月均|全程|期间|总数|数量)?$")
_RATE = re.compile(r"(?:率|满意度|比例|占比)$")
_EDGES = " :：,，、-—"
_ABOUT = re.compile(r"约|预计")

_RATING = re.compile(
    r"([1-5一二三四五]A|A{1,5})级?(?:[(（]含[)）])?(?:及以上|以上|或以上|及其以上)?(?:[(（]含[)）])?(?:等级|社会组织|资质)?", re.IGNORECASE
)  # fmt: skip
_WORKERS = re.compile(r"(?:(?:持证|专业|注册)[^\d一二两三四五六七八九十,;、]{0,6}社(?:会)?工(?:作者|师)?[^\d一二两三四五六七八九十,;、]{0,5}(?P<after>[\d一二两三四五六七八九十]{1,2})[名人个]?)"
                      r"|(?:(?P<before>[\d一二两三四五六七八九十]{1,2})[名人个](?:及?以上)?(?:持证|专业)[^,;、\d]{0,4}社(?:会)?工(?:作者|师)?)")  # fmt: skip
_MOST_REQUIREMENTS = 20


def outputs(cell: Cell, context: Context) -> Parsed:
    """Outputs as {indicator, service_method, target, unit}; a part without a number is an indicator alone."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = text_of(cell)
    if says_nothing(plain(cell)):
        return BLANK
    found: list[dict[str, Any]] = []
    estimated: list[str] = []
    for sentence in cut(text.translate(_WIDE), _SENTENCES):
        subject = ""
        for part in _parts(sentence.strip()):
            items = list(_exactly(part) or _items(part, subject, estimated))
            found += items
            if items and "target" in items[-1]:
                subject = _NOTES.sub("", items[-1]["indicator"])
    problems = (
        warning("output_estimated", f"服务量为约数或区间（{'、'.join(estimated)[:60]}），按下限登记。",
                f"An output is an estimate or a range ({', '.join(estimated)[:60]}); its lower bound is taken."),
    ) if estimated else ()  # fmt: skip
    return Parsed([item for item in found if item["indicator"]] or None, problems)


def _parts(sentence: str) -> Iterator[str]:
    """The parts of a sentence between commas; an enumeration by 、 stays whole up to the number it shares."""
    for clause in cut(sentence, _COMMAS):
        shared: list[str] = []
        for part in cut(clause, _ENUMERATION):
            shared.append(part)
            if re.search(r"\d", part):
                yield "、".join(shared).strip()
                shared = []
        if shared:
            yield "、".join(shared).strip()


def _exactly(part: str) -> list[dict[str, Any]]:
    """The form of an export: 'indicator:number unit', the indicator in quotes where it would be read otherwise."""
    found = _EXACT.fullmatch(part)
    if found is None:
        whole = unquoted(part)
        return [_item(whole)] if whole != part else []
    unit = resolve("output_unit", found["unit"]) if found["unit"] else None
    target = _target(Decimal(found["target"]))
    if target is None or (found["unit"] and unit is None):
        return []
    item = _item(unquoted(found["what"].strip()), target, unit)
    if found["method"]:
        item["service_method"] = resolve("service_method", found["method"])
    return [item]


def _items(part: str, subject: str, estimated: list[str]) -> Iterator[dict[str, Any]]:
    """What one part promises: each quantity with the words before it, or, where it has none, the subject before."""
    part = _IN_WORDS.sub(lambda word: str(number(word[1]) or word[1]), _NUMBERED.sub("", part))
    masked = _NO_QUANTITY.sub(lambda found: "\ue000" * len(found[0]), part)
    quantities = [found for found in _QUANTITY.finditer(masked) if _counts(found, masked)]
    if not quantities:
        yield from (_item(piece) for piece in fitting(part.strip(_EDGES), LONGEST_LINE))
        return
    start, last = 0, len(quantities) - 1
    for at, found in enumerate(quantities):
        what = _VERBS.sub("", part[start : found.start()].strip(_EDGES)).strip(_EDGES)
        start = found.end()
        if at == 0 and what in ("", "开展", "提供", "完成", "组织", "举办"):
            until = quantities[1].start() if last else len(part)
            what, start = part[start:until].strip(_EDGES), until
        elif at == last:
            rest = part[start:].strip(" ,，、。")
            what = f"{what}{rest}" if what else rest
        if _SUBJECTLESS.match(what):
            if not subject and _EVERY.search(what):
                yield _item(part.strip(_EDGES))
                return
            what = subject if subject == what else f"{subject}{what}"
        target = _value(found)
        if target is None:
            yield _item(part.strip(_EDGES)[:LONGEST_LINE])
            return
        if (
            found["high"]
            or found["more"]
            or found["after"] in ("左右", "上下")
            or _ABOUT.search(found["bound"])
        ):
            estimated.append(found[0])
        subject = what or subject
        yield _measured(what, target, found["unit"], part)


def _counts(found: re.Match[str], masked: str) -> bool:
    """Whether a number is a quantity: it has a measure, a bound, or nothing but the end behind it."""
    return bool(found["unit"] or found["bound"]) or not masked[found.end() :].strip(" 。.")


def _value(found: re.Match[str]) -> Decimal | None:
    low = number(found["low"].rstrip(","))
    scale = found["scale"] or (found["higher"] if found["high"] else None)
    return None if low is None else low * {"万": 10_000, "千": 1000, "百": 100, None: 1}[scale]


def _measured(what: str, value: Decimal, measure: str | None, part: str) -> dict[str, Any]:
    unit = resolve("output_unit", measure) if measure else None
    if measure is None and what.endswith("人次"):
        unit = "contact"
    elif measure is None and _RATE.search(what) and value <= 1:
        unit, value = "percent", value * 100
    elif measure and measure.startswith("万"):
        value, measure = value * 10_000, measure[1:]
    if measure and unit is None:
        what = f"{what}({measure})"
    target = _target(value)
    return _item(what or part) if target is None else _item(what or part, target, unit)


def _target(value: Decimal) -> int | float | None:
    """A target as outputs keep it: at most two decimals."""
    if value >= 10**10 or value != round(value, 2):
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _item(indicator: str, target: int | float | None = None, unit: str | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {"indicator": indicator[:LONGEST_LINE]}
    if target is not None:
        item |= {"target": target, "unit": unit}
    return item | {"service_method": _method(indicator)}


_METHODS = ("小组", "个案", "探访", "走访", "入户", "上门", "热线", "电话", "培训", "课程", "活动", "讲座")


def _method(indicator: str) -> str | None:
    return next((resolve("service_method", word) for word in _METHODS if word in indicator), None)


def export_outputs(items: Sequence[dict[str, Any]] | None) -> str:
    """Outputs in one cell, as `outputs` reads them."""
    return ";".join(_written_output(item) for item in items or ())


def _written_output(item: dict[str, Any]) -> str:
    target, unit, method = item.get("target"), item.get("unit"), item.get("service_method")
    if target is None:
        return quoted(item["indicator"])
    amount = f":{_digits(target)}{label('output_unit', unit) if unit else ''}"
    if method != _method(item["indicator"]):
        amount += f"({label('service_method', method) if method else _ANY_METHOD})"
    read = outputs(item["indicator"] + amount, Context(2000)).value
    same = (
        '"' not in item["indicator"]
        and read is not None
        and len(read) == 1
        and read[0]["indicator"] == item["indicator"]
    )
    return (item["indicator"] if same and read[0].get("unit") == unit else quoted(item["indicator"])) + amount


def _digits(target: Any) -> str:
    return f"{Decimal(str(target)).normalize():f}"


def outcomes(cell: Cell, context: Context) -> Parsed:
    """Expected outcomes, one per sentence and none longer than a line, as {indicator}."""
    failed = error_cell(cell)
    if failed:
        return failed
    if says_nothing(plain(cell)):
        return BLANK
    found = []
    for part in cut(text_of(cell), _SENTENCES):
        whole = unquoted(part.strip())
        found += [whole] if whole != part.strip() else fitting(_NUMBERED.sub("", whole), LONGEST_LINE)
    return Parsed([{"indicator": piece} for piece in found if piece] or None)


def export_outcomes(items: Sequence[dict[str, Any]] | None) -> str:
    """Outcomes in one cell, as `outcomes` reads them."""

    def read(text: str) -> list[str]:
        return [item["indicator"] for item in outcomes(text, Context(2000)).value or ()]

    return written((str(item["indicator"]) for item in items or ()), read, ";")


def requirements(cell: Cell, context: Context) -> Parsed:
    """What is asked of a supplier, as words, with `min_rating` and `min_certified_social_workers` read out of them."""
    failed = error_cell(cell)
    if failed:
        return failed
    if says_nothing(plain(cell)):
        return BLANK
    more: dict[str, Any] = {}
    kept: list[str] = []
    for part in split(text_of(cell)):
        workers = _WORKERS.search(part)
        grade = _RATING.search(part)
        if workers and "min_certified_social_workers" not in more:
            many = number(workers["after"] or workers["before"])
            more["min_certified_social_workers"] = int(many) if many is not None else None
        elif grade and "min_rating" not in more and (code := resolve("rating", grade[1])):
            more["min_rating"] = code
        else:
            kept += fitting(part, LONGEST_LINE)
    return Parsed(_few(kept) or None, (), more)


def _few(lines: list[str]) -> list[str]:
    """The lines put together where there are more than a draft takes, as long as each stays a line."""
    while len(lines) > _MOST_REQUIREMENTS:
        pairs = [(len(a) + len(b), at) for at, (a, b) in enumerate(pairwise(lines))]
        size, at = min(pairs)
        if size + 1 > LONGEST_LINE:
            break
        lines = [*lines[:at], f"{lines[at]}；{lines[at + 1]}", *lines[at + 2 :]]
    return lines
