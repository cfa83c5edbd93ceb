"""What can be pointed at when a pair is explained: shared services and words, past work like this one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model import Organization, Project, Record
from matching.text import TextModel, organization_text, project_text, record_text

CLEAR = 0.04
"""From this product of the two profiles on, a service counts as shared."""
SERVICES = 3
ALIKE = 0.15
"""From this likeness on, a past project is named."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Services both speak of (codes with Chinese and English names), the words on each side, the nearest record."""

    services: tuple[tuple[str, str, str], ...]
    project_words: tuple[str, ...]
    organization_words: tuple[str, ...]
    record: Record | None


def gather(text: TextModel, project: Project, organization: Organization) -> Evidence:
    """The evidence of one pair."""
    asked, offered = project_text(project), organization_text(organization)
    profiles = text.profiles(text.vectors([asked, offered]))
    shared = profiles[0] * profiles[1]
    top = [int(k) for k in np.argsort(-shared, kind="stable")[:SERVICES] if shared[k] >= CLEAR]
    services = tuple((s.code, s.zh, s.en) for s in (text.reader.lexicon.services[k] for k in top))
    words = [text.reader.lexicon.causes(t, top[0]) if top else () for t in (asked, offered)]
    return Evidence(services, words[0], words[1], _nearest(text, profiles[0], organization))


def _nearest(text: TextModel, asked: np.ndarray, organization: Organization) -> Record | None:
    records = organization.track_record
    if not records:
        return None
    like = text.profiles(text.vectors([record_text(record) for record in records])) @ asked
    best = int(np.argmax(like))
    return records[best] if like[best] >= ALIKE else None
