"""Plain data of projects and organizations as the ranker's frozen inputs, and as canonical JSON for the dossier."""

import dataclasses
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from matching import Engagement, Organization, Project, Record

NOT_SUPPLIERS = ("funder", "evaluator")
_PROJECT = frozenset(field.name for field in dataclasses.fields(Project))
_ORGANIZATION = frozenset(field.name for field in dataclasses.fields(Organization))
_RECORD = frozenset(field.name for field in dataclasses.fields(Record))
_ENGAGEMENT = frozenset(field.name for field in dataclasses.fields(Engagement))
_DAYS = ("rating_valid_until", "established_on")


def project(row: Mapping[str, Any]) -> Project:
    """One project as the ranker reads it; what the ranker does not know is left out."""
    values = {name: _frozen(value) for name, value in row.items() if name in _PROJECT}
    values["id"] = str(values["id"])
    if values.get("min_certified_social_workers") is None:
        values.pop("min_certified_social_workers", None)
    return Project(**values)


def organization(row: Mapping[str, Any]) -> Organization:
    """One organization as the ranker reads it. Its own name counts among its conflicts: nobody buys from itself."""
    values = {name: _frozen(value) for name, value in row.items() if name in _ORGANIZATION}
    values["id"] = str(values["id"])
    values["role"] = row["role"] if row.get("role") in NOT_SUPPLIERS else "supplier"
    values["track_record"] = tuple(Record(**_only(_RECORD, done)) for done in row.get("track_record", ()))
    values["engagements"] = tuple(
        Engagement(**_only(_ENGAGEMENT, held)) for held in row.get("engagements", ())
    )
    values["conflicts"] = tuple(dict.fromkeys((*row.get("conflicts", ()), row["name"])))
    return Organization(**values)


def without_project(found: Organization, project_id: str) -> Organization:
    """The organization as a project itself sees it: the place it already holds for that project does not stand in its way."""
    others = tuple(held for held in found.engagements if held.project_id != project_id)
    freed = len(found.engagements) - len(others)
    if not freed:
        return found
    return dataclasses.replace(found, engagements=others, active_engagements=found.active_engagements - freed)


def packed(projects: Iterable[Project], organizations: Iterable[Organization]) -> tuple[bytes, str]:
    """Inputs as compressed canonical JSON, with the SHA-256 of the JSON: their fingerprint."""
    content = {
        "projects": [dataclasses.asdict(p) for p in sorted(projects, key=lambda p: p.id)],
        "organizations": [dataclasses.asdict(o) for o in sorted(organizations, key=lambda o: o.id)],
    }
    body = canonical(content)
    return zlib.compress(body, 6), hashlib.sha256(body).hexdigest()


def opened(inputs: bytes) -> bytes:
    """The canonical JSON that `packed` compressed."""
    return zlib.decompress(inputs)


def read(body: bytes) -> tuple[list[Project], list[Organization]]:
    """What went into canonical JSON, equal to what it was."""
    content = json.loads(body)
    return (
        [Project(**{k: _frozen(v) for k, v in row.items()}) for row in content["projects"]],
        [_organization_again(row) for row in content["organizations"]],
    )


def _organization_again(row: dict[str, Any]) -> Organization:
    values = {name: _frozen(value) for name, value in row.items()}
    for name in _DAYS:
        values[name] = date.fromisoformat(row[name]) if row[name] else None
    values["annual_inspection"] = {int(year): result for year, result in row["annual_inspection"].items()}
    values["track_record"] = tuple(Record(**done) for done in row["track_record"])
    values["engagements"] = tuple(Engagement(**held) for held in row["engagements"])
    return Organization(**values)


def canonical(content: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal content has equal bytes."""
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain
    ).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a dossier")


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return str(value) if isinstance(value, UUID) else value


def _only(names: frozenset[str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in names}
