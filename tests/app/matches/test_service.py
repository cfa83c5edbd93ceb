"""Stories of matching: gates, runs with their dossiers, live rankings that follow the journal, human decisions."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import clock, jobs, sealer
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.errors import Malformed, NotNow, NotYou
from app.kernel.job_worker import Worker
from app.matches import dossier, encoding, repository, runs, service
from app.matches import weights as weight_sets
from app.matches.models import MatchResult, MatchRun
from app.matches.schemas import ReorderingDraft, RunDraft, WeightSetDraft
from app.organizations import service as organizations
from app.projects import service as projects
from matching import CODES, COLUMNS, Weights
from tests.factories import actors
from tests.factories.negotiations import Pair, join, make_pair


@pytest.fixture
async def pair(session: AsyncSession) -> Pair:
    return await make_pair(session)


async def gate_codes(session: AsyncSession, pair: Pair) -> list[str]:
    found = await service.gates(session, [(pair.project.id, pair.organization.id)], clock.today())
    return [problem.code for problem in found[0]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"capacity_max": 0}, "H_CAPACITY"),
        ({"service_areas": ["高淳区"]}, "H_AREA"),
        ({"categories": ["culture_recreation"]}, "H_SCOPE"),
        ({"annual_inspection": {2025: "failed"}}, "H_INSPECT"),
        ({"marketplace_role": "funder"}, "H_ROLE"),
    ],
)
async def test_each_gate_is_judged_on_the_stored_facts(
    session: AsyncSession, pair: Pair, changes: dict[str, Any], code: str
) -> None:
    assert await gate_codes(session, pair) == []
    assert code in await gate_codes(session, await join(session, pair.project, **changes))


async def test_the_gates_of_many_pairs_are_those_of_each(session: AsyncSession, pair: Pair) -> None:
    weak = await join(session, pair.project, capacity_max=0)
    pairs = [(pair.project.id, p.organization.id) for p in (weak, pair, weak)]
    together = await service.gates(session, pairs, clock.today())
    assert [[problem.code for problem in found] for found in together] == [["H_CAPACITY"], [], ["H_CAPACITY"]]


async def test_an_edition_may_make_a_bare_inspection_a_gate(session: AsyncSession, pair: Pair) -> None:
    from app.editions import service as editions

    bare = await join(session, pair.project, annual_inspection={2025: "basically_passed"})
    assert await gate_codes(session, bare) == []
    edition = await editions.get(session, pair.project.edition_code)
    edition.stored_settings = {**edition.stored_settings, "basically_qualified_hard": True}
    await session.flush()
    assert await gate_codes(session, bare) == ["H_INSPECT"]


async def test_officials_see_who_fits_with_reasons_and_organizations_do_not(
    session: AsyncSession, pair: Pair
) -> None:
    await join(session, pair.project, capacity_max=0)
    far = await join(session, pair.project, district="江宁区", street=None, service_areas=["全市"])
    ranking = await service.ranked(session, pair.street, pair.project, 20)
    assert [item.organization_id for item in ranking.items] == [pair.organization.id, far.organization.id]
    first = ranking.items[0]
    assert sum(factor.points for factor in first.factors) == pytest.approx(first.score, abs=0.01)
    assert first.reasons_zh and len(first.reasons_zh) == len(first.reasons_en)
    assert any("在锁金村街道做过服务" in said for said in first.reasons_zh), "a reason, not only a figure"
    assert any("has worked in 锁金村街道" in said for said in first.reasons_en)
    assert {factor.name: factor.zh for factor in first.factors}["capacity"].endswith("在管 0 项，上限 3 项")
    assert ranking.gates_passed == list(CODES)
    with pytest.raises(NotYou):
        await service.ranked(session, pair.supplier, pair.project, 20)


async def test_both_directions_tell_the_same_score(session: AsyncSession, pair: Pair) -> None:
    down = await service.ranked(session, pair.street, pair.project, 20)
    up = await service.for_organization(session, pair.supplier, pair.organization, None, 20)
    assert up.items[0].project_id == pair.project.id
    assert up.items[0].score == down.items[0].score
    rival = await join(session, pair.project)
    with pytest.raises(NotYou):
        await service.for_organization(session, rival.supplier, pair.organization, None, 20)


async def test_who_is_excluded_and_why(session: AsyncSession, pair: Pair) -> None:
    full = await join(session, pair.project, capacity_max=0)
    found = await service.excluded(session, pair.street, pair.project)
    assert [(item.organization_id, item.codes) for item in found] == [(full.organization.id, ["H_CAPACITY"])]
    told = await service.explain(session, pair.street, pair.project, full.organization)
    assert (told.rank, [gate.code for gate in told.gates_failed]) == (None, ["H_CAPACITY"])
    assert "H_AREA" in told.gates_passed
    assert [change.kind for change in told.changes], "what would let it in is told"
    own = await service.explain(session, pair.supplier, pair.project, pair.organization)
    assert own.evidence is not None and own.evidence.services_zh
    assert (own.rank, own.eligible, own.source) == (1, 1, "live")
    with pytest.raises(NotYou):
        await service.explain(session, pair.supplier, pair.project, full.organization)


async def test_a_person_orders_otherwise_with_a_reason(session: AsyncSession, pair: Pair) -> None:
    far = await join(session, pair.project, district="江宁区", street=None, service_areas=["全市"])
    draft = ReorderingDraft(organization_id=far.organization.id, rank=1, reason="上年同类项目居民评价最好")
    with pytest.raises(NotYou):
        await service.reorder(session, pair.supplier, pair.project, draft)
    await service.reorder(session, pair.street, pair.project, draft)
    items = (await service.ranked(session, pair.street, pair.project, 20)).items
    assert [(i.organization_id, i.rank, i.machine_rank) for i in items] == [
        (far.organization.id, 1, 2),
        (pair.organization.id, 2, 1),
    ]
    assert items[0].reordering is not None and items[0].reordering.reason == draft.reason
    full = await join(session, pair.project, capacity_max=0)
    with pytest.raises(NotNow):
        await service.reorder(
            session,
            pair.street,
            pair.project,
            draft.model_copy(update={"organization_id": full.organization.id}),
        )


async def test_weights_are_added_never_changed_and_add_up(session: AsyncSession) -> None:
    points = dict(Weights().points)
    draft = WeightSetDraft(name="local", version="2027-1", points=points, adjustments={"pilot_bonus": 5})
    with pytest.raises(NotYou):
        await service.add(session, actors.street(), draft)
    row = await service.add(session, actors.city(), draft)
    assert weight_sets.weights_from(row).pilot_bonus == 5
    with pytest.raises(NotNow):
        await service.add(session, actors.city(), draft)
    for wrong in ({**points, "text": 29.0}, {"text": 100.0}):
        with pytest.raises(Malformed):
            await service.add(
                session, actors.city(), draft.model_copy(update={"version": "x", "points": wrong})
            )


async def test_one_model_is_active_and_the_one_before_can_come_back(session: AsyncSession) -> None:
    learner = machine("learning")
    first = await service.add_model(session, learner, name="m1", fitted=b"1", report={"ndcg": 0.90})
    second = await service.add_model(session, learner, name="m2", fitted=b"2", report={"ndcg": 0.93})
    await service.activate(session, learner, first.id)
    await service.activate(session, learner, second.id)
    assert second.replaces_id == first.id
    await service.activate(session, learner, second.replaces_id)
    active = await repository.active_model(session)
    assert active is not None and active.name == "m1"
    await service.activate(session, learner, None)
    assert await repository.active_model(session) is None


HANDLERS = {runs.RUN: service.perform, runs.EMBED: service.embed_missing}


async def ran(database: Database, pair: Pair, code: str) -> MatchRun:
    async with database.writing() as session:
        run = await service.start(session, pair.district, code, RunDraft(seed=3))
    await Worker(database, HANDLERS).drain()
    async with database.reading() as session:
        found = await repository.run(session, run.id)
        job = await session.get(jobs.Job, run.job_id)
    assert found is not None and job is not None
    assert (job.state, job.error) == ("succeeded", None)
    return found


async def test_a_run_is_stored_with_everything_needed_to_repeat_it(committed: Database) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session)
        await join(session, pair.project, capacity_max=0)
    run = await ran(committed, pair, pair.project.edition_code)
    assert run.summary is not None
    assert (run.summary["projects"], run.summary["pairs"], run.summary["texts_embedded"]) == (1, 1, 3)
    async with committed.reading() as session:
        places = list(await session.scalars(select(MatchResult).where(MatchResult.run_id == run.id)))
        archive = await dossier.dossier(session, run)
        place = await service.place_of(session, pair.project.id, pair.organization.id)
    assert [(p.organization_id, p.rank, len(p.factors)) for p in places] == [
        (pair.organization.id, 1, len(COLUMNS))
    ]
    assert place is not None and (place["run_id"], place["rank"]) == (str(run.id), 1)
    _, repeated = dossier.replay(archive)
    assert repeated == run.results_sha256
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        told = json.loads(opened.read("run.json"))
    assert (told["seed"], told["fingerprint"]) == (3, run.fingerprint)
    assert told["weights"]["points"] == dict(Weights().points)
    again = await ran(committed, pair, pair.project.edition_code)
    assert again.summary is not None and again.summary["texts_embedded"] == 0
    assert (again.id != run.id, again.results_sha256) == (True, run.results_sha256)


async def test_asking_twice_for_a_run_gives_the_run_under_way(session: AsyncSession, pair: Pair) -> None:
    first = await service.start(session, pair.district, pair.project.edition_code, RunDraft())
    second = await service.start(session, pair.district, pair.project.edition_code, RunDraft())
    assert first.id == second.id
    with pytest.raises(NotYou):
        await service.start(session, pair.street, pair.project.edition_code, RunDraft())


async def sealed(database: Database) -> None:
    async with database.engine.begin() as connection:
        await sealer.seal(connection)


async def test_the_live_index_follows_the_journal_without_a_restart(committed: Database) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session)
    await sealed(committed)

    async def shown() -> list[Any]:
        async with committed.reading() as session:
            project = await projects.get(session, pair.street, str(pair.project.id))
            ranking = await service.ranked(session, pair.street, project, 20)
        assert ranking.source == "live"
        return [item.organization_id for item in ranking.items]

    assert await shown() == [pair.organization.id]
    async with committed.writing() as session:
        other = await join(session, pair.project)
    async with committed.reading() as session:
        new = await service.for_organization(session, other.supplier, other.organization, None, 20)
    assert [item.project_id for item in new.items] == [pair.project.id], "too new for the index, yet answered"
    await sealed(committed)
    assert set(await shown()) == {pair.organization.id, other.organization.id}
    async with committed.writing() as session:
        project = await projects.get(session, pair.district, str(pair.project.id))
        await projects.transition(session, pair.district, project, "withdraw", "预算收回", {})
    await sealed(committed)
    async with committed.reading() as session:
        up = await service.for_organization(session, pair.supplier, pair.organization, None, 20)
    assert up.items == []


async def test_while_the_index_warms_the_stored_run_answers_with_the_gates_of_this_moment(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session)
        other = await join(session, pair.project)
    await ran(committed, pair, pair.project.edition_code)
    monkeypatch.setattr("app.matches.index.SMALL", -1)
    monkeypatch.setattr("app.matches.index.MarketIndex._warm", _never)
    async with committed.writing() as session:
        found = await organizations.get(session, machine("test"), str(other.organization.id))
        found.capacity_max = 0
    async with committed.reading() as session:
        project = await projects.get(session, pair.street, str(pair.project.id))
        ranking = await service.ranked(session, pair.street, project, 20)
        told = await service.explain(session, pair.street, project, found)
    assert ranking.source == "run"
    assert [item.organization_id for item in ranking.items] == [pair.organization.id]
    assert [gate.code for gate in told.gates_failed] == ["H_CAPACITY"]


async def _never(*_: Any) -> None:
    return None


async def test_texts_nobody_embedded_are_left_to_a_job_that_uses_every_core(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session)
    monkeypatch.setattr("app.matches.index.TEXTS_AT_ONCE", 0)
    monkeypatch.setattr("app.matches.index._STORE", type(runs.MemoryStore())())
    async with committed.reading() as session:
        project = await projects.get(session, pair.street, str(pair.project.id))
        for _ in range(2):
            with pytest.raises(NotNow):
                await service.ranked(session, pair.street, project, 20)
        waiting = select(func.count()).select_from(jobs.Job).where(jobs.Job.kind == runs.EMBED)
        assert await session.scalar(waiting) == 1
    await Worker(committed, HANDLERS).drain()
    async with committed.reading() as session:
        ranking = await service.ranked(session, pair.street, project, 20)
    assert ranking.source == "live"


async def test_a_rating_that_ends_today_no_longer_counts_tomorrow(session: AsyncSession, pair: Pair) -> None:
    pair.organization.rating_valid_until = clock.today()
    await session.flush()
    before = (await service.ranked(session, pair.street, pair.project, 20)).items[0]
    clock.settle(timedelta(days=1))
    after = (await service.ranked(session, pair.street, pair.project, 20)).items[0]
    assert after.score < before.score
    assert encoding.cores() >= 1 and Role.STREET in pair.street.roles
