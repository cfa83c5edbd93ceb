"""The door of matches."""

from app.matches.gates import gates
from app.matches.rankings import (
    excluded,
    explain,
    for_organization,
    for_project,
    place_of,
    reorder,
    reordering_view,
)
from app.matches.rankings import for_project as ranked
from app.matches.runs import embed_missing, get, perform, start, views
from app.matches.weights import activate, add, add_model

__all__ = [
    "activate",
    "add",
    "add_model",
    "embed_missing",
    "excluded",
    "explain",
    "for_organization",
    "for_project",
    "gates",
    "get",
    "perform",
    "place_of",
    "ranked",
    "reorder",
    "reordering_view",
    "start",
    "views",
]
