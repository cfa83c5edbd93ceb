"""Weight sets, model versions, text vectors, match runs with their results, fair-wide plans, and the orders people gave instead."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import REAL, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.database import Base, Identified, one_of


class PlanOutcome(StrEnum):
    """What came of a plan: all wishes met, met after the named rules were relaxed, or not to be met."""

    PLANNED = "planned"
    RELAXED = "relaxed"
    INFEASIBLE = "infeasible"


class WeightSet(Identified, Base):
    """Points per factor and the open adjustments, under a name and version. Rows are only added."""

    __tablename__ = "weight_sets"
    __table_args__ = (UniqueConstraint("name", "version"),)

    name: Mapped[str]
    version: Mapped[str]
    points: Mapped[dict[str, Any]]
    adjustments: Mapped[dict[str, Any]]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class EditionWeights(Base):
    """The weight set an edition is judged by: set once, by its first match run."""

    __tablename__ = "edition_weights"

    edition_code: Mapped[str] = mapped_column(primary_key=True)
    weight_set_id: Mapped[UUID] = mapped_column(ForeignKey("weight_sets.id"))
    frozen_at: Mapped[datetime] = mapped_column(default=clock.now)


class ModelVersion(Identified, Base):
    """A fitted ranker with the report that speaks for it; at most one is active."""

    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("name"),
        Index("uq_model_versions_active", "active", unique=True, postgresql_where=text("active")),
        CheckConstraint("NOT active OR activated_at IS NOT NULL", name="activated_at"),
    )

    name: Mapped[str]
    fitted: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str]
    report: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    activated_at: Mapped[datetime | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_versions.id"))


class TextVector(Base):
    """The vector of one text under one encoder version; the key is the hash of both."""

    __tablename__ = "text_vectors"

    key: Mapped[str] = mapped_column(primary_key=True)
    encoder: Mapped[str] = mapped_column(index=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class MatchRun(Identified, Base):
    """One ranking of all open projects of an edition, with everything needed to repeat it."""

    __tablename__ = "match_runs"
    __table_args__ = (
        Index("ix_match_runs_edition_stored", "edition_code", "stored_at"),
        CheckConstraint("stored_at IS NULL OR fingerprint IS NOT NULL", name="fingerprint"),
    )

    edition_code: Mapped[str]
    job_id: Mapped[UUID]
    as_of: Mapped[date]
    seed: Mapped[int]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    stored_at: Mapped[datetime | None]
    weight_set_id: Mapped[UUID | None] = mapped_column(ForeignKey("weight_sets.id"))
    model_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_versions.id"))
    encoder: Mapped[str | None]
    fingerprint: Mapped[str | None]
    results_sha256: Mapped[str | None]
    journal_position: Mapped[int | None]
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    inputs: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class MatchResult(Base):
    """One place of one project's ranking in a run; `factors` are points in the order of `matching.COLUMNS`."""

    __tablename__ = "match_results"
    __table_args__ = (
        CheckConstraint("rank >= 1", name="rank"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        Index("ix_match_results_organization", "run_id", "organization_id"),
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("match_runs.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    score: Mapped[float] = mapped_column(REAL)
    factors: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    no_data: Mapped[list[str]]


class MatchPlan(Identified, Base):
    """Who talks to whom in a whole fair, from the stored inputs of one run; or the rules that stand in the way."""

    __tablename__ = "match_plans"
    __table_args__ = (
        Index("ix_match_plans_edition", "edition_code", "id"),
        one_of("outcome", PlanOutcome),
        CheckConstraint("(stored_at IS NULL) = (outcome IS NULL)", name="stored"),
        CheckConstraint(
            "stored_at IS NULL OR (fingerprint IS NOT NULL AND plan_sha256 IS NOT NULL)", name="fingerprint"
        ),
    )

    edition_code: Mapped[str]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("match_runs.id"))
    job_id: Mapped[UUID] = mapped_column(unique=True)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    wishes: Mapped[dict[str, Any]]
    stored_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    relaxations: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    fingerprint: Mapped[str | None]
    plan_sha256: Mapped[str | None]


class MatchPlanPair(Base):
    """One place of a project in a plan, best first; alternates stand after those chosen."""

    __tablename__ = "match_plan_pairs"
    __table_args__ = (
        UniqueConstraint("plan_id", "project_id", "organization_id"),
        CheckConstraint("place >= 1", name="place"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        Index("ix_match_plan_pairs_organization", "organization_id"),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("match_plans.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    alternate: Mapped[bool]
    score: Mapped[float] = mapped_column(REAL)


class Reordering(Identified, Base):
    """A person put an organization at another place of a project's ranking, and said why."""

    __tablename__ = "match_reorderings"
    __table_args__ = (
        Index("ix_match_reorderings_project", "project_id", "id"),
        CheckConstraint("rank >= 1 AND machine_rank >= 1", name="rank"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("match_runs.id"))
    machine_rank: Mapped[int]
    rank: Mapped[int]
    score: Mapped[float] = mapped_column(REAL)
    reason: Mapped[str]
    account_id: Mapped[UUID | None]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(default=clock.now)
