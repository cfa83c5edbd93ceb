"""The decision dossier of a run or a plan: everything needed to understand, refuse and repeat it, as one file."""

import csv
import importlib.metadata
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.errors import NotNow, Problem
from app.matches import facts, fitted, repository
from app.matches.encoding import Vectors
from app.matches.models import MatchPlan, MatchPlanPair, MatchRun, ModelVersion, WeightSet
from app.matches.planning import Planned
from app.matches.plans import solved
from app.matches.runs import digest, ranked, texts_of
from app.matches.schemas import PlanDraft
from app.matches.weights import weights_from
from matching import COLUMNS, GateRules, MemoryStore, Organization, Project, Ranking, Weights

NOT_STORED = Problem("run_not_stored", "该次匹配尚未完成。", "The run has not been stored yet.")
README = """Decision dossier of a match run.

run.json      what was asked, the weights, rules, seed, model, encoder and program versions, and the fingerprints
inputs.json   every project and organization as the ranker read them; its SHA-256 is the run's fingerprint
vectors.npz   the vector of every text: encoders round differently in batches of different size, a dossier must not
model.json    the curves of the learned model that ranked, where one did
results.csv   who stands where for each project, with the points of every factor

`app.matches.dossier.replay` computes the ranking again from these, without the results; its digest equals results_sha256.
"""
PLAN_NOT_STORED = Problem("plan_not_stored", "该洽谈方案尚未完成。", "The plan has not been stored yet.")
PLAN_README = """Decision dossier of a fair-wide plan.

plan.json     what was wished, what came of it, which rules were named, and the fingerprints
pairs.csv     who talks to whom, best first, and who may step in
run.json, inputs.json, vectors.npz, model.json   what the plan was computed from: those of the match run

`app.matches.dossier.replay_plan` computes the plan again from these, without the pairs; its digest equals plan_sha256. The rules that
were named are taken from plan.json. A plan whose proof the time limit ended (optimal: false) need not come out the same.
"""


async def dossier(session: AsyncSession, run: MatchRun) -> bytes:
    """The dossier of a stored run as a zip file. Raises `NotNow` before it is stored."""
    if run.stored_at is None:
        raise NotNow(NOT_STORED)
    rows = await repository.results(session, run.id)
    made_of = await _made_of(session, run)
    return _zipped({"README.txt": README, **made_of, "results.csv": _table(rows)})


async def plan_dossier(session: AsyncSession, plan: MatchPlan) -> bytes:
    """The dossier of a stored plan as a zip file. Raises `NotNow` before it is stored."""
    run = await repository.run(session, plan.run_id)
    if plan.stored_at is None or run is None:
        raise NotNow(PLAN_NOT_STORED)
    pairs = await repository.pairs_of(session, plan.id)
    told = json.dumps(_told_plan(plan), ensure_ascii=False, indent=2)
    made_of = await _made_of(session, run)
    return _zipped({"README.txt": PLAN_README, "plan.json": told, "pairs.csv": _pairs(pairs), **made_of})


async def _made_of(session: AsyncSession, run: MatchRun) -> dict[str, str | bytes]:
    """The files a run was computed from."""
    inputs = await repository.inputs_of(session, run.id)
    assert inputs is not None, "a stored run has its inputs"
    weight_set = await session.get(WeightSet, run.weight_set_id)
    model = await repository.model(session, run.model_version_id) if run.model_version_id else None
    vectors = await repository.vectors(session, texts_of(*facts.read(facts.opened(inputs))))
    files: dict[str, str | bytes] = {
        "run.json": json.dumps(_told(run, weight_set, model), ensure_ascii=False, indent=2),
        "inputs.json": facts.opened(inputs),
        "vectors.npz": _packed(vectors),
    }
    return files if model is None else files | {"model.json": await repository.fitted(session, model.id)}


