"""How fast projects live: `scripts/bench lifecycle [--stories N] [--at-once C]`, every move of a story over HTTP.

The application in this process (ASGI, no socket) on a PostgreSQL server of its own, fsync on. A story is one project from the draft
to the archive, each request by the account whose role it is: admission, interest, talk, award, contract, payments, both
evaluations, settlement. The notice of all awards passes at once, by the sandbox clock, and is not counted.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from app.editions import service as editions
from app.editions.schemas import EditionDraft
from app.funding import service as funding
from app.funding.schemas import LineDraft, SourceDraft
from app.identity import service as identity
from app.identity.models import Account, RoleGrant
from app.identity.roles import Role
from app.installation.seed import seed
from app.kernel import clock, migrations, sandbox
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.embedded import EmbeddedPostgres
from app.kernel.money import FEN
from app.logs import configure
from app.main import create_app
from app.organizations import service as organizations
from app.organizations.schemas import OrganizationDraft
from app.parties import service as parties
from app.parties.models import PartyKind
from app.parties.schemas import PartyDraft
from app.settings import Settings

CLERK = machine("bench")
CITY, DISTRICT, STREET = "3201", "3201/320102", "3201/320102/320102007"
ORGANIZATIONS = 10
POINTS = {
    "midterm": {"progress": "36", "management": "22", "finance": "18", "satisfaction": "13"},
    "final": {"completion": "22", "outcome": "18", "management": "14", "finance": "14"},
}


class People:
    """Signed-in clients by role, and how long each kind of request took (seconds)."""

    def __init__(self, application: Any, tokens: dict[str, str]) -> None:
        transport = httpx.ASGITransport(application)
        self.clients = {
            name: httpx.AsyncClient(
                transport=transport,
                base_url="http://bench",
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
            for name, token in tokens.items()
        }
        self.took: dict[str, list[float]] = defaultdict(list)

    async def post(self, who: str, what: str, path: str, body: Any, method: str = "POST") -> Any:
        begun = time.perf_counter()
        answer = await self.clients[who].request(method, f"/api/v1/{path}", json=body)
        self.took[what].append(time.perf_counter() - begun)
        assert answer.is_success, f"{who} {what}: {answer.text}"
        return answer.json() if answer.content else None

    async def move(self, who: str, path: str, event: str, note: str | None = None, **data: Any) -> None:
        kind = path.split("/")[0].removesuffix("s")
        body = {"event": event, "note": note, "data": data}
        await self.post(who, f"{kind} {event}", f"{path}/transitions", body)


async def to_the_notice(people: People, number: int, taker: str, organization: str) -> tuple[str, str]:
    """From the draft to the notice of the award; the award's id and number."""
    draft = {
        "title": f"照护者支持项目第{number}号",
        "description": f"为第{number}网格的失能老人家庭开办照护课堂，每月四次，配套上门指导。",
        "category": "elderly_care",
        "target_groups": ["disabled_elderly"],
        "district": "玄武区",
        "street": "锁金村街道",
        "buyer": "南京市玄武区锁金村街道办事处",
        "budget_yuan": "30000.00",
        "funding_parts": [{"source": "city_fiscal", "amount_yuan": "30000.00"}],
        "period_months": 10,
        "contact_name": "顾宁",
        "contact_phone": "13800000002",
        "outputs": [{"indicator": "照护课堂", "target": 4, "unit": "event"}],
    }
    project = (await people.post("street", "project create", "projects", draft))["number"]
    await people.move("street", f"projects/{project}", "submit")
    await people.move("district", f"projects/{project}", "start_review")
    await people.move("district", f"projects/{project}", "approve", not_duplicate="不同网格")
    await people.move("district", f"projects/{project}", "publish")
    wish = {"project": project, "message": "愿意承接", "quoted_yuan": "20000.00"}
    intent = f"intents/{(await people.post(taker, 'intent express', 'intents', wish))['number']}"
    await people.move("street", intent, "accept")
    held = clock.local(clock.now() - timedelta(minutes=5)).isoformat()
    talk = {"held_at": held, "minutes": "谈妥", "result": "agreed", "offered_yuan": "20000.00"}
    recorded = await people.post("street", "talk record", f"{intent}/talks", talk)
    await people.move(taker, f"talks/{recorded['id']}", "confirm")
    await people.move("street", intent, "shortlist")
    for who in ("street", "district"):
        path = f"projects/{project}/conflict-statements"
        await people.post(who, "statement sign", path, {"conflict": False})
    wanted = {"organization": organization, "amount_yuan": "20000.00", "method": "request_for_quotation"}
    award = await people.post("street", "award propose", f"projects/{project}/awards", wanted)
    await people.move("street", f"awards/{award['number']}", "publish_notice")
    return award["id"], award["number"]


