"""What can be pointed at when a pair is explained: shared services and words, past work like this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.model import Organization, Project, Record
from matching.text import TextModel, organization_text, project_text, record_text

Floats = NDArray[np.float32]

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
    found = brief(text, text.profiles(text.vectors([asked, offered])), [(0, 1)], [organization])[0]
    if not found.services:
        return found
    first = text.reader.number_of(found.services[0][0])
    words = [text.reader.lexicon.causes(spoken, first) for spoken in (asked, offered)]
    return Evidence(found.services, words[0], words[1], found.record)


def brief(
    text: TextModel,
    profiles: Floats,
    pairs: Sequence[tuple[int, int]],
    organizations: Sequence[Organization],
) -> list[Evidence]:
    """The evidence of many pairs without the words, quickly: rows of `profiles` for what is asked and what is offered.

    `organizations` are those of the pairs, in order.
    """
    records = [record for org in organizations for record in org.track_record]
    likeness = text.profiles(text.vectors([record_text(record) for record in records]))
    found, start = [], 0
    for (asked, offered), org in zip(pairs, organizations, strict=True):
        shared = profiles[asked] * profiles[offered]
        top = np.argsort(-shared, kind="stable")[:SERVICES]
        services = [text.reader.lexicon.services[k] for k in top if shared[k] >= CLEAR]
        end = start + len(org.track_record)
        nearest = _nearest(org.track_record, likeness[start:end] @ profiles[asked])
        found.append(Evidence(tuple((s.code, s.zh, s.en) for s in services), (), (), nearest))
        start = end
    return found


def _nearest(records: Sequence[Record], like: Floats) -> Record | None:
    if not records:
        return None
    best = int(np.argmax(like))
    return records[best] if like[best] >= ALIKE else None
