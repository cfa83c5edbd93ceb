"""The demonstration, as a new user meets it: one command, then the README's lines pasted one after another."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.installation.accounts import kept
from tests.flows.conftest import Person, Server

pytestmark = pytest.mark.process

README = Path(__file__).parents[2] / "README.md"
PATIENCE = 900.0


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One demonstration for all who look at it; the story of the README comes last, because it moves the clock."""
    server = Server(tmp_path_factory.mktemp("demo") / "数据 data").start("--demo", patience=PATIENCE)
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def speaking(server: Server, role: str) -> Person:
    """Somebody with one of the demonstration's accounts."""
    (account,) = [one for one in kept(server.data / "credentials.txt") if one.name == f"demo.{role}"]
    return server.person(account.name, account.token)


def everything(person: Person, address: str, **filters: Any) -> list[dict[str, Any]]:
    """A whole list, page after page."""
    page = person.get(address, limit=200, **filters)
    found = list(page["items"])
    while page["links"]["next"]:
        page = person.get(page["links"]["next"])
        found += page["items"]
    return found


def test_the_hall_of_the_demonstration_is_laid_out_and_everybody_has_a_seat(demonstration: Server) -> None:
    (fair,) = demonstration.public.get("/api/v1/fairs", edition="2026")["items"]
    assert fair["state"] == "planned"
    assert fair["booths"] > 0
    assert 300 <= fair["listed_projects"] <= 900
    address = f"/api/v1/fairs/{fair['number']}"
    hall = demonstration.public.get(f"{address}/hall")
    assert (hall["tables"], hall["slots"], hall["held"], hall["missed"]) == (60, 84, 0, 0)
    assert 200 <= hall["planned"] <= 300

    operator = speaking(demonstration, "fair-operator")
    meetings = everything(operator, f"{address}/meetings")
    assert len(meetings) == hall["planned"]
    for side in ("table_id", "buyer_id", "organization_id"):
        assert len({(meeting["slot_id"], meeting[side]) for meeting in meetings}) == len(meetings), side
    # Lunch is nobody's slot, and who cannot come sits nowhere at that time.
    assert not [m for m in meetings if "11:50" < m["starts_at"][11:16] < "13:30"]
    absences = operator.get(f"{address}/absences")
    assert absences
    assert {absence["meeting"] for absence in absences} == {None}
    assert {meeting["pinned"] for meeting in meetings} == {True, False}


def test_each_side_of_the_demonstration_reads_its_own_day(demonstration: Server) -> None:
    (fair,) = demonstration.public.get("/api/v1/fairs", edition="2026")["items"]
    address = f"/api/v1/fairs/{fair['number']}"
    operator, agent = (speaking(demonstration, role) for role in ("fair-operator", "organization"))
    meetings = everything(operator, f"{address}/meetings")

    for table in ("A-01", meetings[-1]["table"]):
        lines = operator.get(f"{address}/running-order", table=table, limit=200)["items"]
        there = [meeting for meeting in meetings if meeting["table"] == table]
        assert [line["number"] for line in lines] == [meeting["number"] for meeting in there]
        assert [(line["day"], line["time"]) for line in lines] == sorted(
            (line["day"], line["time"]) for line in lines
        )

    agency = agent.get("/api/v1/me")["grants"][0]["party_id"]
    own = everything(agent, f"{address}/meetings")
    assert own
    assert {meeting["organization_id"] for meeting in own} == {agency}
    assert len(own) == len([meeting for meeting in meetings if meeting["organization_id"] == agency])
    assert everything(speaking(demonstration, "street"), f"{address}/meetings")
    # The talk itself says when and where, whoever took the seat.
    intents = [one for one in everything(agent, "/api/v1/intents") if one["fair_id"] == fair["id"]]
    assert {intent["number"]: intent["meets_at"] for intent in intents} == {
        meeting["intent_number"]: meeting["starts_at"] for meeting in own
    }


