"""How right and how fast the matcher is, beside its peers: `scripts/bench match [quality|speed|plan|growth|scale]`.

Without a section all but `scale` are run. `scale` runs a part of 100,000 × 50,000 with dask on two local workers for
`--minutes` and says what was run and what was extrapolated.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from matching import LiveIndex, MemoryStore, Plan, Ranker, TextModel, assign, required_texts, timetable
from matching.checks import check_plan, check_timetable, price_bound
from scripts.benches import _match_quality
from scripts.benches._match_fair import AS_OF, fair

PROJECTS, ORGANIZATIONS, LIMIT = 2_100, 1_000, 50
CHUNK = 48


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench match", description=__doc__)
    parser.add_argument("section", nargs="?", choices=[*SECTIONS, "scale"])
    parser.add_argument("--minutes", type=float, default=3.0)
    options = parser.parse_args(argv)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}"
    )
    if options.section == "scale":
        scale(options.minutes)
        return 0
    for name, section in SECTIONS.items():
        if options.section in (None, name):
            print(f"\n## {name}", flush=True)
            section()
    return 0


def timed(what: str, work: Callable[[], object], times: int = 1) -> float:
    """Best of several runs in seconds, printed beside the processor time of this process alone."""
    best = busy = float("inf")
    for _ in range(times):
        start, used = time.perf_counter(), time.process_time()
        work()
        best, busy = min(best, time.perf_counter() - start), min(busy, time.process_time() - used)
    print(f"{what:72} {best * 1000:12,.1f} ms {busy * 1000:12,.1f} ms of processor", flush=True)
    return best


def embed(texts: list[str]) -> np.ndarray:
    return _MODEL.embed(texts)


_MODEL = TextModel()


def speed() -> None:
    """The fair of the issue: 2,100 × 1,000, from texts to the top 50 with factors."""
    projects, organizations = fair(PROJECTS, ORGANIZATIONS)
    texts = required_texts(organizations, projects)
    letters = sum(map(len, texts))
    print(f"{len(texts)} different texts of {letters / len(texts):.0f} characters")
    store = MemoryStore()
    chunks = [texts[i : i + CHUNK] for i in range(0, len(texts), CHUNK)]

    def from_raw() -> None:
        # A process of its own per core, each with one BLAS thread: more threads only wait for each other.
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            for chunk, made in zip(chunks, pool.map(embed, chunks), strict=True):
                store.put(dict(zip(map(_MODEL.key, chunk), made, strict=True)))

    raw = timed("embed all texts, 2 processes started for it", from_raw)
    print(f"{'':72} {len(texts) / raw:12,.1f} texts/s")
    ranker = Ranker(AS_OF, store=store)
    timed("fit: organizations to columns, texts embedded", lambda: ranker.fit(organizations, projects), 2)
    timed("rank 2,100 × 1,000, all factors, top 50, texts embedded", lambda: ranker.rank(projects, LIMIT), 3)
    timed("the same in the other direction", lambda: ranker.rank_projects(limit=LIMIT), 3)
    live(LiveIndex(Ranker(AS_OF, store=store), organizations, projects))


def live(index: LiveIndex) -> None:
    project = next(iter(index.ranker.projects_.values()))
    organization = next(iter(index.ranker.organizations_.values()))
    said = iter(range(10**6))
    timed("live: one project, text embedded", lambda: index.organizations_for(project.id, 20), 20)
    timed("live: one organization, text embedded", lambda: index.projects_for(organization.id, 20), 20)
    timed(
        "live: one project, text new",
        lambda: index.organizations_for(
            replace(project, description=f"{project.description}{next(said)}"), 20
        ),
        10,
    )
    timed(
        "live: take in a changed organization",
        lambda: index.put_organization(replace(organization, rating="5A")),
        10,
    )
    ranking = index.organizations_for(project.id, 20)
    shown = str(ranking.organization_ids[0, 0])
    timed("explain one pair with changes", lambda: ranking.explain(project.id, shown), 5)


def table(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores as a fair gives them, half of the pairs gated, and capacities that suffice."""
    ranker = Ranker(AS_OF)
    projects, organizations = fair(PROJECTS, ORGANIZATIONS, distinct=150)
    ranking = ranker.fit(organizations).rank(projects, ORGANIZATIONS)
    column = {name: j for j, name in enumerate(ranker.columns_.ids)}
    scores = np.full((PROJECTS, ORGANIZATIONS), np.nan)
    for row in range(PROJECTS):
        shown = [column[name] for name in ranking.organization_ids[row] if name is not None]
        scores[row, shown] = ranking.scores[row, : len(shown)]
    return scores, rng.integers(1, 6, ORGANIZATIONS)


