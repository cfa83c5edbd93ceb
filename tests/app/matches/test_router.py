"""Matching over HTTP: who may ask, what each may see, the run as a job and its dossier as a file."""

import json
import zipfile
from collections.abc import Awaitable, Callable
from io import BytesIO

import httpx
import pytest

from app.identity.roles import Role
from app.kernel.database import BorrowedDatabase
from app.kernel.job_worker import Worker
from app.matches import runs, service
from tests.factories.negotiations import Pair, join, make_pair

Http = Callable[..., Awaitable[httpx.AsyncClient]]
DISTRICT = "3201/320102"


@pytest.fixture
async def pair(database: BorrowedDatabase) -> Pair:
    async with database.writing() as session:
        return await make_pair(session)


async def test_a_run_is_a_job_with_progress_and_a_dossier(
    database: BorrowedDatabase, http: Http, pair: Pair
) -> None:
    bureau = await http(Role.DISTRICT_BUREAU, area=DISTRICT)
    asked = await bureau.post(f"/api/v1/editions/{pair.project.edition_code}/match-runs", json={"seed": 5})
    assert asked.status_code == 202, asked.text
    path = asked.headers["Location"]
    assert (asked.json()["job"]["state"], asked.json()["dossier"]) == ("queued", None)
    early = await bureau.get(f"{path}/dossier")
    assert (early.status_code, early.json()["code"]) == (409, "run_not_stored")
    await Worker(database, {runs.RUN: service.perform}).drain()
    told = (await bureau.get(path)).json()
    assert (told["job"]["state"], told["summary"]["pairs"], told["weights"]) == (
        "succeeded",
        1,
        "expert/2026-1",
    )
    answer = await bureau.get(told["dossier"])
    with zipfile.ZipFile(BytesIO(answer.content)) as opened:
        assert json.loads(opened.read("run.json"))["fingerprint"] == told["fingerprint"]
        assert len(opened.read("results.csv").decode().splitlines()) == 2
    listed = (await bureau.get(f"/api/v1/match-runs?edition={pair.project.edition_code}")).json()
    assert [run["id"] for run in listed["items"]] == [told["id"]]


@pytest.mark.parametrize(
    ("role", "ranking", "own", "run"),
    [
        (Role.STREET, 200, 403, 403),
        (Role.COMMUNITY, 200, 403, 403),
        (Role.DISTRICT_BUREAU, 200, 200, 202),
        (Role.CITY_BUREAU, 200, 200, 202),
        (Role.AUDITOR, 200, 200, 403),
        (Role.FAIR_OPERATOR, 403, 403, 403),
        (Role.RESIDENT, 403, 403, 403),
        (Role.ORGANIZATION, 403, 200, 403),
        (Role.EVALUATOR, 403, 403, 403),
        (None, 401, 401, 401),
    ],
)
async def test_who_may_see_rankings_and_start_runs(
    http: Http, pair: Pair, role: Role | None, ranking: int, own: int, run: int
) -> None:
    area = {Role.DISTRICT_BUREAU: DISTRICT, Role.CITY_BUREAU: "3201", Role.AUDITOR: ""}
    reader = await http()
    if role is not None:
        reader = await http(role, area=area.get(role, pair.project.area_path), party=pair.organization.id)
    project, organization = pair.project.number, pair.organization.id
    assert (await reader.get(f"/api/v1/projects/{project}/matches")).status_code == ranking
    assert (await reader.get(f"/api/v1/projects/{project}/excluded-organizations")).status_code == ranking
    assert (await reader.get(f"/api/v1/organizations/{organization}/matches")).status_code == own
    started = await reader.post(f"/api/v1/editions/{pair.project.edition_code}/match-runs", json={})
    assert started.status_code == run


async def test_another_districts_officials_see_no_ranking_of_this_one(http: Http, pair: Pair) -> None:
    for role, area in ((Role.STREET, "3201/320106/320106001"), (Role.DISTRICT_BUREAU, "3201/320106")):
        stranger = await http(role, area=area)
        assert (await stranger.get(f"/api/v1/projects/{pair.project.id}/matches")).status_code == 403


async def test_an_organization_reads_its_own_explanation_and_no_rivals(
    database: BorrowedDatabase, http: Http, pair: Pair
) -> None:
    async with database.writing() as session:
        rival = await join(session, pair.project)
    own = await http(Role.ORGANIZATION, party=pair.organization.id)
    path = f"/api/v1/projects/{pair.project.number}/matches"
    told = (await own.get(f"{path}/{pair.organization.id}")).json()
    assert (told["eligible"], told["gates_failed"]) == (2, [])
    assert {factor["name"] for factor in told["factors"]} >= {"text", "place", "capacity"}
    assert (await own.get(f"{path}/{rival.organization.id}")).status_code == 403


async def test_a_reordering_without_a_reason_is_malformed(http: Http, pair: Pair) -> None:
    street = await http(Role.STREET, area=pair.project.area_path)
    path = f"/api/v1/projects/{pair.project.id}/reorderings"
    body = {"organization_id": str(pair.organization.id), "rank": 1}
    assert (await street.post(path, json=body)).status_code == 422
    made = await street.post(path, json={**body, "reason": "居民代表一致推荐"})
    assert (made.status_code, made.json()["machine_rank"]) == (201, 1)


async def test_how_a_ranking_is_made_is_public(http: Http) -> None:
    city = await http(Role.CITY_BUREAU, area="3201")
    points = {"text": 40, "target_group": 10, "place": 10, "track_record": 10, "staff": 10, "capacity": 10}
    body = {"name": "local", "version": "2027-1", "points": {**points, "money": 5, "rating": 5}}
    assert (await city.post("/api/v1/weight-sets", json=body)).status_code == 201
    assert (await city.post("/api/v1/weight-sets", json=body)).json()["code"] == "weights_taken"
    shown = (await (await http()).get("/api/v1/weight-sets")).json()["items"]
    assert [(row["name"], row["points"]["text"]) for row in shown] == [("local", 40)]
