"""Codes of what is asked and offered: needs, projects and organizations. Labels: data/codes.csv."""

from enum import StrEnum


class Category(StrEnum):
    """Service categories of a project (DOMAIN.md §4.1)."""

    ELDERLY_CARE = "elderly_care"
    MINOR_PROTECTION = "minor_protection"
    RURAL_LEFT_BEHIND = "rural_left_behind"
    DISABILITY_SUPPORT = "disability_support"
    COMMUNITY_REHAB = "community_rehab"
    CHARITY_RELIEF = "charity_relief"
    MEDIATION_GOVERNANCE = "mediation_governance"
    YOUTH_DEVELOPMENT = "youth_development"
    CULTURE_RECREATION = "culture_recreation"
    COMMUNITY_CORRECTION = "community_correction"
    MIGRANT_INTEGRATION = "migrant_integration"
    ORG_INCUBATION = "org_incubation"
    MENTAL_HEALTH = "mental_health"
    VOLUNTEER_TIMEBANK = "volunteer_timebank"
    FAMILY_WOMEN = "family_women"
    EMERGENCY_ENVIRONMENT = "emergency_environment"
    OTHER = "other"


class TargetGroup(StrEnum):
    """Whom a project serves and an organization can serve."""

    ELDERLY = "elderly"
    OLDEST_OLD = "oldest_old"
    ELDERLY_LIVING_ALONE = "elderly_living_alone"
    DISABLED_ELDERLY = "disabled_elderly"
    RURAL_ELDERLY = "rural_elderly"
    LEFT_BEHIND_ELDERLY = "left_behind_elderly"
    TERMINALLY_ILL = "terminally_ill"
    CHRONIC_PATIENTS = "chronic_patients"
    PATIENT_FAMILIES = "patient_families"
    FAMILY_CAREGIVERS = "family_caregivers"
    CHILDREN = "children"
    CHILDREN_IN_DIFFICULTY = "children_in_difficulty"
    UNATTENDED_CHILDREN = "unattended_children"
    LEFT_BEHIND_CHILDREN = "left_behind_children"
    RURAL_CHILDREN = "rural_children"
    MIGRANT_CHILDREN = "migrant_children"
    DISABLED_CHILDREN = "disabled_children"
    JUVENILES_AT_RISK = "juveniles_at_risk"
    ADOLESCENTS = "adolescents"
    YOUTH = "youth"
    WOMEN = "women"
    LEFT_BEHIND_WOMEN = "left_behind_women"
    ABUSED_WOMEN = "abused_women"
    DISABLED_PERSONS = "disabled_persons"
    AUTISTIC_PERSONS = "autistic_persons"
    FAMILIES_WITH_DISABLED = "families_with_disabled"
    MENTALLY_ILL = "mentally_ill"
    LOW_INCOME_FAMILIES = "low_income_families"
    FAMILIES_IN_DIFFICULTY = "families_in_difficulty"
    EXTREMELY_POOR = "extremely_poor"
    HOMELESS = "homeless"
    COMMUNITY_CORRECTIONS = "community_corrections"
    DRUG_REHABILITATION = "drug_rehabilitation"
    SPECIAL_GROUPS = "special_groups"
    VETERANS = "veterans"
    MILITARY_FAMILIES = "military_families"
    MIGRANTS = "migrants"
    NEW_EMPLOYMENT = "new_employment"
    PROPERTY_OWNERS = "property_owners"
    RESETTLED_RESIDENTS = "resettled_residents"
    RESIDENTS = "residents"
    VILLAGERS = "villagers"
    VOLUNTEERS = "volunteers"
    SOCIAL_ORGANIZATIONS = "social_organizations"
    COMMUNITY_ORGANIZATIONS = "community_organizations"
    SOCIAL_WORKERS = "social_workers"
    COMMUNITY_WORKERS = "community_workers"
    OTHER = "other"


class Rating(StrEnum):
    """Assessed grade of an organization; the text order is the order of merit."""

    A1 = "1A"
    A2 = "2A"
    A3 = "3A"
    A4 = "4A"
    A5 = "5A"


class RegistrationType(StrEnum):
    """Registration type."""

    SOCIAL_ASSOCIATION = "social_association"
    SOCIAL_SERVICE_AGENCY = "social_service_agency"
    FOUNDATION = "foundation"
    FILED_GROUP = "filed_group"


