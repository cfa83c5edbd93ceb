"""The graded samples as the library's own objects."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from matching import Organization, Project, Record

DATA = Path(__file__).parent / "data"
AS_OF = date(2026, 1, 1)


def _fen(yuan: int | None) -> int | None:
    return None if yuan is None else yuan * 100


def _home(authority: str) -> str | None:
    rest = authority.removeprefix("南京市").removeprefix("南京")
    for suffix in ("区", "新区"):
        if suffix in rest:
            return rest[: rest.index("区") + 1]
    return None


def project_of(row: dict[str, Any]) -> Project:
    return Project(
        row["project_no"],
        row["title"],
        row["description"],
        category=row["primary_category"],
        categories=tuple(row["categories"]),
        target_groups=tuple(row["target_groups"]),
        district=row["district"],
        street=row["street"],
        community=row["community"],
        buyer=row["buyer"],
        procuring_entity=row["entrusting_body"],
        budget_fen=_fen(row["budget_yuan"]),
        min_rating=row["min_rating"],
        min_certified_social_workers=row["min_certified_social_workers"],
        required_qualifications=tuple(row["required_qualifications"]),
        preferred_qualifications=tuple(row["preferred_qualifications"]),
    )


def organization_of(row: dict[str, Any]) -> Organization:
    workers = row["social_workers"]
    low, high = row["preferred_budget_yuan"] or (None, None)
    until = row["rating_valid_until"]
    return Organization(
        row["org_no"],
        row["name"],
        row["business_scope"],
        row["strengths"],
        categories=tuple(row["service_categories"]),
        target_groups=tuple(row["target_groups"]),
        district=_home(row["registration_authority"]),
        service_areas=tuple(row["service_districts"]),
        legal_person=row["legal_person"],
        role=row["marketplace_role"],
        credit_status=row["credit_status"],
        annual_inspection={int(year): result for year, result in row["annual_inspection"].items()},
        rating=row["rating"],
        rating_valid_until=date.fromisoformat(until) if until else None,
        certified_total=sum(workers.values()),
        supervisors=workers["senior"] or None,
        qualifications=tuple(row["qualifications"]),
        capacity_max=row["capacity_max"],
        active_engagements=row["active_projects"],
        preferred_budget_min=_fen(low),
        preferred_budget_max=_fen(high),
        last_year_income_fen=_fen(row["last_year_income_yuan"]),
        established_on=date.fromisoformat(row["established_on"]),
        track_record=tuple(
            Record(r["title"], r["year"], _fen(r["amount_yuan"]), r["grade"]) for r in row["past_projects"]
        ),
        conflicts=tuple("*" if name.startswith("*") else name for name in row["conflict_of_interest_with"]),
    )


def load() -> tuple[list[Project], list[Organization], list[dict[str, Any]]]:
    """Projects, organizations, and the raw project rows with their expert judgements."""
    data = json.loads((DATA / "samples.json").read_text(encoding="utf-8"))
    return (
        [project_of(row) for row in data["projects"]],
        [organization_of(row) for row in data["organizations"]],
        data["projects"],
    )
