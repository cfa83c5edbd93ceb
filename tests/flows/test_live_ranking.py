"""The ranking of a running service follows what happens: two API processes, none of them ever started again."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows import lists
from tests.flows.conftest import Server
from tests.flows.fair import EDITION, Fair, opened, organization_named
from tests.waiting import eventually

pytestmark = pytest.mark.process

ASKED = 12
"""Questions in a row: enough that both processes have answered some."""


def published(fair: Fair) -> str:
    """The project of the list, on the market; its address."""
    today = fair.today()
    fair.send_list(fair.city, "organizations", lists.organizations(today))
    fair.send_list(fair.district, "projects", lists.projects(today))
    (listed,) = fair.street.get("/api/v1/projects", edition=EDITION)["items"]
    project = f"/api/v1/projects/{listed['number']}"
    fair.street.move(project, "submit")
    fair.district.move(project, "start_review")
    fair.city.move(project, "approve")
    fair.city.move(project, "publish")
    return project


def capacity(fair: Fair, organization: str, places: int) -> None:
    """The bureau sets how much an organization may carry."""
    address = f"/api/v1/organizations/{organization}"
    etag = fair.city.client.get(address).headers["etag"]
    change = {"capacity_max": places, "note": "核定承接上限"}
    fair.city.ask("PATCH", f"{address}/standing", expect=200, json=change, headers={"If-Match": etag})


def test_what_happens_shows_in_the_ranking_of_every_process_without_a_restart(
    installation: Callable[[], Server],
) -> None:
    fair = opened(installation().start("--workers", "2"))
    project = published(fair)
    able, rival = (organization_named(fair, name)["id"] for name in ("清和为老", "知遇社会工作"))

    def answers() -> list[tuple[str, list[str]]]:
        asked: list[dict[str, Any]] = [fair.street.get(f"{project}/matches") for _ in range(ASKED)]
        return [(told["source"], [item["organization_id"] for item in told["items"]]) for told in asked]

    def everywhere(*organizations: str) -> Callable[[], bool]:
        return lambda: all(told == ("live", list(organizations)) for told in answers())

    assert eventually(everywhere(able, rival))

    # What takes somebody out is seen by the next question, whoever answers: gates are of this moment.
    listing = {"listed": "abnormal_list", "reason": "未按期报送年报", "listed_on": fair.today().isoformat()}
    event = fair.city.post(f"/api/v1/organizations/{able}/credit-events", listing)
    assert everywhere(rival)()
    capacity(fair, rival, 0)
    assert everywhere()()

    # What lets somebody in comes with the journal, within moments.
    removal = {"removed_on": fair.today().isoformat(), "reason": "已补报"}
    fair.city.post(f"/api/v1/organizations/{able}/credit-events/{event['id']}/removal", removal, expect=200)
    capacity(fair, rival, 3)
    assert eventually(everywhere(able, rival))

    # So does somebody new, and somebody who can now do more.
    new = fair.city.post(
        "/api/v1/organizations",
        {
            "name": "南京市高淳区忆暖照护服务中心",
            "registration_type": "social_service_agency",
            "district": "高淳区",
            "business_scope": "养老服务",
            "capability": "音乐与手工活动",
            "categories": ["elderly_care"],
            "service_areas": ["全市"],
            "annual_inspection": {str(fair.today().year - 1): "passed"},
            "capacity_max": 2,
        },
    )["id"]

    def standings() -> set[int]:
        """Where the new one stands, as every process tells it; −1 where it is not shown."""
        return {order.index(new) if new in order else -1 for _, order in answers()}

    assert eventually(lambda: standings() == {2}), standings()
    better = {
        "capability": "失智老人上门喘息照料、照护者技能培训与互助小组，三年服务四百户家庭",
        "target_groups": ["disabled_elderly", "family_caregivers"],
        "service_areas": ["玄武区"],
    }
    fair.city.patch(f"/api/v1/organizations/{new}", better)
    assert eventually(lambda: standings() == {1}), standings()