def plan() -> None:
    """The fair-wide plan beside scipy's solver on the same table; the referee checks both."""
    scores, capacity = table(np.random.default_rng(0))
    print(f"{np.isnan(scores).mean():.0%} of the pairs are gated, {capacity.sum()} places")
    columns = np.repeat(np.arange(ORGANIZATIONS), capacity)
    costs = np.where(np.isnan(scores), -1e6, scores)[:, columns]
    theirs: list[tuple[np.ndarray, np.ndarray]] = []
    base = timed(
        "scipy linear_sum_assignment, demand 1 (capacities repeated)",
        lambda: theirs.append(linear_sum_assignment(costs, maximize=True)),
        3,
    )
    ours = timed("assign, demand 1", lambda: assign(scores, 1, capacity), 3)
    answer = assign(scores, 1, capacity)
    rows, cols = theirs[0]
    print(f"ratio {ours / base:.2f}; totals {answer.total:.2f} and {costs[rows, cols].sum():.2f}")
    bound = price_bound(scores, answer.prices, capacity=capacity)
    print(
        f"referee: {check_plan(scores, answer.pairs, capacity=capacity) or 'valid'}; price bound {bound:.2f}"
    )
    many = capacity * 3 + 1
    objectives: tuple[Literal["sum", "max_min"], ...] = ("sum", "max_min")
    for objective in objectives:

        def solve(objective: Literal["sum", "max_min"] = objective) -> object:
            return assign(scores, 3, many, 1, objective=objective)

        timed(f"assign, 3 candidates each, at least 1, {objective}", solve, 2)
        answer = assign(scores, 3, many, 1, objective=objective)
        verdict = check_plan(scores, answer.pairs, demand=3, capacity=many, minimum=1, total=answer.total)
        print(
            f"  total {answer.total:.1f}, worst {answer.worst:.1f}, optimal {answer.optimal}, {verdict or 'valid'}"
        )
    unmet(scores, capacity)
    seats()


def unmet(scores: np.ndarray, capacity: np.ndarray) -> None:
    """Why there is no plan: somebody whom nobody may serve, and more wanted than there are places."""
    alone = scores.copy()
    alone[5] = np.nan
    unplanned("one project without anybody", alone, 1, capacity)
    unplanned("three candidates each", scores, 3, capacity)


def unplanned(what: str, scores: np.ndarray, demand: int, capacity: np.ndarray) -> None:
    named: list[Plan] = []
    timed(f"no plan, {what}", lambda: named.append(assign(scores, demand, capacity)))
    rules = named[0].infeasible
    print(f"  {len(rules)} rules to relax: {', '.join(sorted({rule.rule for rule in rules}))}")


def seats() -> None:
    rng = np.random.default_rng(1)
    meetings = sorted({(f"buyer {rng.integers(140)}", f"org {rng.integers(1000)}") for _ in range(5000)})
    away = {(f"org {j}", slot) for j in range(1000) for slot in range(60) if rng.random() < 0.05}
    day = timetable(meetings, slots=60, tables=140, unavailable=away)
    wrong = check_timetable(meetings, day.placed, slots=60, tables=140, unavailable=away)
    timed(
        f"timetable, {len(meetings)} talks, 60 slots, 140 tables",
        lambda: timetable(meetings, slots=60, tables=140, unavailable=away),
        2,
    )
    later = away | {("buyer 3", slot) for slot in range(10)}
    again = timetable(meetings, slots=60, tables=140, unavailable=later, previous=day.placed)
    timed(
        "timetable, solved again after one buyer cancels ten slots",
        lambda: timetable(meetings, slots=60, tables=140, unavailable=later, previous=day.placed),
        2,
    )
    print(f"  {len(day.unplaced)} without a seat, {wrong or 'valid'}; {len(again.moved)} moved")


def growth() -> None:
    """Ten times the organizations, then ten times both: time must grow with the pairs, memory with the block."""
    used = {}
    for n, m, processes in ((2_000, 1_000, 1), (2_000, 10_000, 1), (20_000, 10_000, 2)):
        projects, organizations = fair(n, m, distinct=150)
        ranker = Ranker(AS_OF, n_jobs=processes).fit(organizations, projects)
        what = f"{n:,} × {m:,}, top {LIMIT} with factors, vectors given, {processes} process(es)"
        before = time.process_time()
        spent = timed(what, lambda r=ranker: r.rank(list(r.projects_), LIMIT))
        used[n, m] = time.process_time() - before
        own, others = (
            resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        print(
            f"  {spent / (n * m) * 1e9:.0f} ns per pair; at most {(own + 2 * others) / 2**20:.1f} GB in all processes"
        )
    print(f"ten times the organizations: {used[2_000, 10_000] / used[2_000, 1_000]:.1f} × the processor time")


def scale(minutes: float) -> None:
    """A province: as many blocks as fit into the time, on two dask workers, extrapolated to 100,000 × 50,000."""
    from distributed import Client, LocalCluster

    projects, organizations = fair(100_000, 50_000, distinct=150)
    store = MemoryStore()
    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0) as cluster, Client(cluster):
        ranker = Ranker(AS_OF, store=store, n_jobs=2, backend="dask").fit(organizations)
        done, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < minutes * 60 and done < len(projects):
            ranker.rank(projects[done : done + 4096], LIMIT)
            done += 4096
        whole = spent / done * len(projects)
    print(f"run: {done:,} × 50,000 in {spent:.0f} s, two dask workers")
    print(
        f"extrapolated: 100,000 × 50,000 in {whole / 60:.0f} min ({spent / done / 50_000 * 1e9:.0f} ns per pair)"
    )


SECTIONS: dict[str, Callable[[], None]] = {
    "quality": _match_quality.report,
    "speed": speed,
    "plan": plan,
    "growth": growth,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
