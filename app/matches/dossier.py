"""The decision dossier of a run: everything needed to understand, refuse and repeat it, as one file."""

import csv
import importlib.metadata
import io
import json
import zipfile
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.errors import NotNow, Problem
from app.matches import facts, fitted, repository
from app.matches.encoding import Vectors
from app.matches.models import MatchRun, ModelVersion, WeightSet
from app.matches.runs import digest, ranked, texts_of
from app.matches.weights import weights_from
from matching import COLUMNS, GateRules, MemoryStore, Ranking

NOT_STORED = Problem("run_not_stored", "该次匹配尚未完成。", "The run has not been stored yet.")
README = """Decision dossier of a match run.

run.json      what was asked, the weights, rules, seed, model, encoder and program versions, and the fingerprints
inputs.json   every project and organization as the ranker read them; its SHA-256 is the run's fingerprint
vectors.npz   the vector of every text: encoders round differently in batches of different size, a dossier must not
model.json    the curves of the learned model that ranked, where one did
results.csv   who stands where for each project, with the points of every factor

`app.matches.dossier.replay` computes the ranking again from these, without the results; its digest equals results_sha256.
"""


async def dossier(session: AsyncSession, run: MatchRun) -> bytes:
    """The dossier of a stored run as a zip file. Raises `NotNow` before it is stored."""
    inputs = await repository.inputs_of(session, run.id)
    if run.stored_at is None or inputs is None:
        raise NotNow(NOT_STORED)
    weight_set = await session.get(WeightSet, run.weight_set_id)
    model = await repository.model(session, run.model_version_id) if run.model_version_id else None
    rows = await repository.results(session, run.id)
    texts = texts_of(*facts.read(facts.opened(inputs)))
    vectors = await repository.vectors(session, texts)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        archive.writestr("run.json", json.dumps(_told(run, weight_set, model), ensure_ascii=False, indent=2))
        archive.writestr("inputs.json", facts.opened(inputs))
        archive.writestr("vectors.npz", _packed(vectors))
        if model is not None:
            archive.writestr("model.json", await repository.fitted(session, model.id))
        archive.writestr("results.csv", _table(rows))
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


def replay(archive: bytes) -> tuple[Ranking, str]:
    """Compute a run again from its dossier alone; returns the ranking and its digest, which equals `results_sha256`."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        told = json.loads(opened.read("run.json"))
        on_offer, offering = facts.read(opened.read("inputs.json"))
        store = _unpacked(opened.read("vectors.npz"))
        learned = fitted.read(opened.read("model.json")) if told["model"] else None
    given = told["weights"]
    weights = weights_from(WeightSet(**given))
    if learned is not None:
        weights = learned.over(weights, told["model"]["name"])
    rules = GateRules(**told["rules"])
    as_of = date.fromisoformat(told["as_of"])
    ranking = ranked(on_offer, offering, as_of, weights, rules, told["seed"], store)
    return ranking, digest(ranking)
