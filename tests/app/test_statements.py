"""What every move over HTTP costs in statements: the literal counts, one small story for each thing with states.

BEGIN and COMMIT aside; the sandbox clock, which only a sandbox asks, is counted with them. A simple move takes 12 at most; a move
that binds several things at once (an award, a signature, a verdict) 25.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import clock, sandbox
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories import evaluations as judge
from tests.factories import negotiations as table
from tests.factories.editions import make_edition
from tests.factories.funding import make_line, make_source, source_draft
from tests.factories.needs import make_need
from tests.factories.organizations import make_organization
from tests.factories.projects import make_project
from tests.factories.statements import counting

Http = Callable[..., Awaitable[httpx.AsyncClient]]
SIMPLE, MOST = 12, 25
BINDING = frozenset(
    {"propose", "confirm award", "renounce", "draw up", "sign", "conclude", "terminate", "assign final",
     "confirm final"}
)  # fmt: skip
"""Acts that judge the gates or bind several things at once: project, award, contract, engagement, money."""
NOTE = "已说明理由"


class Costs:
    """Requests that must succeed, and how many statements each kind of them took."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        self.texts: dict[str, list[str]] = {}

    async def post(
        self, client: httpx.AsyncClient, what: str, path: str, body: Any, method: str = "POST"
    ) -> Any:
        with counting() as sent:
            answer = await client.request(method, f"/api/v1/{path}", json=body)
        assert answer.is_success, f"{what}: {answer.text}"
        self.of[what], self.texts[what] = len(sent), sent.texts
        return answer.json() if answer.content else None

    async def move(
        self, client: httpx.AsyncClient, path: str, event: str, what: str = "", **data: Any
    ) -> Any:
        body = {"event": event, "note": NOTE, "data": data}
        return await self.post(client, what or event, f"{path}/transitions", body)

    def told(self) -> dict[str, int]:
        """What was counted, in the order of the first of each kind, within what the house allows."""
        dear = {what: sent for what, sent in self.of.items() if sent > SIMPLE}
        assert dear.keys() <= BINDING, {what: self.texts[what] for what in dear.keys() - BINDING}
        assert all(sent <= MOST for sent in dear.values())
        return self.of


async def days_pass(session: AsyncSession, days: int = 20) -> None:
    """What the factories did with the test's own clock is so for the requests too."""
    await sandbox.advance(session, timedelta(days=days))
    await session.commit()


async def test_projects(session: AsyncSession, http: Http) -> None:
    await make_edition(session)
    source = await make_source(session, source_draft(900_000, "street_fiscal", area_path=actors.SUOJINCUN))
    await make_line(session, 800_000, source=source)
    street = await http(Role.STREET, area=actors.SUOJINCUN)
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    costs = Costs()

    async def under_review(**changes: Any) -> str:
        made = await make_project(session, **changes)
        path = f"projects/{made.number}"
        await costs.move(street, path, "submit")
        await costs.move(district, path, "start_review")
        return path

    path = await under_review()
    await costs.move(district, path, "return")
    await costs.move(street, path, "submit", "submit again")
    await costs.move(district, path, "start_review")
    await costs.move(district, path, "reject")
    path = await under_review()
    await costs.move(district, path, "approve", not_duplicate="不同网格")
    await costs.move(district, path, "return", "return admitted")
    path = await under_review()
    await costs.move(district, path, "approve", not_duplicate="不同网格")
    await costs.move(district, path, "publish")
    await costs.move(street, path, "declare_unsuccessful", reason="no_interest")
    await costs.move(district, path, "relist")
    await costs.move(district, path, "withdraw", "withdraw published")
    made = await make_project(session)
    await costs.move(street, f"projects/{made.number}", "withdraw", "withdraw draft")
    path = await under_review()
    await costs.move(district, path, "approve", not_duplicate="不同网格")
    await costs.move(district, path, "withdraw", "withdraw admitted")
    assert costs.told() == PROJECTS


async def test_needs_and_organizations(session: AsyncSession, http: Http) -> None:
    await make_edition(session)
    street = await http(Role.STREET, area=actors.SUOJINCUN)
    city = await http(Role.CITY_BUREAU, area=actors.CITY)
    costs = Costs()
    first, second, third = [await make_need(session, f"需求{n}") for n in range(3)]
    await costs.move(street, f"needs/{first.number}", "merge", into=str(second.id))
    await costs.move(street, f"needs/{second.number}", "answer")
    await costs.move(street, f"needs/{third.number}", "reject", "reject need")
    made = await make_organization(session)
    path = f"organizations/{made.number}"
    await costs.move(city, path, "revoke")
    await costs.move(city, path, "restore")
    await costs.move(city, path, "cancel", "cancel organization")
    assert costs.told() == NEEDS


