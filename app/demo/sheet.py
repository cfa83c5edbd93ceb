"""One list on a worksheet: title, note line, one- or two-row header, data, merged areas, totals and tail notes."""

from collections.abc import Mapping, Sequence
from typing import Any

_WIDE = {
    "description": 60,
    "title": 28,
    "capability": 60,
    "scope": 40,
    "outputs": 36,
    "outcomes": 30,
    "buyer": 26,
}


def formats(book: Any) -> dict[str, Any]:
    """The few cell formats of a bureau's list."""
    border = {"border": 1, "valign": "vcenter", "font_name": "宋体", "font_size": 10}
    return {
        "title": book.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"}),
        "note": book.add_format({"font_size": 10}),
        "header": book.add_format({**border, "bold": True, "align": "center", "text_wrap": True}),
        "cell": book.add_format({**border, "text_wrap": True}),
        "total": book.add_format({**border, "bold": True}),
    }


class Sheet:
    """Writes downwards; `keys` name the columns from left to right."""

    def __init__(self, sheet: Any, styles: dict[str, Any], keys: Sequence[str]) -> None:
        self._sheet, self._styles, self._keys = sheet, styles, list(keys)
        self.row = 0
        self.first_data_row = 0
        for index, key in enumerate(keys):
            sheet.set_column(index, index, _WIDE.get(key, 12))

    def title(self, text: str) -> None:
        """A title merged over all columns."""
        self._sheet.merge_range(0, 0, 0, len(self._keys) - 1, text, self._styles["title"])
        self.row = 1

    def note(self, text: str) -> None:
        self._sheet.write_string(self.row, 0, text, self._styles["note"])
        self.row += 1

    def header(self, columns: Sequence[tuple[str, ...]], group: tuple[str, Sequence[str]] | None) -> None:
        """The header; with `group`, its keys stand side by side under one parent and the rest is merged downwards."""
        style = self._styles["header"]
        if group is None:
            for index, (_, text) in enumerate(columns):
                self._sheet.write_string(self.row, index, text, style)
            self.row += 1
        else:
            parent, members = group
            inside = [index for index, (key, _) in enumerate(columns) if key in members]
            self._sheet.merge_range(self.row, inside[0], self.row, inside[-1], parent, style)
            for index, (_, text) in enumerate(columns):
                if index in inside:
                    self._sheet.write_string(self.row + 1, index, text, style)
                else:
                    self._sheet.merge_range(self.row, index, self.row + 1, index, text, style)
            self.row += 2
        self.first_data_row = self.row
        self._sheet.freeze_panes(self.row, 0)

    def add(self, cells: Sequence[str | float | int | None]) -> None:
        style = self._styles["cell"]
        for index, value in enumerate(cells):
            if value is None or value == "":
                self._sheet.write_blank(self.row, index, None, style)
            elif isinstance(value, str):
                self._sheet.write_string(self.row, index, value, style)
            else:
                self._sheet.write_number(self.row, index, value, style)
        self.row += 1

    def merge(self, key: str, first: int, text: str) -> None:
        """Merge the cells of one column from `first` to the last row written; nothing for a single row."""
        if key in self._keys and self.row - first > 1:
            column = self._keys.index(key)
            self._sheet.merge_range(first, column, self.row - 1, column, text, self._styles["cell"])

    def total(self, word: str, sums: Mapping[str, float], count: int) -> None:
        """A 小计 or 合计 line: the word in the first column, the number of projects, the sums under their columns."""
        for index, key in enumerate(self._keys):
            value = sums.get(key)
            if value is not None:
                self._sheet.write_number(self.row, index, value, self._styles["total"])
            elif key == "title":
                self._sheet.write_string(self.row, index, f"{count}个项目", self._styles["total"])
            else:
                self._sheet.write_string(self.row, index, word if index == 0 else "", self._styles["total"])
        self.row += 1

    def tail(self, text: str) -> None:
        self._sheet.write_string(self.row, 0, text, self._styles["note"])
        self.row += 1
