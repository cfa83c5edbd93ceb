"""One project all the way: from a bureau's workbook to the residents' verdict, each step by the account whose role it is."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.flows import lists
from tests.flows.conftest import Server
from tests.flows.fair import EDITION, Fair, evaluated, evaluator, opened, organization_named, residents_answer

pytestmark = pytest.mark.process


@pytest.fixture
def fair(installation: Callable[[], Server]) -> Fair:
    return opened(installation().start())


def test_a_project_from_the_workbook_to_the_residents_verdict(fair: Fair) -> None:
    today = fair.today()

    # The lists come in: every row is shown before anything is written, and what is wrong is not guessed.
    fair.send_list(fair.city, "organizations", lists.organizations(today))
    imported = fair.send_list(fair.district, "projects", lists.projects(today))
    statuses = [row["status"] for row in imported["rows"]]
    assert statuses.count("rejected") == 1
    (rejected,) = [row for row in imported["rows"] if row["status"] == "rejected"]
    assert "budget_fen" in [problem["field"] for problem in rejected["problems"]]
    fair.told("project", "entered")
    assert fair.figure("projects") == "1"

    # The street completes and submits; the city's bureau admits, because the district drafted it; the city publishes.
    (listed,) = fair.street.get("/api/v1/projects", edition=EDITION)["items"]
    project = f"/api/v1/projects/{listed['number']}"
    assert (listed["state"], listed["budget_yuan"]) == ("draft", "60000.00")
    fair.server.public.get(project, expect=404)
    fair.street.move(project, "submit")
    fair.district.move(project, "start_review")
    refused = fair.district.move(project, "approve", expect=409)
    assert "reviewer_is_submitter" in [problem["code"] for problem in refused["problems"]]
    fair.city.move(project, "approve")
    fair.told("project", "approve")
    fair.city.move(project, "publish")
    assert fair.told("project", "publish")["to_state"] == "published"
    assert (fair.figure("published"), fair.figure("offered")) == ("1", "60000.00")
    assert fair.server.public.get(project)["state"] == "published"

    # Ranked organizations with reasons; who is on the abnormal list is not ranked, and it is said why.
    run = fair.city.post(f"/api/v1/editions/{EDITION}/match-runs", {}, expect=202)
    fair.city.await_job(run["job"])
    ranked = fair.street.get(f"{project}/matches")["items"]
    able, rival = organization_named(fair, "清和为老"), organization_named(fair, "知遇社会工作")
    barred = organization_named(fair, "旧约公益")
    assert ranked[0]["organization_id"] == able["id"]
    assert barred["id"] not in [item["organization_id"] for item in ranked]
    assert ranked[0]["reasons_zh"], "a score without reasons is no recommendation"
    excluded = fair.district.get(f"{project}/excluded-organizations")
    assert any(item["organization_id"] == barred["id"] and "H_CREDIT" in item["codes"] for item in excluded)

    # Interest, a talk that both sides confirm, an award in public notice. No rival sees the quote.
    supplier = fair.server.account("organization", party=able["id"])
    other = fair.server.account("organization", party=rival["id"])
    outsider = fair.server.account("organization", party=barred["id"])
    turned_away = outsider.post(
        "/api/v1/intents", {"project": listed["number"], "message": "我们想承接"}, expect=409
    )
    assert "H_CREDIT" in [problem["code"] for problem in turned_away["problems"]]
    intent = supplier.post(
        "/api/v1/intents", {"project": listed["number"], "message": "愿意承接", "quoted_yuan": "58000"}
    )
    assert fair.told("project", "open_talks")["to_state"] == "negotiating"
    address = f"/api/v1/intents/{intent['number']}"
    other.get(address, expect=404)
    fair.street.move(address, "accept")
    held_at = fair.city.get("/api/v1/tasks")["as_of"]
    talk = fair.street.post(
        f"{address}/talks",
        {"held_at": held_at, "minutes": "谈妥服务内容与人员配备", "duration_minutes": 30, "offered_yuan": "58000",
         "result": "agreed"},
    )  # fmt: skip
    supplier.move(f"/api/v1/talks/{talk['id']}", "confirm")
    fair.told("talk", "confirm")
    assert (fair.figure("matchmaking_rate"), fair.figure("negotiated")) == ("100.0", "58000.00")
    fair.street.post(f"{project}/conflict-statements", {"conflict": False})
    award = fair.street.post(
        f"{project}/awards",
        {
            "organization": able["id"],
            "amount_yuan": "58000",
            "method": "direct_award",
            "reason": "本地团队，有失智照护课程",
        },
    )
    award_address = f"/api/v1/awards/{award['number']}"
    fair.street.move(award_address, "publish_notice")
    fair.told("award", "publish_notice")
    early = fair.district.move(award_address, "confirm", expect=409)
    assert early["problems"]
    fair.days_pass(10)
    fair.district.post(f"{project}/conflict-statements", {"conflict": False})
    fair.street.move(award_address, "confirm", expect=403)
    fair.district.move(award_address, "confirm")
    assert fair.told("project", "award")["to_state"] == "awarded"

    # The contract, signed by both; the first tranche; a milestone with evidence; services in persons and contacts.
    contract = fair.street.post(
        "/api/v1/contracts", {"award_id": award["id"], "persons_planned": 46, "also_sign": []}
    )
    contract_address = f"/api/v1/contracts/{contract['number']}"
    fair.street.move(contract_address, "sign")
    supplier.move(contract_address, "sign")
    assert fair.told("project", "contract")["to_state"] == "contracted"
    assert (fair.figure("contracted"), fair.figure("paid")) == ("58000.00", "0.00")
    fair.street.post(f"{contract_address}/payments", {"tranche_seq": 1, "voucher": "PZ-0001"})
    assert fair.figure("paid") == "29000.00"
    again = fair.street.post(
        f"{contract_address}/payments", {"tranche_seq": 1, "voucher": "PZ-0002"}, expect=409
    )
    assert again["problems"]
    starts_on = date.fromisoformat(contract["starts_on"])
    fair.days_pass(max(0, (starts_on - fair.today()).days))
    fair.street.move(contract_address, "start")
    assert fair.told("project", "start_delivery")["to_state"] == "in_delivery"
    supplier.post(
        f"{contract_address}/services",
        [{"method": "group", "served_on": fair.today().isoformat(), "hours": "2.0", "persons": 46, "contacts": 60,
          "place": "银杏里社区"}],
    )  # fmt: skip
    for milestone in fair.street.get(f"{contract_address}/milestones"):
        step = f"{contract_address}/milestones/{milestone['seq']}"
        supplier.post(f"{step}/report", {"evidence": ["现场照片与签到表"]}, expect=200)
        fair.street.post(f"{step}/judgement", {"status": "met"}, expect=200)
    assert (fair.figure("persons"), fair.figure("contacts")) == ("46", "60")

    # Mid-term: three who score without seeing each other; then the second tranche.
    judge = evaluator(fair)
    evaluated(fair, judge, contract, "midterm", supplier)
    fair.street.post(f"{contract_address}/payments", {"tranche_seq": 2, "voucher": "PZ-0003"})
    assert fair.figure("paid") == "46400.00"

    # The end: the file is handed in, residents answer with one-time slips, and their word weighs as much as any.
    fair.days_pass(120)
    supplier.move(contract_address, "close_out")
    residents_answer(fair, contract, count=12)
    result = evaluated(fair, judge, contract, "final", supplier)
    assert fair.told("project", "accept")["to_state"] == "accepted"
    assert (result["satisfaction_n"], result["satisfaction_index"]) == (12, "100.00")
    assert fair.figure("good_rate") == "100.0"
    fair.street.post(f"{contract_address}/payments", {"tranche_seq": 3, "voucher": "PZ-0004"})
    fair.street.move(contract_address, "settle")
    fair.district.move(contract_address, "close")
    assert fair.told("project", "close")["to_state"] == "closed"
    assert (fair.figure("paid"), fair.figure("execution_rate"), fair.figure("closed")) == (
        "58000.00",
        "100.0",
        "1",
    )

    # What is left: a record of good work, books that balance, a journal that proves itself, and nothing to do.
    record = fair.server.public.get(f"/api/v1/organizations/{able['number']}")["track_record"]
    assert any(entry["title"] == lists.TITLE for entry in record)
    assert fair.auditor.get("/api/v1/funding/proof")["holds"] is True
    assert fair.street.get("/api/v1/tasks")["items"] == []
    assert fair.street.move(project, "submit", expect=409)["code"] == "transition_not_possible"