async def test_the_table(session: AsyncSession, http: Http) -> None:
    pair = await table.make_pair(session)
    rival = await table.join(session, pair.project)
    other = await table.join(session, pair.project)
    await session.commit()
    street = await http(Role.STREET, area=pair.project.area_path)
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    supplier = await http(Role.ORGANIZATION, party=pair.organization.id)
    competitor = await http(Role.ORGANIZATION, party=rival.organization.id)
    third = await http(Role.ORGANIZATION, party=other.organization.id)
    costs = Costs()
    wish = {"project": pair.project.number, "message": "愿意承接", "quoted_yuan": "20000.00"}
    mine = await costs.post(supplier, "express", "intents", wish)
    path = f"intents/{mine['number']}"
    theirs = await costs.post(competitor, "express another", "intents", wish)
    await costs.move(competitor, f"intents/{theirs['number']}", "withdraw")
    theirs = await costs.post(competitor, "express another", "intents", wish)
    await costs.move(street, f"intents/{theirs['number']}", "decline")
    await costs.post(third, "express another", "intents", wish)
    await costs.move(street, path, "accept")
    meets = clock.local(clock.now() + timedelta(days=1)).isoformat()
    await costs.move(street, path, "schedule", meets_at=meets)
    held = clock.local(clock.now()).isoformat()
    minutes = {"held_at": held, "minutes": "达成一致", "result": "agreed", "offered_yuan": "20000.00"}
    talk = await costs.post(street, "record talk", f"{path}/talks", minutes)
    spoken = f"talks/{talk['id']}"
    await costs.move(supplier, spoken, "dispute")
    sheet = await street.get(f"/api/v1/{path}/talks")
    amended = await street.patch(f"/api/v1/{spoken}", json=minutes, headers={"If-Match": "*"})
    assert amended.is_success, (sheet.text, amended.text)
    await costs.move(supplier, spoken, "confirm")
    await costs.move(street, path, "shortlist")
    project = f"projects/{pair.project.number}"
    for client in (street, district):
        await costs.post(client, "sign statement", f"{project}/conflict-statements", {"conflict": False})
    wanted = {
        "organization": str(pair.organization.id),
        "amount_yuan": "20000.00",
        "method": "request_for_quotation",
    }
    award = await costs.post(street, "propose", f"{project}/awards", wanted)
    await costs.move(street, f"awards/{award['number']}", "cancel", "cancel proposed award")
    award = await costs.post(street, "propose", f"{project}/awards", wanted)
    path = f"awards/{award['number']}"
    await costs.move(street, path, "publish_notice")
    await days_pass(session)
    await costs.move(district, path, "confirm", "confirm award")
    await costs.move(supplier, path, "renounce")
    assert costs.told() == TABLE


async def test_contracts(session: AsyncSession, http: Http) -> None:
    pair, award = await make.make_awarded(session)
    await days_pass(session)
    area = pair.project.area_path
    street = await http(Role.STREET, area=area)
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    supplier = await http(Role.ORGANIZATION, party=pair.organization.id)
    costs = Costs()
    paper = {
        "award_id": str(award.id),
        "persons_planned": 4,
        "milestones": [
            {"title": "完成前两次课堂", "due_on": (clock.today() + timedelta(days=60)).isoformat()}
        ],
    }
    drawn = await costs.post(street, "draw up", "contracts", paper)
    await costs.move(street, f"contracts/{drawn['number']}", "discard")
    drawn = await costs.post(street, "draw up", "contracts", paper)
    path = f"contracts/{drawn['number']}"
    await costs.move(supplier, path, "sign")
    await costs.move(supplier, path, "reopen")
    await costs.move(supplier, path, "sign")
    await costs.move(street, path, "sign", "conclude")
    await costs.move(district, path, "suspend", "suspend signed")
    await costs.move(district, path, "resume_before_start")
    await costs.post(street, "pay", f"{path}/payments", {"tranche_seq": 1, "voucher": "ZF-1"})
    await costs.move(street, path, "start")
    await costs.move(district, path, "suspend")
    await costs.move(district, path, "resume")
    entry = {
        "method": "group",
        "served_on": clock.local(clock.now()).date().isoformat(),
        "hours": "2.0",
        "persons": 4,
        "contacts": 9,
        "place": "社区",
    }
    logged = await costs.post(supplier, "log services", f"{path}/services", [entry])
    await costs.post(street, "confirm service", f"{path}/services/{logged[0]['id']}/confirmation", None)
    await costs.post(supplier, "report milestone", f"{path}/milestones/1/report", {"evidence": ["签到表"]})
    await costs.post(street, "judge milestone", f"{path}/milestones/1/judgement", {"status": "met"})
    change = {"reason": "延长一个月", "scope": "每月四次照护课堂，配套上门指导，覆盖五十户照护者家庭。"}
    for seq, (event, who) in enumerate((("withdraw", supplier), ("refuse", street), ("agree", street)), 1):
        await costs.post(supplier, "propose amendment", f"{path}/amendments", change)
        await costs.move(who, f"{path}/amendments/{seq}", event, f"{event} amendment")
    await costs.move(street, path, "terminate", settlement_yuan="12000.00", voucher="ZF-9")
    assert costs.told() == CONTRACTS


