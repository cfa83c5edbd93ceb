"""Projects that took another way: withdrawn, failed and listed again, suspended, ended early, judged wrongly and heard.

One fair, told over HTTP to a real server, each step by the account whose role it is; the books balance after every branch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.flows import lists
from tests.flows.conftest import Person, Server
from tests.flows.fair import EDITION, Fair, evaluated, evaluator, opened, organization_named, residents_answer

pytestmark = pytest.mark.process

BUDGET, QUOTE = "20000.00", "19000.00"


@dataclass
class Market:
    """The fair with one organization that takes the work."""

    fair: Fair
    supplier: Person
    organization: dict[str, Any]

    def published(self, title: str) -> str:
        """The address of a project that has come to the market."""
        street, district = self.fair.street, self.fair.district
        draft = {
            "edition": EDITION,
            "title": title,
            "description": "摸排辖区独居老人，每周两次助餐并探访，异常情况当日上报社区，按月汇总。",
            "category": "elderly_care",
            "target_groups": ["elderly_living_alone"],
            "district": "玄武区",
            "street": "锁金村街道",
            "community": "银杏里社区",
            "buyer": "南京市玄武区锁金村街道办事处",
            "contact_name": "程岚",
            "contact_phone": "13800000001",
            "budget_yuan": BUDGET,
            "funding_parts": [{"source": "district_fiscal", "amount_yuan": BUDGET}],
            "period_months": 6,
            "beneficiaries_planned": 40,
            "outputs": [{"indicator": "助餐", "target": 400, "unit": "contact"}],
        }
        made = street.post("/api/v1/projects", draft)
        address = f"/api/v1/projects/{made['number']}"
        street.move(address, "submit")
        district.move(address, "start_review")
        district.move(address, "approve", not_duplicate="各项目服务不同楼栋")
        district.move(address, "publish")
        return address

    def interested(self, project: str) -> str:
        intent = self.supplier.post(
            "/api/v1/intents",
            {"project": project.rsplit("/", 1)[-1], "message": "愿意承接", "quoted_yuan": QUOTE},
        )
        address = f"/api/v1/intents/{intent['number']}"
        self.fair.street.move(address, "accept")
        return address

    def noticed(self, project: str) -> str:
        """Both sides have talked and the award is in its public notice."""
        street, intent = self.fair.street, self.interested(project)
        held_at = street.get("/api/v1/tasks")["as_of"]
        talk = street.post(
            f"{intent}/talks",
            {"held_at": held_at, "minutes": "谈妥", "duration_minutes": 20, "offered_yuan": QUOTE, "result": "agreed"},
        )  # fmt: skip
        self.supplier.move(f"/api/v1/talks/{talk['id']}", "confirm")
        street.post(f"{project}/conflict-statements", {"conflict": False})
        award = street.post(
            f"{project}/awards",
            {
                "organization": self.organization["id"],
                "amount_yuan": QUOTE,
                "method": "direct_award",
                "reason": "本地团队，有助餐与探访经验",
            },
        )
        address = f"/api/v1/awards/{award['number']}"
        street.move(address, "publish_notice")
        return address

    def started(self, *projects: str) -> list[str]:
        """The contracts of some projects: awarded in one notice, signed, first tranche paid, work begun."""
        fair = self.fair
        awards = [self.noticed(project) for project in projects]
        fair.days_pass(10)
        contracts = []
        for project, award in zip(projects, awards, strict=True):
            fair.district.post(f"{project}/conflict-statements", {"conflict": False})
            fair.district.move(award, "confirm")
            wanted = {"award_id": fair.street.get(award)["id"], "persons_planned": 40, "also_sign": []}
            contracts.append(f"/api/v1/contracts/{fair.street.post('/api/v1/contracts', wanted)['number']}")
            fair.street.move(contracts[-1], "sign")
            self.supplier.move(contracts[-1], "sign")
            fair.street.post(f"{contracts[-1]}/payments", {"tranche_seq": 1, "voucher": f"PZ-{award[-4:]}"})
        fair.days_pass(31)
        for contract in contracts:
            fair.street.move(contract, "start")
        return contracts

    def state(self, project: str) -> str:
        return str(self.fair.street.get(project)["state"])

    def books_balance(self) -> None:
        assert self.fair.auditor.get("/api/v1/funding/proof")["holds"] is True

    def engaged(self) -> int:
        """How many works take up the supplier's capacity, reserved ones among them."""
        found = self.fair.city.get(f"/api/v1/organizations/{self.organization['number']}")
        return int(found["active_engagements"])


