"""The door of matches."""

from app.matches.fitted import activate, add_model, written
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
from app.matches.repository import active_model, model, model_count, models
from app.matches.runs import embed_missing, get, perform, start, views
from app.matches.weights import add, in_force, of_edition, of_run

__all__ = [
    "activate",
    "active_model",
    "add",
    "add_model",
    "embed_missing",
    "excluded",
    "explain",
    "for_organization",
    "for_project",
    "gates",
    "get",
    "in_force",
    "model",
    "model_count",
    "models",
    "of_edition",
    "of_run",
    "perform",
    "place_of",
    "ranked",
    "reorder",
    "reordering_view",
    "start",
    "views",
    "written",
]
