"""Cells that hold a small list of their own: outputs, outcomes, past projects, what is asked of a supplier."""

import re
from typing import Any

from app.catalogue.codes import label, resolve
from app.imports.cells.marks import split
from app.imports.cells.money import money
from app.imports.cells.numerals import number
from app.imports.cells.parsed import BLANK, Cell, Context, Parsed
from app.imports.cells.text import error_cell, plain, says_nothing, text_of
from app.kernel.money import yuan

_ITEM = re.compile(r"[;；\n。]+|(?<=[^\d])[,，、](?=[^\d]*\d)")
_UNITS = "人次|户次|课时|个月|场次|人|名|位|场|节|个|户|%|次|份|册|天|件|例|支|家|处|项|对|期|分|月"
_OUTPUT = re.compile(
    rf"^(?:\d{{1,2}}[.、)]\s*)?(?:开展|提供|完成|组织|举办|不少于)?(?P<what>.*?)[:：\s]*(?:不少于|不低于|达到|达|至少|≥|>=|共|约)?\s*"
    rf"(?P<target>\d+(?:\.\d+)?)\s*(?P<unit>{_UNITS})(?:以上|及以上|以下)?(?P<rest>.*)$"
)
_LEADING = re.compile(rf"^(?P<target>\d+(?:\.\d+)?)\s*(?P<unit>{_UNITS})(?P<what>.+)$")
_RATING = re.compile(
    r"([1-5一二三四五]A|A{1,5})级?(?:及以上|以上|或以上|及其以上)?(?:等级|社会组织|资质)?", re.IGNORECASE
)
_WORKERS = re.compile(r"(?:(?:持证|专业|注册)[^\d一二两三四五六七八九十,;、]{0,6}社(?:会)?工(?:作者|师)?[^\d一二两三四五六七八九十,;、]{0,5}(?P<after>[\d一二两三四五六七八九十]{1,2})[名人个]?)"
                      r"|(?:(?P<before>[\d一二两三四五六七八九十]{1,2})[名人个](?:及?以上)?(?:持证|专业)[^,;、\d]{0,4}社(?:会)?工(?:作者|师)?)")  # fmt: skip
_PAST = re.compile(
    r"^(?:(?P<year>20\d{2})年?[:：]?\s*)?(?P<title>[^(（]+?)\s*(?:[(（](?P<note>[^()（）]*)[)）])?(?:\s*[(（](?P<note2>[^()（）]*)[)）])?$"
)


def outputs(cell: Cell, context: Context) -> Parsed:
    """Outputs as {indicator, service_method, target, unit}; a part without a number is an indicator alone."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = text_of(cell)
    if says_nothing(plain(cell)):
        return BLANK
    found = [_output(part.strip()) for part in _ITEM.split(text) if part.strip()]
    return Parsed([item for item in found if item] or None)


def _output(text: str) -> dict[str, Any] | None:
    item: dict[str, Any] = {"indicator": text.strip(" :：,，、")[:200]}
    for pattern in (_LEADING, _OUTPUT):
        match = pattern.match(text)
        if match and match["what"].strip(" :：,，、"):
            target = number(match["target"])
            assert target is not None
            item["indicator"] = (
                match["what"].strip(" :：,，、") + (match.groupdict().get("rest") or "").strip()
            )[:200]
            item["target"] = int(target) if target == target.to_integral_value() else float(target)
            item["unit"] = resolve("output_unit", match["unit"])
            break
    item["service_method"] = _method(item["indicator"])
    return item if item["indicator"] else None


def _method(indicator: str) -> str | None:
    for word in (
        "小组",
        "个案",
        "探访",
        "走访",
        "入户",
        "上门",
        "热线",
        "电话",
        "培训",
        "课程",
        "活动",
        "讲座",
    ):
        if word in indicator:
            return resolve("service_method", word)
    return None


def export_outputs(items: list[dict[str, Any]] | None) -> str:
    """Outputs in one cell, as `outputs` reads them."""
    parts = []
    for item in items or ():
        target, unit = item.get("target"), item.get("unit")
        amount = f"{target:g}{label('output_unit', unit) if unit else ''}" if target is not None else ""
        parts.append(f"{item['indicator']}:{amount}" if amount else str(item["indicator"]))
    return ";".join(parts)


def outcomes(cell: Cell, context: Context) -> Parsed:
    """Expected outcomes, one per sentence, as {indicator}."""
    failed = error_cell(cell)
    if failed:
        return failed
    if says_nothing(plain(cell)):
        return BLANK
    parts = (part.strip() for part in re.split(r"[;；\n。]+", text_of(cell)))
    return Parsed([{"indicator": part[:500]} for part in parts if part] or None)


def export_outcomes(items: list[dict[str, Any]] | None) -> str:
    return ";".join(str(item["indicator"]) for item in items or ())


def requirements(cell: Cell, context: Context) -> Parsed:
    """What is asked of a supplier, as words, with `min_rating` and `min_certified_social_workers` read out of them."""
    failed = error_cell(cell)
    if failed:
        return failed
    if says_nothing(plain(cell)):
        return BLANK
    more: dict[str, Any] = {}
    kept = []
    for part in split(text_of(cell)):
        workers = _WORKERS.search(part)
        grade = _RATING.search(part)
        if workers:
            many = number(workers["after"] or workers["before"])
            more["min_certified_social_workers"] = int(many) if many is not None else None
        elif grade and (code := resolve("rating", grade[1])):
            more["min_rating"] = code
        else:
            kept.append(part)
    return Parsed(kept or None, (), more)


def past_projects(cell: Cell, context: Context) -> Parsed:
    """Past projects as {title, year, amount_fen, grade}: '2024年助浴入户服务(18万元,良好)' and plainer forms."""
    failed = error_cell(cell)
    if failed:
        return failed
    if says_nothing(plain(cell)):
        return BLANK
    items = []
    for part in re.split(r"[;；\n]+", text_of(cell)):
        match = _PAST.match(part.strip(" 、,，。"))
        if not match or not match["title"].strip():
            continue
        item: dict[str, Any] = {"title": match["title"].strip(" 、,，:：")[:200]}
        if match["year"]:
            item["year"] = int(match["year"])
        for fact in re.split(r"[,，、]", ",".join(filter(None, (match["note"], match["note2"])))):
            _past_fact(item, fact.strip())
        items.append(item)
    return Parsed(items or None)


def _past_fact(item: dict[str, Any], fact: str) -> None:
    if not fact:
        return
    if re.fullmatch(r"20\d{2}年?", fact):
        item["year"] = int(fact[:4])
    elif grade := resolve("grade", fact):
        item["grade"] = grade
    elif (amount := money(fact, Context(2000))).value is not None:
        item["amount_fen"] = amount.value


def export_past_projects(items: list[dict[str, Any]] | None) -> str:
    """Past projects in one cell, as `past_projects` reads them."""
    parts = []
    for item in items or ():
        facts = [f"{yuan(item['amount_fen'])}元"] if item.get("amount_fen") else []
        facts += [label("grade", item["grade"])] if item.get("grade") else []
        year = f"{item['year']}年" if item.get("year") else ""
        parts.append(f"{year}{item['title']}" + (f"({','.join(facts)})" if facts else ""))
    return ";".join(parts)
