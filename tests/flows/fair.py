"""The people of the stories, what they look at, and the steps that every story takes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.flows.conftest import Person, Server
from tests.waiting import eventually

CITY, DISTRICT, STREET = "3201", "3201/320102", "3201/320102/320102007"
EDITION = "2026"


@dataclass
class Fair:
    """The people of the story and what they look at."""

    server: Server
    city: Person
    district: Person
    street: Person
    auditor: Person
    _seen: str = ""

    def today(self) -> date:
        """The day of the domain, which the sandbox moves."""
        as_of = self.city.get("/api/v1/tasks")["as_of"]
        return datetime.fromisoformat(as_of).date()

    def days_pass(self, days: int) -> None:
        self.server.administrator.post("/api/v1/sandbox/clock", {"days": days}, expect=200)

    def figure(self, slug: str) -> str | None:
        """One number of the city's dashboard."""
        figures = self.city.get("/api/v1/dashboards/fair", edition=EDITION)["figures"]
        return next(figure["value"] for figure in figures if figure["slug"] == slug)

    def told(self, kind: str, event: str) -> dict[str, Any]:
        """The change feed has it: read on from where we were, without a gap, until it comes."""
        found: list[dict[str, Any]] = []

        def read_on() -> bool:
            piece = self.auditor.get("/api/v1/changes", cursor=self._seen, limit=200)
            found.extend(
                item for item in piece["items"] if (item["subject_kind"], item["event"]) == (kind, event)
            )
            self._seen = str(found[0]["position"]) if found else piece["cursor"]
            return bool(found)

        assert eventually(read_on), f"the feed never told of {kind} {event}"
        return found[0]

    def send_list(self, person: Person, kind: str, content: bytes) -> dict[str, Any]:
        """Upload a workbook, look at its preview, commit what is ready."""
        files = {"file": (f"{kind}.xlsx", content)}
        form = {"kind": kind, "edition": EDITION}
        sent = person.ask("POST", "/api/v1/imports", expect=202, files=files, data=form)
        address = f"/api/v1/imports/{sent['id']}"
        previewed = self.reached(person, address, "previewed")
        rows = person.get(f"{address}/rows")["items"]
        assert all(row["status"] in ("ready", "warned", "rejected", "skipped") for row in rows)
        person.post(f"{address}/commit", {}, expect=202)
        return previewed | {"rows": rows, "committed": self.reached(person, address, "committed")}

    def reached(self, person: Person, address: str, state: str) -> dict[str, Any]:
        def state_now() -> str:
            return str(person.get(address)["state"])

        assert eventually(lambda: state_now() in (state, "failed", "cancelled"))
        thing = dict(person.get(address))
        assert thing["state"] == state, thing
        return thing


def opened(server: Server) -> Fair:
    """A fair of this year: its edition, and money of the district."""
    fair = Fair(
        server,
        server.account("city_bureau", area=CITY),
        server.account("district_bureau", area=DISTRICT),
        server.account("street", area=STREET),
        server.account("auditor", area=""),
    )
    today = fair.today()
    fair.city.post(
        "/api/v1/editions",
        {
            "code": EDITION,
            "name": "第十三届社洽会",
            "ordinal": 13,
            "call_opens_on": today.isoformat(),
            "call_closes_on": (today + timedelta(days=90)).isoformat(),
            "fair_opens_on": (today + timedelta(days=20)).isoformat(),
            "fair_closes_on": (today + timedelta(days=21)).isoformat(),
        },
    )
    source = {
        "year": today.year,
        "source": "district_fiscal",
        "name": "区级社洽资金",
        "area_path": DISTRICT,
        "amount_yuan": "500000",
    }
    opened = fair.district.post("/api/v1/funding/sources", source)
    line = {
        "source_id": opened["id"],
        "edition_code": EDITION,
        "area_path": DISTRICT,
        "name": "养老",
        "amount_yuan": "300000",
    }
    fair.district.post("/api/v1/funding/lines", line)
    return fair


def organization_named(fair: Fair, name: str) -> dict[str, Any]:
    (found,) = fair.city.get("/api/v1/organizations", q=name)["items"]
    return dict(found)


def evaluator(fair: Fair) -> Person:
    party = fair.city.post(
        "/api/v1/parties", {"kind": "evaluator", "name": "江苏明镜评估中心", "area_path": CITY}
    )
    judge = fair.server.account("evaluator", party=party["id"])
    judge.party = party["id"]
    return judge


def evaluated(
    fair: Fair,
    judge: Person,
    contract: dict[str, Any],
    phase: str,
    supplier: Person,
    *,
    share: float = 0.92,
    appeal: str | None = None,
) -> dict[str, Any]:
    """Assign, score on three sides with a share of the points, close; the supplier accepts, or appeals and is heard; confirm."""
    assigned = fair.district.post(
        "/api/v1/evaluations",
        {"contract_id": contract["id"], "phase": phase, "evaluator_id": judge.party},
    )
    address = f"/api/v1/evaluations/{assigned['number']}"
    judge.move(address, "take_on", no_conflict=True)
    criteria = judge.get(address)["scheme"]["criteria"]
    asked = {c["code"]: round(c["weight"] * share, 1) for c in criteria if c["basis"] != "survey"}
    for side, scorer in (("evaluator", judge), ("buyer", fair.street), ("supervisor", fair.district)):
        sheet = {"points": asked, "side": side, "findings": "按计划推进"}
        scorer.ask("PUT", f"{address}/sheets/mine", expect=200, json=sheet)
        assert fair.auditor.get(address)["total"] is None
    fair.district.move(address, "close")
    if appeal is None:
        supplier.move(address, "accept_result")
    else:
        supplier.move(address, "appeal", note=appeal)
        fair.district.move(address, "uphold", note="自己判的不能自己复核", expect=409, total="85")
        fair.city.move(address, "uphold", note="补录属实", total="85")
        fair.told("evaluation", "uphold")
    fair.street.move(address, "confirm")
    fair.told("evaluation", "confirm")
    return dict(fair.district.get(address))


def residents_answer(fair: Fair, contract: dict[str, Any], count: int) -> None:
    """Slips are given out; each works once, without an account."""
    slips = fair.street.post(
        "/api/v1/satisfaction-tokens", {"contract_id": contract["id"], "count": count, "channel": "paper"}
    )
    for token in slips["tokens"]:
        reply = {"token": token, "overall": 5, "scale": 5, "respondent_kind": "beneficiary"}
        fair.server.public.post("/api/v1/satisfaction", reply)
    twice = fair.server.public.post("/api/v1/satisfaction", reply, expect=409)
    assert twice["problems"]
