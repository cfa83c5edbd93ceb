"""What an organization has done before: past projects in one cell, as lists write them and as exports do."""

import re
from collections.abc import Sequence
from typing import Any

from app.catalogue.codes import label, resolve
from app.imports.cells.marks import LONGEST_LINE
from app.imports.cells.money import money
from app.imports.cells.parsed import BLANK, Cell, Context, Parsed, warning
from app.imports.cells.parts import cut, quoted, unquoted
from app.imports.cells.text import error_cell, plain, says_nothing, text_of
from app.kernel.money import yuan

_ENTRIES = re.compile(r"[;；\n]+|[、,，](?=\s*(?:20\d{2}\s*(?:年|[.\-/]\d)|[(（]20\d{2}年?[)）]))")
_NUMBERING = re.compile(r"^(?:[(（]?\d{1,2}(?:[.．、](?!\d)|[.．、](?=20\d{2})|[)）]、?)|[①-⑳])\s*")
_NUMBERED = re.compile(r"(?<=[^\d\s.．])\s*(?=(?:\d{1,2}[.．、](?=20\d{2}|\D)|[①-⑳])\s*[^\s.．])")
_YEAR = re.compile(
    r"^[(（]?(?:(?P<from>20\d{2})年?\s*[-~～—至到]\s*)?(?P<year>20\d{2})(?:[.\-/年]\d{1,2}月?(?=[^\d年])|年度?)?[)）]?[:：\s、]*"
)
_ANY_YEAR = re.compile(r"(?<!\d)(20\d{2})年")
_NOTE = re.compile(r"^(?P<title>.+?)\s*[(（](?P<note>[^()（）]*)[)）]$")
_AMOUNT = re.compile(
    r"^(?P<title>.+?)[\s,，:：]*(?:(?:项目)?(?:金额|资金|经费)[:：]?)?(?P<amount>\d[\d,.]*\s*万?元)$"
)
_EDGES = " 、,，。:："


def past_projects(cell: Cell, context: Context) -> Parsed:
    """Past projects as {title, year, amount_fen, grade}: '2024年助浴入户服务(18万元,良好)' and plainer forms."""
    failed = error_cell(cell)
    if failed:
        return failed
    if says_nothing(plain(cell)):
        return BLANK
    items, undated = [], []
    for part in cut(text_of(cell), _ENTRIES):
        for entry in _NUMBERED.split(part) if _NUMBERING.match(part.strip()) else (part,):
            if item := _past_project(_NUMBERING.sub("", entry.strip()).strip(_EDGES)):
                items.append(item)
                if "year" not in item:
                    undated.append(item["title"])
    problems = (
        warning("past_project_undated", f"项目未写年份（{'、'.join(undated)[:80]}），不计入业绩，请补年份。",
                f"A past project has no year ({', '.join(undated)[:80]}) and is not counted; add the year.", "例如 2024年社区助餐(12万元,良好)"),
    ) if undated else ()  # fmt: skip
    return Parsed(items or None, problems)


def _past_project(text: str) -> dict[str, Any] | None:
    """One project. A year, an amount and a grade are read from its edges; what else stands in brackets stays in the title."""
    item: dict[str, Any] = {}
    if year := _YEAR.match(text):
        item["year"] = int(year["year"])
        whole, text = text, text[year.end() :]
        if year["from"]:
            text = f"{text}({year['from']}-{year['year']}年)"
        if not text.strip(_EDGES):
            text = whole
    if exact := re.fullmatch(r"(?P<title>\"(?:[^\"]|\"\")+\")(?:\((?P<facts>[^()]*)\))?", text):
        for fact in (exact["facts"] or "").split(","):
            _fact(item, fact)
        return {"title": unquoted(exact["title"])[:LONGEST_LINE], **item}
    kept = ""
    while note := _NOTE.match(text):
        rest = [fact for fact in re.split(r"[,，、;；]", note["note"]) if not _fact(item, fact.strip())]
        if rest:
            kept = f"({'，'.join(rest)}){kept}"
        text = note["title"]
    if "amount_fen" not in item and (amount := _AMOUNT.match(text)):
        parsed = money(amount["amount"], Context(2000))
        if parsed.value is not None:
            item["amount_fen"], text = parsed.value, amount["title"]
    title = text.strip(_EDGES) + kept
    if "year" not in item and len(years := _ANY_YEAR.findall(title)) == 1:
        item["year"] = int(years[0])
    return {"title": title[:LONGEST_LINE], **item} if title else None


def _fact(item: dict[str, Any], fact: str) -> bool:
    """Take a year, grade or amount that the item does not have yet; False for anything else."""
    if re.fullmatch(r"20\d{2}(?:年度?)?", fact):
        return bool(item.setdefault("year", int(fact[:4])) == int(fact[:4]))
    if "grade" not in item and (grade := resolve("grade", re.sub(r"^评估|等次$|等级$", "", fact))):
        item["grade"] = grade
        return True
    if "amount_fen" not in item and (amount := money(fact, Context(2000))).value is not None:
        item["amount_fen"] = amount.value
        return True
    return not fact


def export_past_projects(items: Sequence[dict[str, Any]] | None) -> str:
    """Past projects in one cell, as `past_projects` reads them."""
    return ";".join(_written(item) for item in items or ())


def _written(item: dict[str, Any]) -> str:
    facts = [f"{yuan(item['amount_fen'])}元"] if item.get("amount_fen") else []
    facts += [label("grade", item["grade"])] if item.get("grade") else []
    year = f"{item['year']}年" if item.get("year") else ""
    tail = f"({','.join(facts)})" if facts else ""
    plainly = f"{year}{item['title']}{tail}"
    named = {name: value for name, value in item.items() if value is not None}
    alone = '"' not in item["title"] and past_projects(plainly, Context(2000)).value == [named]
    return plainly if alone else f"{year}{quoted(item['title'])}{tail}"
