"""What must hold before an import is committed or undone."""

from collections.abc import Iterable

from app.imports.models import Import
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case


def has_rows(case: Case[Import]) -> Iterable[Problem]:
    counts = (case.thing.summary or {}).get("counts") or {}
    if not counts.get("ready", 0) + counts.get("warned", 0):
        yield Problem("nothing_to_import", "没有可导入的行。", "There is no row to import.")


def all_or_nothing(case: Case[Import]) -> Iterable[Problem]:
    rejected = ((case.thing.summary or {}).get("counts") or {}).get("rejected", 0)
    if case.data.get("all_or_nothing") and rejected:
        yield Problem(
            "rows_rejected",
            f"要求全部导入，但有 {rejected} 行不能导入。",
            f"All or nothing was asked, but {rejected} rows are rejected.",
            values={"rejected": rejected},
        )


def untouched(case: Case[Import]) -> Iterable[Problem]:
    """`facts` counts what this import has made and what of it has moved on since."""
    touched = case.facts or 0
    if touched:
        yield Problem(
            "rows_touched",
            f"有 {touched} 条已被修改、提交或使用，不能整体撤销。",
            f"{touched} of the records have been changed or used since; the import cannot be undone as a whole.",
            values={"touched": touched},
        )
