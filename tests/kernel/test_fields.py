"""What a schema refuses is said in both languages, wherever it was sent: a request, an event's data, a row of a list."""

from datetime import date

import pytest
from pydantic import ValidationError

from app.imports.drafts import checker
from app.kernel import fields
from app.kernel.errors import Malformed
from app.kernel.lifecycle import data_as
from app.projects.schemas import ProjectDraft
from app.timetables.schemas import SeatChange

DRAFT = {"title": "助浴入户", "buyer": "南京市玄武区锁金村街道办事处"}


def refused(**sent: object) -> tuple[str, str, str, str | None]:
    with pytest.raises(ValidationError) as error:
        ProjectDraft.model_validate(DRAFT | sent)
    (item,) = error.value.errors()
    found = fields.problem(item)
    return found.code, found.zh, found.en, found.pointer


def test_a_bound_is_named() -> None:
    assert refused(period_months=40) == (
        "less_than_equal",
        "须不大于 36。",
        "Must be at most 36.",
        "/period_months",
    )


def test_a_validator_of_our_own_says_both_sentences() -> None:
    code, zh, en, _ = refused(budget_yuan="100", budget_min_yuan="200")
    assert (code, zh) == ("budget_range", "最低预算高于最高预算。")
    assert en == "the least budget is above the ceiling"


def test_money_says_how_it_is_written() -> None:
    code, zh, _, pointer = refused(budget_yuan="-1")
    assert (code, pointer) == ("money", "/budget_yuan") and "25000.00" in zh


def test_the_data_of_an_event_points_into_it() -> None:
    with pytest.raises(Malformed) as error:
        data_as(SeatChange, {"slot_id": "上午"})
    (found,) = error.value.problems
    assert (found.code, found.zh, found.pointer) == ("uuid_parsing", "须为 UUID。", "/data/slot_id")


def test_a_row_of_a_list_names_its_column() -> None:
    (found,) = checker("projects", date(2026, 3, 1))({**DRAFT, "title": "助浴" * 200})
    assert (found.code, found.field) == ("draft_refused", "title")
    assert found.zh.startswith("项目名称：文字过长") and found.en.startswith("title: Too long")
