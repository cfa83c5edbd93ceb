"""Fair-wide plans over HTTP: a job with progress, what each may read of it, and a dossier that repeats it to the bit."""

import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.identity.roles import Role
from app.kernel.database import BorrowedDatabase
from app.kernel.job_worker import Worker
from app.kernel.journal import JournalEntry
from app.matches import dossier
from app.organizations.models import Organization
from app.projects.models import Project
from app.worker import HANDLERS
from tests.factories.market import make_market
from tests.factories.organizations import make_organization
from tests.factories.statements import counting

Http = Callable[..., Awaitable[httpx.AsyncClient]]
DISTRICT = "3201/320102"
PLANS, PAIRS = "/api/v1/plans", "/api/v1/plan-pairs"


@dataclass
class Fair:
    """Three projects of 锁金村; an organization with one free place, one with two, one with none."""

    projects: list[Project]
    near: Organization
    wide: Organization
    full: Organization

    @property
    def address(self) -> str:
        return f"/api/v1/editions/{self.projects[0].edition_code}"


@pytest.fixture
async def fair(database: BorrowedDatabase) -> Fair:
    async with database.writing() as session:
        return Fair(
            await make_market(session, 3),
            await make_organization(session, capacity_max=1),
            await make_organization(
                session, capacity_max=2, district="江宁区", street=None, service_areas=["全市"]
            ),
            await make_organization(session, capacity_max=0),
        )


@pytest.fixture
async def bureau(http: Http, database: BorrowedDatabase, fair: Fair) -> httpx.AsyncClient:
    """The district's bureau, after a match run."""
    client = await http(Role.DISTRICT_BUREAU, area=DISTRICT)
    assert (await client.post(f"{fair.address}/match-runs", json={})).status_code == 202
    await Worker(database, HANDLERS).drain()
    return client


async def planned(
    database: BorrowedDatabase, bureau: httpx.AsyncClient, fair: Fair, **wishes: Any
) -> dict[str, Any]:
    asked = await bureau.post(f"{fair.address}/plans", json={"demand": 1} | wishes)
    assert asked.status_code == 202, asked.text
    await Worker(database, HANDLERS).drain()
    told: dict[str, Any] = (await bureau.get(asked.headers["Location"])).json()
    assert told["job"]["state"] == "succeeded", told
    return told


async def test_a_plan_is_a_job_and_gives_every_project_somebody_with_a_free_place(
    database: BorrowedDatabase, bureau: httpx.AsyncClient, fair: Fair
) -> None:
    asked = await bureau.post(f"{fair.address}/plans", json={"demand": 1, "seed": 4})
    again = await bureau.post(f"{fair.address}/plans", json={"demand": 1, "seed": 4})
    assert again.json()["id"] == asked.json()["id"], "asking twice gives the plan under way"
    assert (asked.json()["job"]["state"], asked.json()["outcome"]) == ("queued", None)
    early = await bureau.get(f"{asked.headers['Location']}/dossier")
    assert (early.status_code, early.json()["code"]) == (409, "plan_not_stored")
    await Worker(database, HANDLERS).drain()
    told = (await bureau.get(asked.headers["Location"])).json()
    assert (told["outcome"], told["relaxations"]) == ("planned", [])
    assert (told["summary"]["pairs"], told["summary"]["optimal"], told["summary"]["gap"]) == (3, True, 0)
    places = (await bureau.get(PAIRS, params={"plan": told["id"], "alternate": False})).json()["items"]
    assert {place["project_id"] for place in places} == {str(project.id) for project in fair.projects}
    taken = [place["organization_id"] for place in places]
    assert sorted(taken) == sorted([str(fair.near.id), *[str(fair.wide.id)] * 2])
    assert sum(place["score"] for place in places) == pytest.approx(told["summary"]["total"], abs=0.01)
    assert [place["gates_now"] for place in places] == [[], [], []]
    file = await bureau.get(PAIRS, params={"plan": told["id"], "format": "csv"})
    assert len(file.text.splitlines()) == 1 + len(places)
    async with database.reading() as session:
        entries = await session.scalars(
            select(JournalEntry.event)
            .where(JournalEntry.subject_kind == "match_plan")
            .order_by(JournalEntry.entry_id)
        )
        assert list(entries) == ["requested", "stored"]


async def test_the_dossier_repeats_the_plan_to_the_bit(
    database: BorrowedDatabase, bureau: httpx.AsyncClient, fair: Fair
) -> None:
    told = await planned(database, bureau, fair, objective="max_min", exposure={"places": 1}, seed=9)
    archive = (await bureau.get(told["dossier"])).content
    repeated = dossier.replay_plan(archive)
    assert repeated.sha256 == told["plan_sha256"]
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        inside = json.loads(opened.read("plan.json"))
        assert (inside["fingerprint"], inside["wishes"]["seed"]) == (told["fingerprint"], 9)
        assert len(opened.read("pairs.csv").decode().splitlines()) == 1 + len(repeated.places)
    same = await planned(database, bureau, fair, objective="max_min", exposure={"places": 1}, seed=9)
    assert (same["id"] != told["id"], same["plan_sha256"]) == (True, told["plan_sha256"])
    other = await planned(database, bureau, fair, objective="max_min", seed=9)
    assert other["fingerprint"] != told["fingerprint"]


