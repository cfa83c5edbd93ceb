"""Learning over HTTP: outcomes become a candidate, a report decides whether it ranks, and a rollback undoes it."""

import json
import zipfile
from collections.abc import Awaitable, Callable
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
from app.worker import HANDLERS
from matching import FACTORS
from tests.factories.market import make_published
from tests.factories.organizations import make_organization
from tests.factories.outcomes import PLACE_MATTERS, make_past

Http = Callable[..., Awaitable[httpx.AsyncClient]]
CITY = "3201"
MODELS = "/api/v1/model-versions"


async def past(database: BorrowedDatabase, liking: Any = PLACE_MATTERS, projects: int = 60) -> None:
    async with database.writing() as session:
        await make_past(session, projects=projects, organizations=6, liking=liking)


async def fitted(database: BorrowedDatabase, bureau: httpx.AsyncClient) -> dict[str, Any]:
    """A fit asked for, performed and read again: its job's end and, where there is one, the candidate."""
    asked = await bureau.post("/api/v1/learning/fits", json={"seed": 1})
    assert asked.status_code == 202, asked.text
    await Worker(database, HANDLERS).drain()
    job: dict[str, Any] = (await bureau.get(asked.headers["Location"])).json()
    return job


async def moved(bureau: httpx.AsyncClient, model: str, event: str) -> httpx.Response:
    body = {"event": event, "note": "会商决定"}
    return await bureau.post(f"{MODELS}/{model}/transitions", json=body)


async def test_what_buyers_wanted_is_learned_ranks_and_can_be_rolled_back(
    database: BorrowedDatabase, http: Http
) -> None:
    await past(database)
    async with database.writing() as session:
        project = await make_published(session)
        await make_organization(session)
    bureau = await http(Role.CITY_BUREAU, area=CITY)
    address = f"/api/v1/projects/{project.id}/matches"
    before = (await bureau.get(address)).json()
    assert before["weights"] == "expert/2026-1"

    job = await fitted(database, bureau)
    assert (job["state"], job["result"]["beats_current"]) == ("succeeded", True), job
    model = job["result"]["model_version_id"]
    told = (await bureau.get(f"{MODELS}/{model}")).json()
    report = told["report"]
    assert (told["state"], report["current"], report["objections"]) == ("candidate", "expert/2026-1", [])
    assert report["features"] == list(FACTORS), "nothing about persons"
    assert report["outcomes"] == {"awarded": 60, "accepted": 60, "declined": 240}
    assert report["measures"]["candidate"]["ndcg"] > report["measures"]["current"]["ndcg"]
    assert report["points"]["place"] > 14
    assert report["drawn_to"] == "expert/2026-1"
    assert {"category elderly_care", "new organizations"} <= report["slices"].keys()
    assert report["drift"].keys() == set(FACTORS)
    for measures in (report["measures"], *report["slices"].values()):
        assert all(0 <= measures[side]["brier"] <= 1 for side in ("current", "candidate"))
    assert (await bureau.get(address)).json()["weights"] == "expert/2026-1", "a candidate ranks nothing"

    assert (await moved(bureau, model, "activate")).json()["state"] == "active"
    assert (await moved(bureau, model, "activate")).json()["code"] == "model_active"
    after = (await bureau.get(address)).json()
    assert (after["source"], after["weights"]) == ("live", f"learned/{told['name']}")
    for item in after["items"]:
        assert sum(factor["points"] for factor in item["factors"]) == pytest.approx(item["score"], abs=0.01)
    place = next(factor for factor in after["items"][0]["factors"] if factor["name"] == "place")
    assert place["of"] == pytest.approx(report["points"]["place"], abs=0.001)

    run = await bureau.post(f"/api/v1/editions/{project.edition_code}/match-runs", json={})
    await Worker(database, HANDLERS).drain()
    stored = (await bureau.get(run.headers["Location"])).json()
    assert stored["model"] == told["name"]
    archive = (await bureau.get(stored["dossier"])).content
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        assert json.loads(opened.read("run.json"))["model"]["sha256"] == told["sha256"]
    assert dossier.replay(archive)[1] == stored["results_sha256"]

    second = await fitted(database, bureau)
    assert second["result"]["beats_current"] is False, "the same outcomes teach nothing twice"
    same = (await bureau.get(f"{MODELS}/{second['result']['model_version_id']}")).json()["report"]
    assert (same["current"], same["drawn_to"]) == (f"learned/{told['name']}", "expert/2026-1")
    assert same["points"] == report["points"]

    assert (await moved(bureau, model, "roll_back")).json()["state"] == "retired"
    assert (await bureau.get(address)).json()["items"] == before["items"]
    again = await moved(bureau, model, "activate")
    assert again.json()["state"] == "active", "what has ranked may come back"
    async with database.reading() as session:
        entries = await session.scalars(
            select(JournalEntry)
            .where(JournalEntry.subject_kind == "model_version", JournalEntry.event == "model_activated")
            .order_by(JournalEntry.entry_id)
        )
    changes = [(entry.change["active"], entry.note) for entry in entries]
    name = told["name"]
    assert changes == [
        ([None, name], "会商决定"),
        ([name, None], "会商决定"),
        ([None, name], "会商决定"),
    ]


async def test_a_model_of_chance_may_not_rank(database: BorrowedDatabase, http: Http) -> None:
    await past(database, liking=None, projects=30)
    bureau = await http(Role.CITY_BUREAU, area=CITY)
    job = await fitted(database, bureau)
    assert (job["state"], job["result"]["beats_current"]) == ("succeeded", False)
    model = job["result"]["model_version_id"]
    possible = (await bureau.get(f"{MODELS}/{model}/transitions")).json()
    assert [(choice["event"], choice["allowed"]) for choice in possible["items"]] == [
        ("activate", False),
        ("roll_back", False),
    ]
    refused = await moved(bureau, model, "activate")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_not_better")
    assert "nDCG@10" in refused.text and "不能启用" in refused.text
    assert [one["state"] for one in (await bureau.get(MODELS)).json()["items"]] == ["candidate"]


async def test_too_few_outcomes_are_said_and_not_fitted(database: BorrowedDatabase, http: Http) -> None:
    await past(database, projects=1)
    bureau = await http(Role.CITY_BUREAU, area=CITY)
    job = await fitted(database, bureau)
    assert (job["state"], job["error"]["problems"][0]["code"]) == ("failed", "too_few_outcomes")
    assert (await bureau.get(MODELS)).json()["items"] == []


@pytest.mark.parametrize(
    ("role", "reads", "fits"),
    [
        (Role.CITY_BUREAU, 200, 202),
        (Role.DISTRICT_BUREAU, 200, 403),
        (Role.STREET, 200, 403),
        (Role.AUDITOR, 200, 403),
        (Role.ADMINISTRATOR, 200, 403),
        (Role.FAIR_OPERATOR, 403, 403),
        (Role.RESIDENT, 403, 403),
    ],
)
async def test_the_city_bureau_decides_and_officials_read(
    http: Http, role: Role, reads: int, fits: int
) -> None:
    caller = await http(role, area=CITY)
    assert (await caller.get(MODELS)).status_code == reads
    assert (await caller.post("/api/v1/learning/fits", json={})).status_code == fits
