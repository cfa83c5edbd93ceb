"""Plain text: blanks of all kinds collapsed before anything is compared; nothing else is changed."""

import re
import unicodedata
from datetime import date, datetime

from app.imports.cells.parsed import BLANK, Cell, Context, Parsed, error, warning

_INVISIBLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]"
)
_UNCLEAN = re.compile(
    "[\r\t\u00a0\u3000\u2000-\u200f\u2028-\u202f\u205f-\u2060\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|  "
)
_BREAKS = re.compile(
    "\r\n?|[\x0b\x0c\u2028\u2029]"
)  # a vertical tab is the soft line break of word processors
_SPACES = re.compile("[ \t\u00a0\u3000\u2000-\u200a\u202f\u205f]+")
_FORMULA_SIGNS = ("=", "+", "-", "@")
_ANY_SPACE = re.compile(r"\s+")
_CJK_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_CJK_BREAK = re.compile(r"\s+(?=(?:社区|村|居委会|街道|区)(?:\s|$))")

# Dashes and words that bureaus write where nothing is known.
NOTHING_WORDS = frozenset(
    ("/", "\\", "-", "--", "—", "——", "－", "–", "无", "暂无", "待定", "待确定", "未定", "面议", "另议", "不详", "未知",
     "n/a", "na", "null", "none", "nil", "tbd", "空", "略", "不适用", "不涉及", "未填", "未填写", "待填", "待补", "待补充", "暂缺",
     "尚未确定", "暂未确定", "暂不确定", "待核实", "待落实")
)  # fmt: skip
_LONGEST_NOTHING = max(map(len, NOTHING_WORDS))
_STROKES = re.compile(r"[-—–－_/\\.…*·~～]+")
ERROR_CELLS = frozenset(
    ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
)
LONGEST = 20_000


class CellError(str):
    """The text of a cell whose formula failed, or has no stored result."""

    __slots__ = ()


def text_of(cell: Cell) -> str:
    """Any cell as text: whole numbers without '.0', dates as ISO; invisible characters and outer blanks gone.

    So is the apostrophe that exports (ours and others) put before text that looks like a formula.
    """
    if isinstance(cell, str):
        # What can be printed has no blank but the usual one: most cells are seen to be clean at a glance.
        if not (cell.isprintable() and "  " not in cell) and _UNCLEAN.search(cell) is not None:
            cell = _SPACES.sub(" ", _INVISIBLE.sub("", _BREAKS.sub("\n", cell)))
        text = cell.strip()
        return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA_SIGNS else text
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        return repr(cell)
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return str(cell)


def plain(cell: Cell) -> str:
    """The cell as numbers, dates and codes are compared: NFKC, no blank at all."""
    text = text_of(cell)
    if text.isascii():
        return _ANY_SPACE.sub("", text)
    return _ANY_SPACE.sub("", unicodedata.normalize("NFKC", text))


def says_nothing(text: str) -> bool:
    """Whether a (plain) text stands for a value that is not known: blank, '待定', '面议', '/', '—', '无'."""
    if text[-1:].isalpha() and len(text) > _LONGEST_NOTHING:
        return False
    return not text or text.lower() in NOTHING_WORDS or _STROKES.fullmatch(text) is not None


def error_cell(cell: Cell) -> Parsed | None:
    """The refusal of a cell whose formula failed; None for any other cell."""
    if isinstance(cell, CellError) or (isinstance(cell, str) and cell.strip().upper() in ERROR_CELLS):
        return Parsed(None, (
            error("error_cell", f"单元格是公式错误或没有计算结果（{cell}）。",
                  f"The cell holds a formula error or has no stored result ({cell}).", "请在表格中改正后重新上传"),
        ))  # fmt: skip
    return None


def line(cell: Cell, context: Context) -> Parsed:
    """One line of text: line breaks and runs of blanks become one blank; a blank between Chinese characters goes."""
    text = text_of(cell)
    if text.isprintable() and " " not in text:
        return BLANK if says_nothing(text) else _bounded(text)
    text = _ANY_SPACE.sub(" ", text)
    return BLANK if says_nothing(text) else _bounded(_CJK_GAP.sub("", text))


def place(cell: Cell, context: Context) -> Parsed:
    """The name of a place, or of several with the breaks between them kept: '银杏里社区' above '桂花巷社区' are two."""
    text = text_of(cell)
    if says_nothing(text):
        return BLANK
    text = _CJK_BREAK.sub("", text)  # a name broken to fit its column
    return _bounded(_ANY_SPACE.sub(" ", text.replace("\n", "、")))


def paragraph(cell: Cell, context: Context) -> Parsed:
    """Text that may run over several lines, which are kept."""
    text = text_of(cell)
    if says_nothing(text):
        return BLANK
    return _bounded("\n".join(part.strip() for part in text.split("\n")) if "\n" in text else text)


def _bounded(text: str) -> Parsed:
    if len(text) <= LONGEST:
        return Parsed(text)
    return Parsed(text[:LONGEST], (
        warning("text_cut", f"文字超过 {LONGEST} 字，已截断；原文保留在原始记录中。",
                f"The text is longer than {LONGEST} characters and was cut; the raw text is kept."),
    ))  # fmt: skip
