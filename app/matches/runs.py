"""Match runs: asked for, computed outside any transaction, stored in one short one, and told so that they can be repeated."""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.kernel import clock, jobs, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import NotFound, NotYou
from app.matches import encoding, facts, permissions, repository
from app.matches import weights as weight_sets
from app.matches.models import MatchRun
from app.matches.schemas import RunDraft, RunProgress, RunView
from app.organizations import service as organizations
from app.projects import service as projects
from matching import (
    COLUMNS,
    GateRules,
    MemoryStore,
    Organization,
    Project,
    Ranker,
    Ranking,
    Weights,
    required_texts,
)

RUN, EMBED = "match_run", "match_embed"
KEPT = 50
"""Places stored per project."""
MATCHER = machine("matcher")


@dataclass(frozen=True, slots=True)
class Sharing:
    """How many processes share the blocks of one ranking, and which joblib backend hands them out."""

    places: int = 1
    backend: str = "loky"


ALONE = Sharing()


class Inconsistent(Exception):
    """A ranking that contradicts itself is never stored."""


async def start(session: AsyncSession, actor: Actor, code: str, draft: RunDraft) -> MatchRun:
    """Ask for a run over the open projects of an edition; a run already under way is returned instead. Raises `NotYou`."""
    edition = await editions.get(session, code)
    if not permissions.may_run(actor, edition.city_path):
        raise NotYou()
    weight_set = await weight_sets.frozen(session, actor, edition)
    model = await repository.active_model(session)
    as_of = draft.as_of or clock.today()
    job = await jobs.enqueue(session, actor, RUN, {"edition": code}, key=code)
    run = await repository.run_of_job(session, job.id)
    if run is None:
        run = MatchRun(
            edition_code=code,
            job_id=job.id,
            as_of=as_of,
            seed=draft.seed,
            requested_by=actor.label,
            weight_set_id=weight_set.id,
            model_version_id=model.id if model else None,
        )
        session.add(run)
        await session.flush()
        await journal.record(session, actor, _event(run, "requested"))
    return run


async def get(session: AsyncSession, actor: Actor, run_id: UUID) -> MatchRun:
    """One run. Raises `NotFound` for who is no official."""
    found = await repository.run(session, run_id) if permissions.may_see_runs(actor) else None
    if found is None:
        raise NotFound()
    return found


async def perform(attempt: jobs.Attempt, *, sharing: Sharing = ALONE) -> None:
    """The job of a run: read, embed what is new, rank, check, store. However the ranking is shared out, it is the same."""
    started = time.monotonic()
    async with attempt.database.reading() as session:
        run = await repository.run_of_job(session, attempt.job_id)
        if run is None:
            raise NotFound()
        edition = await editions.get(session, run.edition_code)
        weights, rules = await weight_sets.of_run(session, run), weight_sets.rules_of(edition)
        position = await repository.head(session)
        on_offer, offering = await read_market(session, edition.code)
    texts = texts_of(on_offer, offering)
    store, embedded = await _embed(attempt, texts)
    await attempt.progress(len(texts), len(texts), "ranking")
    ranking = await asyncio.to_thread(
        ranked, on_offer, offering, run.as_of, weights, rules, run.seed, store, sharing
    )
    check(ranking)
    rows = await asyncio.to_thread(_rows, run.id, ranking)
    inputs, fingerprint = await asyncio.to_thread(facts.packed, on_offer, offering)
    summary = {
        **_summary(ranking, len(offering), embedded),
        "rules": {
            "basic_inspection_fails": rules.basic_inspection_fails,
            "own_minimum_counts": rules.own_minimum_counts,
        },
        "seconds": round(time.monotonic() - started, 1),
    }
    async with attempt.finishing({"run_id": str(run.id), **summary}) as session:
        values = {
            "stored_at": clock.now(),
            "encoder": encoding.text_model().version,
            "fingerprint": fingerprint,
            "results_sha256": digest(ranking),
            "journal_position": position,
            "summary": summary,
            "inputs": inputs,
        }
        await repository.store(session, run.id, rows, values)
        await journal.record(session, MATCHER, _event(run, "stored", summary))


async def embed_missing(attempt: jobs.Attempt) -> None:
    """The job that embeds the texts of an edition which no run has seen yet, so that the live index can take them in."""
    async with attempt.database.reading() as session:
        on_offer, offering = await read_market(session, attempt.payload["edition"])
    _, embedded = await _embed(attempt, texts_of(on_offer, offering))
    async with attempt.finishing({"embedded": embedded}):
        pass


async def read_market(
    session: AsyncSession, edition: str, project_ids: Sequence[UUID] | None = None
) -> tuple[list[Project], list[Organization]]:
    """The open projects of an edition and all organizations, as the ranker reads them."""
    ids = await repository.market(session, edition) if project_ids is None else project_ids
    return (
        [facts.project(row) for row in await projects.for_matching(session, ids)],
        [facts.organization(row) for row in await organizations.for_matching(session)],
    )


def texts_of(on_offer: Sequence[Project], offering: Sequence[Organization]) -> dict[str, str]:
    """Every text to embed, by its key."""
    model = encoding.text_model()
    return {model.key(text): text for text in required_texts(offering, on_offer)}