def test_volunteers_and_donations_of_the_demonstration_are_there_to_be_shown(demonstration: Server) -> None:
    agent, outsider = (speaking(demonstration, role) for role in ("organization", "social-work-agency"))
    volunteers = everything(agent, "/api/v1/volunteers")
    assert len(volunteers) == 12
    assert {volunteer["name_shown"] for volunteer in volunteers} == {True}
    hours = everything(agent, "/api/v1/volunteer-hours")
    assert {record["state"] for record in hours} == {"recorded", "verified"}
    assert everything(outsider, "/api/v1/volunteers") == []
    (themselves,) = everything(speaking(demonstration, "volunteer"), "/api/v1/volunteers")
    assert themselves["display_name"] == volunteers[0]["display_name"]

    funder = speaking(demonstration, "charity-funder")
    for reader, told in ((agent, False), (outsider, False), (demonstration.public, False), (funder, True)):
        donations = everything(reader, "/api/v1/donations")
        assert len(donations) >= 2
        (unnamed,) = [donation for donation in donations if donation["anonymous"]]
        assert unnamed["purpose_categories"]
        assert (unnamed["donor"] is not None, unnamed["donor_id"] is not None) == (told, told)
    assert "offered" in {
        one["state"] for one in everything(speaking(demonstration, "street"), "/api/v1/donations")
    }


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="the README's lines are curl lines, and this machine has no curl"
)
def test_the_readmes_lines_work_when_pasted_into_the_demonstration(
    demonstration: Server, tmp_path: Path
) -> None:
    server = demonstration
    planned = server.public.get("/api/v1/fairs/FAIR2026-01/hall")["planned"]
    lines = "\n".join(re.findall(r"```bash\n(.*?)```", README.read_text("utf-8"), re.DOTALL))
    assert "http://127.0.0.1:8000" in lines
    script = lines.replace("http://127.0.0.1:8000", server.url).replace(
        ".data/credentials.txt", f"'{server.data}/credentials.txt'"
    )
    pasted = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert pasted.returncode == 0, pasted.stderr
    assert pasted.stderr == ""
    assert "about:blank" not in pasted.stdout, re.findall(r'"code":"\w+","message_zh":"[^"]*"', pasted.stdout)
    assert re.search(r'"slug":"paid"[^}]*"value":"9750\.00"', pasted.stdout)

    # What the README promises of its size, and that nothing was lost or guessed on the way.
    public = server.public
    figures = {
        f["slug"]: f["value"] for f in public.get("/api/v1/dashboards/fair", edition="2026")["figures"]
    }
    assert figures["published"] == "2101"
    assert abs(float(figures["offered"]) - 70_000_000) <= 0.02 * 70_000_000
    assert server.stop() == 0

    # A second start finds everything there and loads nothing again, the day included.
    server.start("--demo")
    again = server.public.get("/api/v1/dashboards/fair", edition="2026")["figures"]
    assert {f["slug"]: f["value"] for f in again}["published"] == "2101"
    assert len(server.public.get("/api/v1/fairs", edition="2026")["items"]) == 1
    assert server.public.get("/api/v1/fairs/FAIR2026-01/hall")["planned"] == planned


def test_the_demonstration_is_not_loaded_beside_other_data(installation: Callable[[], Server]) -> None:
    server = installation().start()
    bureau = server.account("city_bureau", area="3201")
    today = bureau.get("/api/v1/tasks")["as_of"][:10]
    bureau.post(
        "/api/v1/editions",
        {
            "code": "2025",
            "name": "去年的一届",
            "ordinal": 1,
            "call_opens_on": today,
            "call_closes_on": today,
            "fair_opens_on": today,
            "fair_closes_on": today,
        },
    )
    project = {
        "edition": "2025",
        "title": "真实的项目",
        "buyer": "南京市玄武区锁金村街道办事处",
        "district": "玄武区",
        "street": "锁金村街道",
    }
    bureau.post("/api/v1/projects", project)
    assert server.stop() == 0
    with pytest.raises(AssertionError, match=r"其他数据"):
        server.start("--demo")
    assert server.process is not None
    assert server.process.wait(60) == 2