class RegistrationStatus(StrEnum):
    """Registration status."""

    REGISTERED = "registered"
    FILED = "filed"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


class CreditStatus(StrEnum):
    """Standing derived from the credit lists; never typed in by the organization."""

    NORMAL = "normal"
    ABNORMAL_LIST = "abnormal_list"
    SERIOUS_ILLEGALITY_LIST = "serious_illegality_list"


class InspectionResult(StrEnum):
    """Annual inspection result."""

    PASSED = "passed"
    BASICALLY_PASSED = "basically_passed"
    FAILED = "failed"
    NOT_TAKEN = "not_taken"
    EXEMPT = "exempt"


class DeliveryRoute(StrEnum):
    """Who should do the work; only outsourced and co-funded work enters the market."""

    GOVERNMENT_DIRECT = "government_direct"
    OUTSOURCED = "outsourced"
    CO_FUNDED = "co_funded"
    SELF_GOVERNED = "self_governed"


class LinkageMode(StrEnum):
    """Linkage mode."""

    NEED_DRIVEN = "need_driven"
    GOVERNMENT_LED = "government_led"
    PROJECT_LED = "project_led"


class ProcurementMethod(StrEnum):
    """Procurement method."""

    OPEN = "open"
    COMPETITIVE_CONSULTATION = "competitive_consultation"
    REQUEST_FOR_QUOTATION = "request_for_quotation"
    SINGLE_SOURCE = "single_source"
    DIRECT_AWARD = "direct_award"
    GRANT_ROUND = "grant_round"
    CLAIM = "claim"


class FundingSource(StrEnum):
    """Funding source."""

    CITY_FISCAL = "city_fiscal"
    DISTRICT_FISCAL = "district_fiscal"
    STREET_FISCAL = "street_fiscal"
    LOTTERY_FUND = "lottery_fund"
    CHARITY = "charity"
    ENTERPRISE = "enterprise"
    SELF = "self"


class FundingTier(StrEnum):
    """Funding tier."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"


class Urgency(StrEnum):
    """Urgency."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class OrgStage(StrEnum):
    """Stage."""

    GRASSROOTS = "grassroots"
    START_UP = "start_up"
    DEMONSTRATION = "demonstration"


class OrgOrientation(StrEnum):
    """Orientation."""

    SERVICE = "service"
    PUBLIC_BENEFIT = "public_benefit"
    MUTUAL_AID = "mutual_aid"
    INTERMEDIARY = "intermediary"
    TRADE = "trade"


class OrgOrigin(StrEnum):
    """Origin."""

    LOCAL = "local"
    INTRODUCED = "introduced"


class MarketplaceRole(StrEnum):
    """Marketplace role."""

    SUPPLIER = "supplier"
    FUNDER = "funder"
    EVALUATOR = "evaluator"
    HUB = "hub"
    INCUBATOR = "incubator"


class ServiceMethod(StrEnum):
    """Service method."""

    CASE = "case"
    GROUP = "group"
    SESSION = "session"
    VISIT = "visit"
    HOTLINE = "hotline"
    TRAINING = "training"


class OutputUnit(StrEnum):
    """What an output is counted in; persons and contacts are never added."""

    PERSON = "person"
    CONTACT = "contact"
    EVENT = "event"
    MEETING = "meeting"
    PIECE = "piece"
    HOUSEHOLD = "household"
    HOUSEHOLD_CONTACT = "household_contact"
    PERCENT = "percent"
    TIME = "time"
    COPY = "copy"
    CLASS_HOUR = "class_hour"
    DAY = "day"
    MONTH = "month"
    ITEM = "item"
    CASE = "case"
    TEAM = "team"
    PLACE = "place"
    POINT = "point"


class Grade(StrEnum):
    """Result of an evaluation, best first."""

    EXCELLENT = "excellent"
    GOOD = "good"
    PASS = "pass"
    FAIL = "fail"


class NeedDimension(StrEnum):
    """Dimension of need."""

    DAILY_CARE = "daily_care"
    CULTURE_LEISURE = "culture_leisure"
    HEALTH_CARE = "health_care"
    HUMAN_CARE = "human_care"
    SAFETY = "safety"
    OTHER = "other"


class NeedOrigin(StrEnum):
    """Origin of a need."""

    RESIDENT = "resident"
    SURVEY = "survey"
    DELIBERATION = "deliberation"
    GRID = "grid"
    HOTLINE = "hotline"
    IMPORTED = "imported"