async def to_the_archive(people: People, taker: str, evaluator: str, award: tuple[str, str]) -> None:
    """From the confirmation of the award to the archive."""
    await people.move("district", f"awards/{award[1]}", "confirm")
    paper = {"award_id": award[0], "persons_planned": 4}
    drawn = await people.post("street", "contract draw up", "contracts", paper)
    contract = f"contracts/{drawn['number']}"
    await people.move(taker, contract, "sign")
    await people.move("street", contract, "sign")
    await pay(people, contract, 1)
    await people.move("street", contract, "start")
    await judge(people, taker, evaluator, drawn["id"], "midterm")
    await pay(people, contract, 2)
    day = clock.local(clock.now()).date().isoformat()
    entry = {
        "method": "group",
        "served_on": day,
        "hours": "2.0",
        "persons": 4,
        "contacts": 9,
        "place": "社区",
    }
    await people.post(taker, "services log", f"{contract}/services", [entry])
    await people.move(taker, contract, "close_out")
    asked = {"contract_id": drawn["id"], "count": 2, "channel": "paper"}
    slips = await people.post("street", "tokens issue", "satisfaction-tokens", asked)
    for token in slips["tokens"]:
        await people.post("public", "resident reply", "satisfaction", {"token": token, "overall": 5})
    await judge(people, taker, evaluator, drawn["id"], "final")
    await pay(people, contract, 3)
    await people.move("street", contract, "settle")
    await people.move("district", contract, "close")


async def pay(people: People, contract: str, seq: int) -> None:
    body = {"tranche_seq": seq, "voucher": f"ZF-{seq}"}
    await people.post("street", "tranche pay", f"{contract}/payments", body)


async def judge(people: People, taker: str, evaluator: str, contract_id: str, phase: str) -> None:
    wanted = {"contract_id": contract_id, "phase": phase, "evaluator_id": evaluator}
    assigned = await people.post("district", "evaluation assign", "evaluations", wanted)
    path = f"evaluations/{assigned['number']}"
    await people.move("evaluator", path, "take_on", no_conflict=True)
    for who in ("evaluator", "street", "district"):
        sheet = {"points": POINTS[phase]}
        await people.post(who, "evaluation score", f"{path}/sheets/mine", sheet, "PUT")
    await people.move("evaluator", path, "close")
    await people.move(taker, path, "accept_result")
    await people.move("street", path, "confirm")


async def settle_in(database: Database, stories: int) -> tuple[dict[str, str], list[str], str]:
    """The ground the stories stand on; tokens by name, the organizations, the evaluator."""
    today = clock.today()
    async with database.writing() as session:
        await seed(session)
        facts: dict[str, Any] = {"code": "2026", "name": "2026 年社洽会", "ordinal": 13}
        days = {"call_opens_on": today, "fair_opens_on": today, "call_closes_on": today + timedelta(days=30)}
        days["fair_closes_on"] = today + timedelta(days=30)
        rules = {"settings": {"intents_pending_max": 100}}
        await editions.create(session, CLERK, EditionDraft.model_validate(facts | days | rules))
        money = {"area_path": CITY, "amount_fen": stories * 3_000_000}
        year = {"year": today.year, "source": "city_fiscal", "name": "市级资金"}
        source = SourceDraft.model_validate(money | year, by_name=True, by_alias=False, context=FEN)
        opened = await funding.open_source(session, CLERK, source)
        cut = {"source_id": opened.id, "edition_code": "2026", "name": "社洽会专项"}
        line = LineDraft.model_validate(money | cut, by_name=True, by_alias=False, context=FEN)
        await funding.open_line(session, CLERK, line)
        takers = await organizations.create_many(session, CLERK, [taker(n) for n in range(ORGANIZATIONS)])
        party = PartyDraft(kind=PartyKind.EVALUATOR, name="南京澄明社会服务评估中心", area_path=CITY)
        [evaluator] = await parties.ensure_many(session, CLERK, [party])
        roles: dict[str, tuple[Role, str | UUID]] = {
            "street": (Role.STREET, STREET),
            "district": (Role.DISTRICT_BUREAU, DISTRICT),
            "evaluator": (Role.EVALUATOR, evaluator.id),
        }
        roles |= {f"taker{n}": (Role.ORGANIZATION, one.id) for n, one in enumerate(takers)}
        tokens = {"public": ""}
        for name, (role, bound) in roles.items():
            account = Account(name=name, label=name)
            session.add(account)
            await session.flush()
            area, speaks = (None, bound) if isinstance(bound, UUID) else (bound, None)
            session.add(RoleGrant(account_id=account.id, role=role, area_path=area, party_id=speaks))
            tokens[name], _ = await identity.issue_token(session, account.id, "bench", days=60)
    return tokens, [str(one.id) for one in takers], str(evaluator.id)