async def _embed(attempt: jobs.Attempt, texts: Mapping[str, str]) -> tuple[MemoryStore, int]:
    """All vectors; what is new is stored chunk by chunk, so that a killed worker loses one chunk only."""
    async with attempt.database.reading() as session:
        known = await repository.vectors(session, texts)
    fresh = {key: text for key, text in texts.items() if key not in known}
    await attempt.progress(len(known), len(texts), "embedding")
    version = encoding.text_model().version
    async for vectors in encoding.embedded(fresh):
        known |= vectors

        async def keep(session: AsyncSession, vectors: encoding.Vectors = vectors) -> None:
            await repository.keep_vectors(session, version, vectors)

        await attempt.stepping(keep)
        await attempt.progress(len(known), len(texts), "embedding")
    return MemoryStore(known), len(fresh)


def ranked(
    on_offer: Sequence[Project],
    offering: Sequence[Organization],
    as_of: date,
    weights: Weights,
    rules: GateRules,
    seed: int,
    store: MemoryStore | None = None,
    sharing: Sharing = ALONE,
) -> Ranking:
    """The ranking of a run. Pure: the same inputs give the same bits, which is how a dossier is replayed."""
    encoder = encoding.text_model().encoder  # one per process: its weights are read once
    ranker = Ranker(
        as_of,
        weights=weights,
        rules=rules,
        encoder=encoder,
        store=store,
        n_jobs=sharing.places,
        backend=sharing.backend,
        random_state=seed,
    )
    return ranker.fit(offering).rank(on_offer, limit=KEPT)


def check(ranking: Ranking) -> None:
    """Refuse a ranking that contradicts itself: scores fall, factors add up to them, nobody stands twice in a row."""
    shown = ranking.candidate_ids != None  # noqa: E711 - elementwise
    scores = np.where(shown, ranking.scores, -1.0)
    if (np.diff(scores, axis=1) > 0).any() or ((scores[shown] < 0) | (scores[shown] > 100)).any():
        raise Inconsistent("scores do not fall from 100 to 0")
    total = sum(ranking.factors[name] for name in COLUMNS)
    if not np.allclose(np.asarray(total)[shown], ranking.scores[shown], atol=1e-6):
        raise Inconsistent("factors do not add up")
    for row in ranking.candidate_ids:
        known = [candidate for candidate in row if candidate is not None]
        if len(set(known)) != len(known):
            raise Inconsistent("a candidate twice in one row")


def digest(ranking: Ranking) -> str:
    """SHA-256 of who stands where with which points: two equal rankings have equal digests."""
    content = hashlib.sha256()
    content.update("\n".join(ranking.row_ids).encode())
    content.update("\n".join(str(c) for c in ranking.candidate_ids.ravel()).encode())
    for name in COLUMNS:
        content.update(np.nan_to_num(ranking.factors[name], nan=-1.0).astype("<f8").tobytes())
    return content.hexdigest()


def _rows(run_id: UUID, ranking: Ranking) -> list[tuple[Any, ...]]:
    factors = np.stack([ranking.factors[name] for name in COLUMNS], axis=-1).tolist()
    unknown = np.stack([ranking.no_data[name] for name in COLUMNS], axis=-1)
    scores = ranking.scores.tolist()
    ids = {c: UUID(c) for c in set(ranking.candidate_ids.ravel().tolist()) - {None}}
    names = np.array(COLUMNS)
    rows = []
    for i, project_id in enumerate(map(UUID, ranking.row_ids)):
        for j, candidate in enumerate(ranking.candidate_ids[i]):
            if candidate is None:
                break
            missing = names[unknown[i, j]].tolist()
            rows.append((run_id, project_id, j + 1, ids[candidate], scores[i][j], factors[i][j], missing))
    return rows


def _summary(ranking: Ranking, organizations_count: int, embedded: int) -> dict[str, Any]:
    candidates = (ranking.candidate_ids != None).sum(axis=1)  # noqa: E711 - elementwise
    return {
        "projects": len(ranking.row_ids),
        "organizations": organizations_count,
        "pairs": int(candidates.sum()),
        "projects_without_candidate": int((candidates == 0).sum()),
        "projects_with_one_candidate": int((candidates == 1).sum()),
        "texts_embedded": embedded,
    }


async def views(session: AsyncSession, runs: Sequence[MatchRun]) -> list[RunView]:
    """Runs with how far their jobs are, in a fixed number of statements."""
    found = await repository.jobs_of(session, (run.job_id for run in runs))
    versions = await repository.versions(session, runs)
    return [
        RunView(
            id=run.id,
            edition=run.edition_code,
            as_of=run.as_of,
            seed=run.seed,
            requested_by=run.requested_by,
            requested_at=clock.local(run.requested_at),
            stored_at=clock.local(run.stored_at) if run.stored_at else None,
            job=progress_of(found.get(run.job_id)),
            weights=versions.get(run.weight_set_id) if run.weight_set_id else None,
            model=versions.get(run.model_version_id) if run.model_version_id else None,
            encoder=run.encoder,
            fingerprint=run.fingerprint,
            results_sha256=run.results_sha256,
            summary=run.summary,
            dossier=f"/api/v1/match-runs/{run.id}/dossier" if run.stored_at else None,
        )
        for run in runs
    ]


def progress_of(job: jobs.Job | None) -> RunProgress | None:
    """How far a job is, as everybody is told."""
    if job is None:
        return None
    return RunProgress(id=job.id, state=job.state, stage=job.stage, done=job.done, total=job.total)


def _event(run: MatchRun, name: str, change: dict[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        "match_run",
        run.id,
        name,
        journal.Audience("", level=journal.OFFICIALS),
        number=run.edition_code,
        change=change or {},
    )