async def test_what_cannot_be_planned_names_the_rules_in_two_languages_and_can_be_relaxed(
    database: BorrowedDatabase, bureau: httpx.AsyncClient, fair: Fair
) -> None:
    told = await planned(database, bureau, fair, demand=2, may_relax=["demand"])
    assert (told["outcome"], told["plan_sha256"] is None) == ("infeasible", False)
    assert sum(rule["amount"] for rule in told["relaxations"]) == 3, "six talks wanted, three places free"
    rule = told["relaxations"][0]
    number = next(p.number for p in fair.projects if str(p.id) == rule["project_id"])
    assert number in rule["zh"] and "少要" in rule["zh"] and "asks for" in rule["en"]
    assert told["summary"]["if_relaxed"]["pairs"] == 3
    assert (await bureau.get(PAIRS, params={"plan": told["id"]})).json()["items"] == []
    instead = await planned(database, bureau, fair, demand=2, may_relax=["demand"], relax=True)
    assert (instead["outcome"], instead["relaxations"]) == ("relaxed", told["relaxations"])
    places = (await bureau.get(PAIRS, params={"plan": instead["id"], "alternate": False})).json()["items"]
    assert len(places) == 3
    assert all(rule["fewest"] for rule in told["relaxations"]), "small enough to be proven"
    for plan in (told, instead):
        archive = (await bureau.get(plan["dossier"])).content
        assert dossier.replay_plan(archive).sha256 == plan["plan_sha256"]


async def test_pairs_are_wished_for_by_number_and_unknown_ones_are_all_told(
    database: BorrowedDatabase, bureau: httpx.AsyncClient, fair: Fair
) -> None:
    first, near = fair.projects[0], fair.near
    pair = {"project": first.number, "organization": near.number}
    told = await planned(database, bureau, fair, forced=[pair])
    assert told["wishes"]["forced"] == [{"project": str(first.id), "organization": str(near.id)}]
    places = (await bureau.get(PAIRS, params={"plan": told["id"], "organization": str(near.id)})).json()
    assert [(p["project_number"], p["alternate"]) for p in places["items"]] == [(first.number, False)]
    wrong = {"forbidden": [pair, {"project": "NJ1999-XX-0001", "organization": near.number}]}
    refused = await bureau.post(
        f"{fair.address}/plans", json=wrong | {"demands": [{"project": "?", "demand": 1}]}
    )
    assert refused.status_code == 422
    assert [problem["pointer"] for problem in refused.json()["problems"]] == [
        "/forbidden/1/project",
        "/demands/0/project",
    ]


async def test_a_plan_needs_a_stored_run(http: Http, fair: Fair) -> None:
    city = await http(Role.CITY_BUREAU, area="3201")
    refused = await city.post(f"{fair.address}/plans", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_stored_run")


async def test_a_gate_that_closed_since_is_shown_with_the_place(
    database: BorrowedDatabase, bureau: httpx.AsyncClient, fair: Fair
) -> None:
    told = await planned(database, bureau, fair)
    async with database.writing() as session:
        near = await session.get_one(Organization, fair.near.id)
        near.capacity_max = 0
    places = (await bureau.get(PAIRS, params={"plan": told["id"], "alternate": False})).json()["items"]
    closed = {place["organization_id"]: place["gates_now"] for place in places}
    assert closed == {str(fair.near.id): ["H_CAPACITY"], str(fair.wide.id): []}


@pytest.mark.parametrize(
    ("role", "area", "asks", "whole", "own"),
    [
        (Role.CITY_BUREAU, "3201", 202, 200, 3),
        (Role.AUDITOR, "", 403, 200, 3),
        (Role.STREET, "3201/320102/320102007", 403, 403, 3),
        (Role.STREET, "3201/320106/320106001", 403, 403, 0),
        (Role.FAIR_OPERATOR, "3201", 403, 403, 0),
        (Role.RESIDENT, "3201/320102/320102007", 403, 403, 0),
        (Role.ORGANIZATION, "", 403, 403, 1),
        (Role.EVALUATOR, "", 403, 403, 0),
    ],
)
async def test_bureaus_read_plans_whole_streets_their_projects_and_organizations_their_places(
    database: BorrowedDatabase,
    bureau: httpx.AsyncClient,
    http: Http,
    fair: Fair,
    role: Role,
    area: str,
    asks: int,
    whole: int,
    own: int,
) -> None:
    told = await planned(database, bureau, fair)
    assert fair.projects[0].area_path.startswith("3201/320102/320102007")
    reader = await http(role, area=area, party=fair.near.id)
    assert (await reader.get(PLANS)).status_code == whole
    hidden = 404 if whole == 403 else whole
    assert (await reader.get(f"{PLANS}/{told['id']}")).status_code == hidden
    assert (await reader.get(told["dossier"])).status_code == hidden
    seen = (await reader.get(PAIRS, params={"alternate": False})).json()["items"]
    assert len(seen) == own
    if role is Role.ORGANIZATION:
        assert {place["organization_id"] for place in seen} == {str(fair.near.id)}
    assert (await reader.post(f"{fair.address}/plans", json={})).status_code == asks


async def test_nothing_of_a_plan_is_public(http: Http, fair: Fair) -> None:
    public = await http()
    for path in (PLANS, PAIRS, f"{PLANS}/{fair.near.id}"):
        assert (await public.get(path)).status_code == 401
    assert (await public.post(f"{fair.address}/plans", json={})).status_code == 401


async def test_a_page_of_places_costs_the_same_however_long(
    database: BorrowedDatabase, bureau: httpx.AsyncClient, fair: Fair
) -> None:
    told = await planned(database, bureau, fair)
    costs = []
    for limit in (1, 3):
        with counting() as statements:
            page = await bureau.get(PAIRS, params={"plan": told["id"], "limit": limit})
        assert len(page.json()["items"]) == limit
        costs.append(len(statements))
    assert costs[0] == costs[1]