def taker(number: int) -> OrganizationDraft:
    facts: dict[str, Any] = {"name": f"南京市玄武区暮云{number}号养老服务中心", "capacity_max": 10_000}
    facts |= {"registration_type": "social_service_agency", "categories": ["elderly_care"]}
    return OrganizationDraft.model_validate(facts | {"service_areas": ["玄武区"], "district": "玄武区"})


async def run(stories: int, at_once: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="sheqia-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as server,
    ):
        database = Database.connect(server.url(), pool_size=at_once + 2)
        await migrations.upgrade(database.engine)
        tokens, takers, evaluator = await settle_in(database, stories + at_once)
        settings = Settings(
            data=Path(folder),
            sandbox=True,
            given_secret="only for the bench",
            rate_limit_per_minute=10**9,
            log_level="error",
        )
        configure(settings)
        people = People(create_app(settings, database), tokens)
        free = asyncio.Semaphore(at_once)

        async def begin(number: int) -> tuple[str, str]:
            async with free:
                place = number % ORGANIZATIONS
                return await to_the_notice(people, number, f"taker{place}", takers[place])

        async def end(number: int, award: tuple[str, str]) -> None:
            async with free:
                await to_the_archive(people, f"taker{number % ORGANIZATIONS}", evaluator, award)

        begun = time.perf_counter()
        awards = await asyncio.gather(*(begin(number) for number in range(stories)))
        seconds = time.perf_counter() - begun
        async with database.writing() as session:
            await sandbox.advance(session, timedelta(days=20))
        begun = time.perf_counter()
        await asyncio.gather(*(end(number, award) for number, award in enumerate(awards)))
        seconds += time.perf_counter() - begun
        report(people, stories, at_once, seconds)
        await database.close()


def report(people: People, stories: int, at_once: int, seconds: float) -> None:
    moves = sum(map(len, people.took.values()))
    say("| What | Figure |\n| --- | --- |")
    say(f"| {stories} stories, {at_once} at once | {seconds:.1f} s, {stories / seconds:.2f} stories/s |")
    say(f"| requests | {moves:,} ({moves // stories} a story), {moves / seconds:,.0f} a second |")
    say("\n| Move | median ms | p99 ms |\n| --- | --- | --- |")
    for what, took in sorted(people.took.items(), key=lambda item: -ranked(item[1], 0.99)):
        say(f"| {what} | {ranked(took, 0.5):.0f} | {ranked(took, 0.99):.0f} |")


def ranked(took: list[float], share: float) -> float:
    """The value (ms) that this share of the requests did not exceed."""
    return sorted(took)[min(len(took) - 1, int(len(took) * share))] * 1000


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(argv: list[str] | None = None) -> int:
    asked = argparse.ArgumentParser(prog="scripts/bench lifecycle", description=__doc__)
    asked.add_argument("--stories", type=int, default=100)
    asked.add_argument("--at-once", type=int, default=4)
    given = asked.parse_args(argv)
    asyncio.run(run(given.stories, given.at_once))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
