"""The service taxonomy: categories, the services in them, and the words that betray each."""

from __future__ import annotations

CATEGORIES = (
    "elderly_care",
    "minor_protection",
    "rural_left_behind",
    "disability_support",
    "community_rehab",
    "charity_relief",
    "mediation_governance",
    "youth_development",
    "culture_recreation",
    "community_correction",
    "migrant_integration",
    "org_incubation",
    "mental_health",
    "volunteer_timebank",
    "family_women",
    "emergency_environment",
    "other",
)

SIBLINGS = (
    ("minor_protection", "rural_left_behind"),
    ("minor_protection", "youth_development"),
    ("minor_protection", "family_women"),
    ("youth_development", "culture_recreation"),
    ("disability_support", "community_rehab"),
    ("community_rehab", "mental_health"),
    ("charity_relief", "volunteer_timebank"),
    ("org_incubation", "volunteer_timebank"),
    ("community_correction", "mental_health"),
    ("elderly_care", "community_rehab"),
    ("migrant_integration", "youth_development"),
)
"""Categories whose organizations often do each other's work."""