async def test_evaluations(session: AsyncSession, http: Http) -> None:
    deal = await make.make_in_delivery(session)
    await make.deliver(session, deal)
    party = await judge.make_evaluator(session)
    await days_pass(session)
    street = await http(Role.STREET, area=deal.pair.project.area_path)
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    city = await http(Role.CITY_BUREAU, area=actors.CITY)
    supplier = await http(Role.ORGANIZATION, party=deal.pair.organization.id)
    evaluator = await http(Role.EVALUATOR, party=party.id)
    public = await http()
    costs = Costs()

    async def assigned(phase: str) -> str:
        wanted = {"contract_id": str(deal.contract.id), "phase": phase, "evaluator_id": str(party.id)}
        return f"evaluations/{(await costs.post(street, f'assign {phase}', 'evaluations', wanted))['number']}"

    await costs.move(evaluator, await assigned("midterm"), "decline", "decline evaluation")
    await costs.move(street, await assigned("midterm"), "cancel", "cancel evaluation")
    path = await assigned("midterm")
    await costs.move(evaluator, path, "take_on", no_conflict=True)
    for client in (evaluator, street, district):
        await costs.post(client, "score", f"{path}/sheets/mine", {"points": judge.MIDTERM_POINTS}, "PUT")
    await costs.move(evaluator, path, "close", "close midterm")
    await costs.move(supplier, path, "appeal")
    await costs.move(city, path, "dismiss")
    await costs.move(supplier, path, "accept_result")
    await costs.move(street, path, "confirm", "confirm midterm")
    await costs.post(
        street, "pay", f"contracts/{deal.contract.number}/payments", {"tranche_seq": 2, "voucher": "ZF-2"}
    )
    await costs.move(supplier, f"contracts/{deal.contract.number}", "close_out")
    asked = {"contract_id": str(deal.contract.id), "count": 12, "channel": "paper"}
    slips = await costs.post(street, "issue tokens", "satisfaction-tokens", asked)
    for token in slips["tokens"]:
        await costs.post(public, "reply", "satisfaction", {"token": token, "overall": 5})
    path = await assigned("final")
    await costs.move(evaluator, path, "take_on", no_conflict=True)
    for client in (evaluator, street, district):
        await costs.post(client, "score", f"{path}/sheets/mine", {"points": judge.FINAL_POINTS}, "PUT")
    await costs.move(evaluator, path, "close", "close final")
    await costs.move(supplier, path, "appeal")
    await costs.move(city, path, "uphold", total="92.00")
    await costs.move(supplier, path, "accept_result")
    await costs.move(street, path, "confirm", "confirm final")
    await costs.post(
        street, "pay", f"contracts/{deal.contract.number}/payments", {"tranche_seq": 3, "voucher": "ZF-3"}
    )
    await costs.move(street, f"contracts/{deal.contract.number}", "settle")
    await costs.move(district, f"contracts/{deal.contract.number}", "close")
    assert costs.told() == EVALUATIONS


async def test_complaints(session: AsyncSession, http: Http) -> None:
    deal = await make.make_in_delivery(session)
    pair = await table.make_pair(session)
    rival = await table.join(session, pair.project)
    await table.expressed(session, rival)
    clock.settle(timedelta(days=20))
    award = await table.noticed(session, pair)
    await days_pass(session)
    competitor = await http(Role.ORGANIZATION, party=rival.organization.id)
    street = await http(Role.STREET, area=deal.pair.project.area_path)
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    city = await http(Role.CITY_BUREAU, area=actors.CITY)
    costs = Costs()
    facts = {"facts": "五月以来每周的照护课堂只开了两次，签到表却写了四次。", "target": "supplier"}

    async def filed(client: httpx.AsyncClient, kind: str, subject: str, subject_id: Any, **more: Any) -> str:
        draft = facts | {"kind": kind, "subject_kind": subject, "subject_id": str(subject_id)} | more
        answer = await costs.post(client, f"file {kind}", "complaints", draft)
        return f"complaints/{answer['complaint']['number']}"

    path = await filed(competitor, "challenge", "award", award.id, target="buyer")
    await costs.move(district, path, "accept", "accept complaint")
    await costs.move(district, path, "decide", "decide challenge", outcome="dismissed")
    await costs.move(competitor, path, "appeal", "appeal challenge")
    await costs.move(city, path, "decide_appeal", outcome="dismissed")
    path = await filed(competitor, "challenge", "award", award.id, target="buyer")
    await costs.move(competitor, path, "withdraw", "withdraw challenge")
    path = await filed(competitor, "challenge", "award", award.id, target="buyer")
    await costs.move(district, path, "refuse", "refuse challenge")
    path = await filed(street, "complaint", "contract", deal.contract.id)
    await costs.move(district, path, "accept", "accept complaint")
    await costs.move(district, path, "decide", "decide complaint", outcome="upheld")
    path = await filed(street, "mediation", "contract", deal.contract.id)
    await costs.move(district, path, "accept", "accept complaint")
    await costs.move(district, path, "mediate")
    await costs.move(district, path, "give_up")
    await costs.move(district, path, "mediate")
    meeting = {
        "held_at": clock.local(clock.now()).isoformat(),
        "place": "街道会议室",
        "attendees": ["街道", "机构"],
        "minutes": "双方同意补课。",
    }
    await costs.post(district, "record meeting", f"{path}/meetings", meeting)
    await costs.move(district, path, "agree", agreement="下月底前补齐两次课堂。")
    assert costs.told() == COMPLAINTS