@pytest.fixture
def market(installation: Callable[[], Server]) -> Market:
    fair = opened(installation().start())
    fair.send_list(fair.city, "organizations", lists.organizations(fair.today()))
    able = organization_named(fair, "清和为老")
    return Market(fair, fair.server.account("organization", party=able["id"]), able)


def test_projects_that_took_another_way(market: Market) -> None:
    fair, street, district, supplier = market.fair, market.fair.street, market.fair.district, market.supplier
    before = market.engaged()

    # Withdrawn while its award was in notice: the interest is told, the place and the money are free again.
    given_up = market.published("独居老人助餐探访（东片）")
    award = market.noticed(given_up)
    assert market.engaged() == before + 1
    pointed = district.move(given_up, "withdraw", note="街道改由食堂直供", expect=409)
    assert "/awards" in pointed["problems"][0]["values"]["href"]
    street.move(award, "cancel", note="街道改由食堂直供", to="withdrawn", expect=403)
    district.move(award, "cancel", note="街道改由食堂直供", to="withdrawn")
    assert market.state(given_up) == "withdrawn"
    assert fair.told("award", "cancel")["note"] == "街道改由食堂直供"
    assert street.get(award)["state"] == "cancelled"
    assert market.engaged() == before
    district.move(given_up, "publish", expect=409)
    market.books_balance()

    # Nobody agreed: unsuccessful with a reason, listed again as a second round after something was changed.
    retried = market.published("独居老人助餐探访（西片）")
    market.interested(retried)
    refused = street.move(retried, "declare_unsuccessful", note="无人应允", expect=422)
    assert refused["problems"]
    street.move(retried, "declare_unsuccessful", note="报价高于预算", reason="money")
    assert market.state(retried) == "unsuccessful"
    assert fair.told("intent", "lose")
    district.move(retried, "relist", note="已核减服务频次，重新征集")
    again = street.get(retried)
    assert (again["state"], again["round"]) == ("published", 2)
    market.interested(retried)
    assert market.state(retried) == "negotiating"

    # Three that were signed and begun.
    paused, ended, judged = (market.published(f"独居老人助餐探访（{part}片）") for part in ("南", "北", "中"))
    on_hold, broken_off, heard = market.started(paused, ended, judged)
    assert {market.state(project) for project in (paused, ended, judged)} == {"in_delivery"}

    # Suspended: nothing is paid until it goes on.
    district.move(on_hold, "suspend", note="接到居民投诉，核实期间暂停")
    assert market.state(paused) == "suspended"
    stopped = street.post(f"{on_hold}/payments", {"tranche_seq": 2, "voucher": "PZ-9"}, expect=409)
    assert stopped["problems"]
    district.move(on_hold, "resume", note="投诉不属实")
    assert market.state(paused) == "in_delivery"

    # Ended early: settled by the value of what was accepted, the rest of the money comes back and is free.
    street.move(broken_off, "terminate", note="机构人员流失", expect=409)
    paid = fair.figure("paid")
    street.move(broken_off, "terminate", note="机构人员流失", settlement_yuan="4000.00", voucher="TK-1")
    assert market.state(ended) == "terminated"
    contract = street.get(broken_off)
    assert (contract["settled_yuan"], contract["refunded_yuan"]) == ("4000.00", "5500.00")
    assert float(paid or 0) - float(fair.figure("paid") or 0) == 5500
    supplier.move(broken_off, "sign", expect=409)
    market.books_balance()

    # Judged low, appealed, and heard by somebody who did not judge: the corrected result is the one that counts.
    judge = evaluator(fair)
    contract = street.get(heard)
    served = {
        "method": "group",
        "served_on": fair.today().isoformat(),
        "hours": "2.0",
        "persons": 40,
        "contacts": 80,
    }
    supplier.post(f"{heard}/services", [served | {"place": "银杏里社区"}])
    for milestone in street.get(f"{heard}/milestones"):
        step = f"{heard}/milestones/{milestone['seq']}"
        supplier.post(f"{step}/report", {"evidence": ["签到表"]}, expect=200)
        street.post(f"{step}/judgement", {"status": "met"}, expect=200)
    evaluated(fair, judge, contract, "midterm", supplier)
    street.post(f"{heard}/payments", {"tranche_seq": 2, "voucher": "PZ-10"})
    fair.days_pass(150)
    supplier.move(heard, "close_out")
    residents_answer(fair, contract, count=12)
    result = evaluated(fair, judge, contract, "final", supplier, share=0.4, appeal="漏计十六次上门服务")
    assert (result["grade"], market.state(judged)) == ("good", "accepted")
    market.books_balance()
