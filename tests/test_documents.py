"""The drawn documents are what the code says now."""

import json
from pathlib import Path

from app.drawn import DOCS, documents, lifecycles, openapi

ADVICE = "stale: run scripts/draw and commit what it writes"


def test_the_pictures_of_lifecycles_and_the_api_description_are_fresh() -> None:
    stale = [
        str(path.relative_to(DOCS.parent))
        for path, content in documents().items()
        if not path.exists() or path.read_text("utf-8") != content
    ]
    assert stale == [], ADVICE


def test_no_picture_shows_a_lifecycle_that_is_gone() -> None:
    drawn = {life.name for life in lifecycles()}
    assert {path.stem for path in (DOCS / "lifecycles").glob("*.md")} == drawn


def test_every_operation_has_a_stable_name_and_declares_its_answer() -> None:
    described = json.loads(openapi())
    operations = [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))
    for path, method, operation in operations:
        assert operation.get("summary") or operation.get("description"), f"{method} {path} has no description"
        assert all("__" not in name for name in [operation["operationId"]]), (
            f"{path}: give it an operation_id"
        )
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert answers, f"{method} {path} answers nothing"


def test_no_schema_is_named_after_a_module() -> None:
    """Two classes of one name would show their file paths to every front end."""
    schemas = json.loads(openapi())["components"]["schemas"]
    assert [name for name in schemas if "__" in name or name.endswith(("-Input", "-Output"))] == []


def test_every_decision_names_what_was_not_chosen() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert len(decisions) >= 4
    lacking = [path.name for path in decisions if "## Alternatives considered" not in path.read_text("utf-8")]
    assert lacking == []
    assert all(Path(path).name[:4].isdigit() for path in decisions)
