"""What an organization has done, as far as it is like what a project asks.

A record weighs by its newness and by how like its title's services are to the project's, plus half a point when
the category is the same. The share is the weighted grade, drawn to neutral when there is little to weigh.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.columns import category_rows, recency, with_siblings
from matching.model import Organization, Record
from matching.taxonomy import services

GRADES = {"优秀": 1.0, "良好": 0.8, "合格": 0.5, "不合格": 0.0}
NO_GRADE = 0.6
"""Done but never graded: a little better than nothing known."""
CATEGORY_LIKENESS = 0.5
PRIOR_RECORDS = np.float32(0.75)
"""As much neutral experience as three quarters of a record of the very same work."""
CLEAR = 0.3
"""From this profile strength on, a title names its service."""
STEPS = 64.0
"""Profiles are kept in whole 1/64 so that sums are exact."""

Floats = NDArray[np.float32]


def project_services(profiles: Floats, categories: Floats) -> Floats:
    """Rows to multiply with an organization's work: service profile and main category side by side."""
    return np.hstack([np.round(profiles * STEPS), categories * np.float32(CATEGORY_LIKENESS * STEPS)])


def work_done(organizations: Sequence[Organization], profiles: Floats, as_of: date) -> tuple[Floats, Floats]:
    """How much like work each organization did, and the same weighted by grade.

    `profiles` holds one row per record, organization by organization.
    """
    records = [record for org in organizations for record in org.track_record]
    owner = np.repeat(np.arange(len(organizations)), [len(org.track_record) for org in organizations])
    kinds = np.hstack([profiles, with_siblings(_categories(records, profiles))])
    weight = np.array([recency(record, as_of) for record in records], dtype=np.float32)[:, None]
    grade = np.array([GRADES.get(r.grade or "", NO_GRADE) for r in records], dtype=np.float32)[:, None]
    done = np.zeros((len(organizations), kinds.shape[1]), dtype=np.float32)
    graded = np.zeros_like(done)
    np.add.at(done, owner, kinds * weight)
    np.add.at(graded, owner, kinds * weight * grade)
    return np.round(done * STEPS), np.round(graded * STEPS)


def _categories(records: Sequence[Record], profiles: Floats) -> Floats:
    """The category of each record: as recorded, else that of the service its title speaks of most."""
    named = services()
    likely = profiles.argmax(axis=1) if len(records) else []
    clear = profiles.max(axis=1, initial=0.0) > CLEAR if len(records) else []
    return category_rows(
        [
            (record.category,) if record.category else (named[number].category,) if sure else ()
            for record, number, sure in zip(records, likely, clear, strict=True)
        ]
    )
