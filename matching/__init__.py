"""Rank organizations for projects, and plan who meets whom."""

from matching.assign import Exposure, Plan, assign
from matching.encoder import BundledEncoder, MemoryStore, TextEncoder, VectorStore
from matching.gates import CODES, Failure, GateRules, gates
from matching.live import LiveIndex
from matching.model import Engagement, Organization, Project, Record
from matching.ranker import Ranker
from matching.ranking import Ranking
from matching.text import TextModel, required_texts
from matching.timetable import Day, timetable
from matching.weights import COLUMNS, FACTORS, Weights

__all__ = [
    "CODES",
    "COLUMNS",
    "FACTORS",
    "BundledEncoder",
    "Day",
    "Engagement",
    "Exposure",
    "Failure",
    "GateRules",
    "LiveIndex",
    "MemoryStore",
    "Organization",
    "Plan",
    "Project",
    "Ranker",
    "Ranking",
    "Record",
    "TextEncoder",
    "TextModel",
    "VectorStore",
    "Weights",
    "assign",
    "gates",
    "required_texts",
    "timetable",
]
