"""What matching takes and shows: runs, rankings with reasons, explanations, plans, reorderings, weight sets."""

from datetime import date, datetime
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.matches.models import PlanOutcome

TAKEN = ConfigDict(extra="forbid")
Rule = Literal["demand", "capacity", "minimum", "forced", "forbidden", "exposure"]


class RunDraft(BaseModel):
    """A run over all open projects of an edition. `as_of` is today when absent."""

    model_config = TAKEN

    as_of: date | None = None
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class RunProgress(BaseModel):
    """How far the job of a run is."""

    id: UUID
    state: str
    stage: str
    done: int
    total: int


class RunView(BaseModel):
    """A match run: what went in, under which weights and model, and what came of it."""

    id: UUID
    edition: str
    as_of: date
    seed: int
    requested_by: str
    requested_at: datetime
    stored_at: datetime | None
    job: RunProgress | None
    weights: str | None
    model: str | None
    encoder: str | None
    fingerprint: str | None
    results_sha256: str | None
    summary: dict[str, Any] | None
    dossier: str | None = Field(description="Where the decision dossier is, once the run is stored")


class FactorView(BaseModel):
    """What one factor gave, of how many points; `no_data` when it had nothing to judge by and stayed neutral."""

    name: str
    points: float
    of: float
    no_data: bool
    zh: str
    en: str


class ReorderingView(BaseModel):
    """A person's decision to place an organization elsewhere."""

    rank: int
    machine_rank: int
    reason: str
    decided_by: str
    decided_at: datetime


class MatchItem(BaseModel):
    """One place of a ranking: the other side, its score of 100, and why: what speaks most for it and most against it."""

    rank: int
    machine_rank: int
    project_id: UUID
    project_number: str
    project_title: str
    organization_id: UUID
    organization_name: str
    score: float
    factors: list[FactorView]
    reasons_zh: list[str]
    reasons_en: list[str]
    reordering: ReorderingView | None = None


class RankingView(BaseModel):
    """A ranking: `source` is the live index, or the stored run while the index warms. Gates are of this moment."""

    as_of: datetime
    source: Literal["live", "run"]
    run_id: UUID | None
    weights: str | None
    gates_passed: list[str] = Field(
        description="Codes of the gates: whoever is shown passes all, as of this moment"
    )
    items: list[MatchItem]


class GateView(BaseModel):
    """A broken gate: the rule, what it asks and what was found."""

    code: str
    zh: str
    en: str
    required: str
    actual: str


class RankChangeView(BaseModel):
    """Something the organization could change, and the place and score it would then have: found by scoring again."""

    kind: str
    zh: str
    en: str
    rank: int
    score: float


class EvidenceView(BaseModel):
    """What can be pointed at: services both speak of, the words on each side, the nearest past project."""

    services_zh: list[str]
    services_en: list[str]
    project_words: list[str]
    organization_words: list[str]
    past_project: str | None


class ExplanationView(BaseModel):
    """Why a pair stands where it stands, and what would change that. `rank` is null when a gate excludes the pair."""

    as_of: datetime
    source: Literal["live", "run"]
    project_id: UUID
    organization_id: UUID
    organization_name: str
    rank: int | None
    eligible: int | None
    score: float | None
    factors: list[FactorView]
    gates_passed: list[str]
    gates_failed: list[GateView]
    evidence: EvidenceView | None
    changes: list[RankChangeView]
    reordering: ReorderingView | None = None


class ExcludedItem(BaseModel):
    """An organization that gates keep from a project."""

    organization_id: UUID
    organization_name: str
    codes: list[str]


class PlanPairDraft(BaseModel):
    """A pair by UUID or human number."""

    model_config = TAKEN

    project: str = Field(max_length=64)
    organization: str = Field(max_length=64)


class PlanDemandDraft(BaseModel):
    """How many organizations one project is to talk to, where that differs from the others."""

    model_config = TAKEN

    project: str = Field(max_length=64)
    demand: int = Field(ge=0, le=20)


class PlanExposureDraft(BaseModel):
    """At least `places` of the plan go to organizations younger than `new_years` or with at most `small_workers` certified."""

    model_config = TAKEN

    places: int = Field(ge=1)
    new_years: int = Field(default=2, ge=0, le=20)
    small_workers: int = Field(default=3, ge=0, le=100)


class PlanDraft(BaseModel):
    """A fair-wide plan from the inputs of a stored run (the edition's newest when `run_id` is absent).

    Each project talks to `demand` organizations; each organization gets at least `minimum` and at most `talks_per_place` times
    its free places. When that is not possible, the fewest rules to relax are named, of the kinds in `may_relax` first; with
    `relax` they are relaxed and the plan is made all the same.
    """

    model_config = TAKEN

    run_id: UUID | None = None
    demand: int = Field(default=3, ge=0, le=20)
    demands: list[PlanDemandDraft] = Field(default_factory=list, max_length=5000)
    talks_per_place: int = Field(default=1, ge=1, le=20)
    minimum: int = Field(default=0, ge=0, le=20)
    forced: list[PlanPairDraft] = Field(default_factory=list, max_length=5000)
    forbidden: list[PlanPairDraft] = Field(default_factory=list, max_length=5000)
    exposure: PlanExposureDraft | None = None
    objective: Literal["sum", "max_min"] = "sum"
    alternates: int = Field(default=3, ge=0, le=10)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    time_limit_seconds: float = Field(default=30, ge=1, le=600)
    relax: bool = False
    may_relax: list[Rule] = Field(default=list(get_args(Rule)), min_length=1)


class RelaxationView(BaseModel):
    """One rule to relax so that a plan becomes possible; `relaxed` plans have it relaxed already.

    `fewest`: it is proven that no smaller set of rules would do.
    """

    rule: Rule
    amount: int
    project_id: UUID | None
    organization_id: UUID | None
    fewest: bool
    zh: str
    en: str


class PlanView(BaseModel):
    """A fair-wide plan: what was wished, what came of it, what it rests on. `outcome` is null until it is stored."""

    id: UUID
    edition: str
    run_id: UUID
    requested_by: str
    requested_at: datetime
    stored_at: datetime | None
    job: RunProgress | None
    outcome: PlanOutcome | None
    wishes: dict[str, Any]
    summary: dict[str, Any] | None
    relaxations: list[RelaxationView]
    fingerprint: str | None = Field(description="Of the run's inputs, the weights and the wishes together")
    plan_sha256: str | None
    dossier: str | None = Field(description="Where the decision dossier is, once the plan is stored")


class PlanPairView(BaseModel):
    """One place of a project in a plan. `gates_now` are the gates that have closed since."""

    plan_id: UUID
    project_id: UUID
    project_number: str
    project_title: str
    organization_id: UUID
    organization_name: str
    place: int
    alternate: bool
    score: float
    gates_now: list[str]


class ReorderingDraft(BaseModel):
    """Put an organization at `rank` of a project's list, with the reason."""

    model_config = TAKEN

    organization_id: UUID
    rank: int = Field(ge=1, le=50)
    reason: str = Field(min_length=5, max_length=2000)


class WeightSetDraft(BaseModel):
    """Points per factor, adding up to 100, and the open adjustments where they differ from the expert set."""

    model_config = TAKEN

    name: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9._-]+$")
    version: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")
    points: dict[str, float]
    adjustments: dict[str, float] = Field(default_factory=dict)
    note: str | None = Field(default=None, max_length=1000)


class WeightSetView(BaseModel):
    """A named, versioned set of weights: never changed, only followed by another."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    version: str
    points: dict[str, float]
    adjustments: dict[str, float]
    note: str | None
    created_at: datetime
