"""A cell with several values cut into its parts: never inside brackets, quotes or a word (DOMAIN.md §4.4, 41)."""

import re
from collections.abc import Callable, Iterable, Iterator

_ENCLOSED = re.compile(
    r"[(（][^()（）]*[)）]|[\[【][^\[\]【】]*[\]】]|“[^“”]*”|‘[^‘’]*’|《[^《》]*》|「[^「」]*」|"
    r"(?<![^\s、,，;；/|\n])\"(?:[^\"]|\"\")*\"(?=\s*(?:$|[、,，;；:：/|\n(（]))"
)
_OPENS = re.compile(r"[(（\[【“‘《「\"]")
_FILLER = "\ue000"
_SEPARATORS = re.compile(r"[、,，;；\n|]+|(?<![\d(])/(?!\d)")
NUMBERING = re.compile(
    r"^(?:[(（]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})(?:[.．、](?!\d)|[)）][.、]?)|[①-⑳]|[A-Ha-h][.．、])\s*"
)
_NUMBERED = re.compile(
    r"(?<=[^\d\s.．第])\s*(?=(?:[(（]?\d{1,2}[)）]|\d{1,2}[.．、](?!\d)|[①-⑳])\s*[^\d\s,，、;；.．)）])"
)
_AND_SO_ON = re.compile(
    r"等(?:\d{1,2})?[类种个]?(?:弱势|困难|特殊|重点)?(?:群体|人群|人员|对象|领域|方面|服务|内容)?$"
)
_BOX = re.compile(r"[☑√✓✔■☒●]|[□☐○]")
_TICKED = frozenset("☑√✓✔■☒●")


def cut(text: str, separators: re.Pattern[str]) -> list[str]:
    """The parts of a text between separators that stand outside brackets and quotes; an unclosed one encloses nothing."""
    if _OPENS.search(text) is None:
        return [part for part in separators.split(text) if part]
    masked, before = text, ""
    while masked != before:
        before = masked
        masked = _ENCLOSED.sub(lambda found: _FILLER * len(found[0]), masked)
    parts, start = [], 0
    for found in separators.finditer(masked):
        parts.append(text[start : found.start()])
        start = found.end()
    return [part for part in (*parts, text[start:]) if part]


def split(text: str) -> list[str]:
    """The values of a cell, by 、 , ; / | line breaks and numbering; blanks, numbering, quotes and a final '等' gone.

    A form with boxes to tick gives what is ticked. Words like 和 never cut: `joined_by` proposes, the caller knows the words.
    """
    text = ticked(text)
    pieces = [
        piece
        for part in cut(text, _SEPARATORS)
        for piece in (_NUMBERED.split(part) if NUMBERING.match(part.strip()) else (part,))
    ]
    parts = (
        unquoted(_AND_SO_ON.sub("", NUMBERING.sub("", piece.strip())).strip(" 。．")) for piece in pieces
    )
    return [part for part in dict.fromkeys(parts) if part]


def ticked(text: str) -> str:
    """Of a form's boxes the ticked ones, joined by 、; any other text as it is.

    '□招标 ☑委托' has its boxes before the words, '招标□ 委托☑' behind. Ticks without an empty box mark all there is.
    """
    if '"' in text or _BOX.search(text) is None:
        return text
    pieces = re.findall(r"([☑√✓✔■☒●□☐○])\s*([^☑√✓✔■☒●□☐○]*)", text)
    if _BOX.match(text.lstrip()) is None:
        words = [word.strip(" 、,，;；\n") for word in _BOX.split(text)]
        pieces = list(zip(_BOX.findall(text), words, strict=False))
    return "、".join(word.strip(" 、,，;；\n") for box, word in pieces if box in _TICKED and word.strip())


def joined_by(text: str, words: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Every way to read a text as two joined by one of the words, both sides with content."""
    for found in words.finditer(text):
        left, right = text[: found.start()].strip(), text[found.end() :].strip()
        if left and right:
            yield left, right


def unquoted(text: str) -> str:
    """The content of a text that stands whole in straight quotes, as `quoted` writes it."""
    if len(text) > 2 and text[0] == text[-1] == '"' and '"' not in text[1:-1].replace('""', ""):
        return text[1:-1].replace('""', '"')
    return text


def quoted(text: str) -> str:
    """The text in straight quotes, which no parser cuts or reads."""
    return '"' + text.replace('"', '""') + '"'


def written(values: Iterable[str], read: Callable[[str], list[str]], joint: str) -> str:
    """Values in one cell such that `read` gives them back; a value that would be cut or changed stands in quotes."""
    return joint.join(
        value if '"' not in value and read(value) == [value] else quoted(value) for value in values
    )


def fitting(text: str, longest: int) -> list[str]:
    """A text in pieces of at most `longest` characters, cut behind the last comma, blank or stop where there is one."""
    pieces = []
    while len(text) > longest:
        at = max((text.rfind(mark, 1, longest) for mark in "，,、。 "), default=-1) + 1 or longest
        pieces.append(text[:at].strip("，,、。 "))
        text = text[at:]
    return [piece for piece in (*pieces, text.strip()) if piece]