async def test_fairs(session: AsyncSession, http: Http) -> None:
    await make_edition(session, fair_opens_on=clock.today(), fair_closes_on=clock.today() + timedelta(days=1))
    await session.commit()
    city = await http(Role.CITY_BUREAU, area=actors.CITY)
    costs = Costs()
    planned = {
        "edition": "2026",
        "name": "社洽会",
        "venue": "南京国际展览中心",
        "opens_on": clock.today().isoformat(),
        "closes_on": (clock.today() + timedelta(days=1)).isoformat(),
    }
    first = await costs.post(city, "plan fair", "fairs", planned)
    await costs.move(city, f"fairs/{first['number']}", "cancel", "cancel fair")
    second = await costs.post(city, "plan fair", "fairs", planned)
    await costs.move(city, f"fairs/{second['number']}", "open")
    await costs.move(city, f"fairs/{second['number']}", "close", "close fair")
    assert costs.told() == FAIRS


PROJECTS = {
    "submit": 5,
    "start_review": 5,
    "return": 5,
    "submit again": 5,
    "reject": 5,
    "approve": 12,
    "return admitted": 8,
    "publish": 8,
    "declare_unsuccessful": 6,
    "relist": 7,
    "withdraw published": 10,
    "withdraw draft": 5,
    "withdraw admitted": 8,
}


NEEDS = {
    "merge": 9,
    "answer": 7,
    "reject need": 7,
    "revoke": 10,
    "restore": 10,
    "cancel organization": 10,
}


TABLE = {
    "express": 11,
    "express another": 10,
    "withdraw": 7,
    "decline": 7,
    "accept": 8,
    "schedule": 8,
    "record talk": 5,
    "dispute": 7,
    "confirm": 8,
    "shortlist": 8,
    "sign statement": 4,
    "propose": 20,
    "cancel proposed award": 10,
    "publish_notice": 7,
    "confirm award": 18,
    "renounce": 15,
}


CONTRACTS = {
    "draw up": 14,
    "discard": 7,
    "sign": 14,
    "reopen": 8,
    "conclude": 20,
    "suspend signed": 8,
    "resume_before_start": 8,
    "pay": 10,
    "start": 9,
    "suspend": 8,
    "resume": 8,
    "log services": 5,
    "confirm service": 6,
    "report milestone": 5,
    "judge milestone": 5,
    "propose amendment": 6,
    "withdraw amendment": 6,
    "refuse amendment": 6,
    "agree amendment": 8,
    "terminate": 20,
}


EVALUATIONS = {
    "assign midterm": 12,
    "decline evaluation": 7,
    "cancel evaluation": 7,
    "take_on": 12,
    "score": 6,
    "close midterm": 12,
    "appeal": 10,
    "dismiss": 11,
    "accept_result": 7,
    "confirm midterm": 11,
    "pay": 10,
    "close_out": 11,
    "issue tokens": 4,
    "reply": 3,
    "assign final": 14,
    "close final": 12,
    "uphold": 12,
    "confirm final": 16,
    "settle": 12,
    "close": 8,
}


COMPLAINTS = {
    "file challenge": 12,
    "accept complaint": 5,
    "decide challenge": 10,
    "appeal challenge": 10,
    "decide_appeal": 8,
    "withdraw challenge": 8,
    "refuse challenge": 8,
    "file complaint": 6,
    "decide complaint": 7,
    "file mediation": 6,
    "mediate": 5,
    "give_up": 5,
    "record meeting": 4,
    "agree": 7,
}


FAIRS = {
    "plan fair": 6,
    "cancel fair": 6,
    "open": 6,
    "close fair": 6,
}
