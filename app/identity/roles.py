"""The roles of the fair (DOMAIN §3) and what each is bound to."""

from enum import StrEnum


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    CITY_BUREAU = "city_bureau"
    DISTRICT_BUREAU = "district_bureau"
    STREET = "street"
    COMMUNITY = "community"
    ORGANIZATION = "organization"
    SOCIAL_WORK_AGENCY = "social_work_agency"
    SOCIAL_WORKER = "social_worker"
    VOLUNTEER = "volunteer"
    CHARITY_FUNDER = "charity_funder"
    EVALUATOR = "evaluator"
    RESIDENT = "resident"
    FAIR_OPERATOR = "fair_operator"
    AUDITOR = "auditor"


LABELS: dict[Role, tuple[str, str]] = {
    Role.ADMINISTRATOR: ("系统管理员", "administrator"),
    Role.CITY_BUREAU: ("市民政局", "city civil affairs bureau"),
    Role.DISTRICT_BUREAU: ("区民政局", "district civil affairs bureau"),
    Role.STREET: ("街道/乡镇", "street (sub-district) or township"),
    Role.COMMUNITY: ("社区", "community"),
    Role.ORGANIZATION: ("社会组织", "social organization"),
    Role.SOCIAL_WORK_AGENCY: ("社工机构", "social work agency"),
    Role.SOCIAL_WORKER: ("社会工作者", "social worker"),
    Role.VOLUNTEER: ("志愿者", "volunteer"),
    Role.CHARITY_FUNDER: ("慈善资源方", "charity funder"),
    Role.EVALUATOR: ("第三方评估机构", "third-party evaluator"),
    Role.RESIDENT: ("居民", "resident"),
    Role.FAIR_OPERATOR: ("会务", "fair operator"),
    Role.AUDITOR: ("审计/纪检", "auditor"),
}

BOUND_TO_PARTY = frozenset(
    {
        Role.ORGANIZATION,
        Role.SOCIAL_WORK_AGENCY,
        Role.SOCIAL_WORKER,
        Role.CHARITY_FUNDER,
        Role.EVALUATOR,
    }
)
"""Roles that speak for one party; every other role is bound to an area subtree."""

BUREAUS = (Role.CITY_BUREAU, Role.DISTRICT_BUREAU)
BUYERS = (Role.STREET, Role.DISTRICT_BUREAU, Role.CITY_BUREAU)
SUPPLIERS = (Role.ORGANIZATION, Role.SOCIAL_WORK_AGENCY)
OFFICIALS = (Role.CITY_BUREAU, Role.DISTRICT_BUREAU, Role.STREET, Role.COMMUNITY)
"""Roles that see what is not public inside their own area subtree."""
