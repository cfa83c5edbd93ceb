"""From a record, with the trade's identifiers, to the draft that HTTP takes too: one table of names a kind."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from app.catalogue.codes import NeedOrigin
from app.imports.cells.dates import MONTH, YEAR
from app.imports.cells.parsed import RowProblem, error
from app.imports.columns.kinds import KINDS
from app.imports.places import path_of
from app.kernel import fields
from app.kernel.money import FEN

Shape = Callable[[Mapping[str, Any], date], dict[str, Any]]


def _project(record: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    draft = _renamed(record, _OF_PROJECT)
    # A term "to December" lasts to its last day: the record keeps the month's first day and says how exact it is.
    if "ends_on" in draft and record.get("end_precision") in (MONTH, YEAR):
        # A stored record comes back from JSON with its dates as text.
        end = date.fromisoformat(str(draft["ends_on"]))
        month = 12 if record["end_precision"] == YEAR else end.month
        draft["ends_on"] = end.replace(month=month, day=monthrange(end.year, month)[1])
    return draft


def _organization(record: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    draft = _renamed(record, _OF_ORGANIZATION)
    if record.get("credit_status") not in (None, "normal"):
        draft["credit_events"] = [{"listed": record["credit_status"], "listed_on": as_of}]
    if record.get("qualifications"):
        draft["qualifications"] = [{"name": name} for name in record["qualifications"]]
    draft["track_record"] = [entry for entry in record.get("track_record") or () if entry.get("year")]
    return draft


def _need(record: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    draft = {name: record[name] for name in _NEED if record.get(name) is not None}
    origin = record.get("origin") or NeedOrigin.IMPORTED.value
    return {
        **draft,
        "origin": origin,
        "area_path": path_of(record),
        "persons": record.get("beneficiaries_planned"),
    }


_NEED = ("title", "description", "category", "target_groups", "dimension", "urgency")


_OF_PROJECT = {
    "start_on": "starts_on", "end_on": "ends_on", "project_no": "number", "funding_lines": "funding_parts",
    "budget_is_estimate": "is_estimate", "catalogue_item": "catalogue_item_code", "responsibility_list": "responsibility_list_type",
    **dict.fromkeys(("source_row_no", "start_precision", "end_precision", "budget_max_fen")),
}  # fmt: skip
"""The names of a record that a draft calls otherwise, or (None) does not know."""
_OF_ORGANIZATION = {
    "legal_rep": "legal_representative",
    "old_reg_no": "old_registration_number",
    **dict.fromkeys(("source_row_no", "credit_status")),
}


def _renamed(record: Mapping[str, Any], names: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        called: value
        for name, value in record.items()
        if value is not None and (called := names.get(name, name)) is not None
    }


_SHAPES: Mapping[str, Shape] = {"projects": _project, "organizations": _organization, "needs": _need}


@cache
def draft_type(kind: str) -> type[BaseModel]:
    """The draft schema of a kind."""
    if kind == "projects":
        from app.projects.schemas import ProjectDraft

        return ProjectDraft
    if kind == "organizations":
        from app.organizations.schemas import OrganizationDraft

        return OrganizationDraft
    from app.needs.schemas import NeedDraft

    return NeedDraft


def draft_of(kind: str, record: Mapping[str, Any], as_of: date) -> BaseModel:
    """The draft of a record. Raises pydantic's ValidationError; `checker` turns that into problems."""
    return draft_type(kind).model_validate(_SHAPES[kind](record, as_of), context=FEN, by_name=True)


_BACK = {"starts_on": "start_on", "ends_on": "end_on", "number": "project_no"}


def _refused(kind: str, item: Any) -> RowProblem:
    field = str(item["loc"][0]) if item["loc"] else None
    field = _BACK.get(field, field) if field else None
    column = KINDS[kind].by_field.get(field or "")
    said = fields.problem(item)
    return error(
        "draft_refused",
        f"{column.header if column else '该行'}：{said.zh}",
        f"{field or 'The row'}: {said.en}",
    ).at(field, None)


def checker(kind: str, as_of: date) -> Callable[[Mapping[str, Any]], list[RowProblem]]:
    """What the draft schema would refuse in a record, as row problems."""

    def check(record: Mapping[str, Any]) -> list[RowProblem]:
        try:
            draft_of(kind, record, as_of)
        except ValidationError as refused:
            return [_refused(kind, item) for item in refused.errors()]
        return []

    return check