def _zipped(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _told(run: MatchRun, weight_set: WeightSet | None, model: ModelVersion | None) -> dict[str, Any]:
    return {
        "id": str(run.id),
        "edition": run.edition_code,
        "as_of": run.as_of.isoformat(),
        "seed": run.seed,
        "requested_by": run.requested_by,
        "requested_at": run.requested_at.isoformat(),
        "stored_at": run.stored_at.isoformat() if run.stored_at else None,
        "weights": {
            "name": weight_set.name,
            "version": weight_set.version,
            "points": weight_set.points,
            "adjustments": weight_set.adjustments,
        }
        if weight_set
        else None,
        "rules": (run.summary or {}).get("rules", {}),
        "model": {"id": str(model.id), "name": model.name, "sha256": model.sha256} if model else None,
        "encoder": run.encoder,
        "programs": {name: importlib.metadata.version(name) for name in ("numpy", "scipy")},
        "fingerprint": run.fingerprint,
        "results_sha256": run.results_sha256,
        "journal_position": run.journal_position,
        "summary": run.summary,
    }


def _packed(vectors: Vectors) -> bytes:
    buffer = io.BytesIO()
    keys = sorted(vectors)
    matrix = np.stack([vectors[key] for key in keys]) if keys else np.zeros((0, 0), dtype=np.int16)
    np.savez(buffer, keys=np.array(keys), vectors=matrix)
    return buffer.getvalue()


def _unpacked(body: bytes) -> MemoryStore:
    with np.load(io.BytesIO(body), allow_pickle=False) as found:
        return MemoryStore(dict(zip(found["keys"].tolist(), found["vectors"], strict=True)))


def _table(rows: list[Any]) -> str:
    buffer = io.StringIO()
    out = csv.writer(buffer)
    out.writerow(["project_id", "rank", "organization_id", "score", *COLUMNS, "no_data"])
    for row in rows:
        points = [round(value, 6) for value in row.factors]
        out.writerow(
            [
                row.project_id,
                row.rank,
                row.organization_id,
                round(row.score, 6),
                *points,
                " ".join(row.no_data),
            ]
        )
    return buffer.getvalue()


def _told_plan(plan: MatchPlan) -> dict[str, Any]:
    return {
        "id": str(plan.id),
        "edition": plan.edition_code,
        "run_id": str(plan.run_id),
        "requested_by": plan.requested_by,
        "requested_at": plan.requested_at.isoformat(),
        "stored_at": plan.stored_at.isoformat() if plan.stored_at else None,
        "wishes": plan.wishes,
        "outcome": plan.outcome,
        "summary": plan.summary,
        "relaxations": plan.relaxations,
        "programs": {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "ortools")},
        "fingerprint": plan.fingerprint,
        "plan_sha256": plan.plan_sha256,
    }


def _pairs(pairs: Sequence[MatchPlanPair]) -> str:
    buffer = io.StringIO()
    out = csv.writer(buffer)
    out.writerow(["project_id", "place", "alternate", "organization_id", "score"])
    for pair in pairs:
        score = round(pair.score, 6)
        out.writerow([pair.project_id, pair.place, int(pair.alternate), pair.organization_id, score])
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class _Made:
    """What a dossier says its run was computed from."""

    told: dict[str, Any]
    on_offer: list[Project]
    offering: list[Organization]
    store: MemoryStore
    weights: Weights
    rules: GateRules

    @property
    def as_of(self) -> date:
        return date.fromisoformat(self.told["as_of"])


def _opened(archive: zipfile.ZipFile) -> _Made:
    told = json.loads(archive.read("run.json"))
    weights = weights_from(WeightSet(**told["weights"]))
    if told["model"]:
        learned = fitted.read(archive.read("model.json"))
        weights = learned.over(weights, told["model"]["name"])
    on_offer, offering = facts.read(archive.read("inputs.json"))
    store = _unpacked(archive.read("vectors.npz"))
    return _Made(told, on_offer, offering, store, weights, GateRules(**told["rules"]))


def replay(archive: bytes) -> tuple[Ranking, str]:
    """Compute a run again from its dossier alone; returns the ranking and its digest, which equals `results_sha256`."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        made = _opened(opened)
    ranking = ranked(
        made.on_offer, made.offering, made.as_of, made.weights, made.rules, made.told["seed"], made.store
    )
    return ranking, digest(ranking)


def replay_plan(archive: bytes) -> Planned:
    """Compute a plan again from its dossier alone; its digest equals `plan_sha256`."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        made = _opened(opened)
        told = json.loads(opened.read("plan.json"))
        wishes = PlanDraft.model_validate(told["wishes"])
    return solved(
        made.on_offer,
        made.offering,
        made.as_of,
        made.weights,
        made.rules,
        wishes,
        made.store,
        known=told["relaxations"],
    )
