"""The matrix of a survey: no database."""

from app.catalogue.codes import NeedDimension, TargetGroup
from app.needs.rules import matrix
from app.needs.schemas import CellDraft


def cell(asked: int, wanting: int, dimension: NeedDimension = NeedDimension.SAFETY) -> CellDraft:
    return CellDraft(target_group=TargetGroup.ELDERLY, dimension=dimension, asked=asked, wanting=wanting)


def test_a_matrix_that_adds_up_is_taken() -> None:
    assert matrix([cell(40, 40), cell(100, 0, NeedDimension.DAILY_CARE)], 100) == []


def test_every_impossible_cell_is_named() -> None:
    found = matrix([cell(40, 41), cell(101, 1)], 100)
    assert [(problem.code, problem.pointer) for problem in found] == [
        ("more_wanting_than_asked", "/cells/0/wanting"),
        ("cell_twice", "/cells/1"),
        ("more_asked_than_answered", "/cells/1/asked"),
    ]
