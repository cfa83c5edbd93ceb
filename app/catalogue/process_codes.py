"""Codes of what happens to a project: fair, talks, payment, evaluation. Labels: data/codes.csv."""

from enum import StrEnum


class ResponsibilityList(StrEnum):
    """Responsibility list type."""

    PARTY_DUTY = "party_duty"
    COMMITTEE_DUTY = "committee_duty"
    GOVERNMENT_ASSISTANCE = "government_assistance"
    NEGATIVE = "negative"
    OFF_LIST = "off_list"


class SupportInstrument(StrEnum):
    """Support instrument."""

    FUNCTION_TRANSFER = "function_transfer"
    PROJECT_COMMISSION = "project_commission"
    FUNDING_SUPPORT = "funding_support"
    SERVICE_PURCHASE = "service_purchase"
    INFORMATION_RELEASE = "information_release"


class FundingInstrument(StrEnum):
    """Funding instrument."""

    PURCHASE = "purchase"
    SPECIAL_FUND = "special_fund"
    GRANT_ROUND = "grant_round"
    SALON = "salon"
    CONTEST = "contest"


class SupportService(StrEnum):
    """Support service."""

    PARTY_BUILDING = "party_building"
    SUPPORT_GUARANTEE = "support_guarantee"
    INCUBATION = "incubation"
    TALENT_TRAINING = "talent_training"
    ACADEMIC_RESEARCH = "academic_research"
    PROJECT_DEVELOPMENT = "project_development"
    RESOURCE_LINKING = "resource_linking"
    INFORMATION_DISCLOSURE = "information_disclosure"
    SHOWCASE = "showcase"
    STANDARDS = "standards"


class FairZone(StrEnum):
    """Fair zone."""

    GENERAL_EXHIBITION = "general_exhibition"
    DISTRICT_PROJECTS = "district_projects"
    BRAND_ORGANIZATIONS = "brand_organizations"
    NEGOTIATION = "negotiation"
    ACTIVITIES = "activities"


class TalkResult(StrEnum):
    """Result of a talk."""

    AGREED = "agreed"
    CONTINUED = "continued"
    NOT_AGREED = "not_agreed"


class TalkReason(StrEnum):
    """Reason of a talk's result."""

    PRICE = "price"
    SCOPE = "scope"
    STAFF = "staff"
    TIME = "time"
    OTHER = "other"


class UnsuccessfulReason(StrEnum):
    """Reason of an unsuccessful round."""

    MONEY = "money"
    CAPACITY = "capacity"
    SCOPE = "scope"
    AREA = "area"
    NO_INTEREST = "no_interest"


class Initiator(StrEnum):
    """Initiated by."""

    ORGANIZATION = "organization"
    BUYER = "buyer"
    FAIR = "fair"
    RECOMMENDER = "recommender"


class TrancheTrigger(StrEnum):
    """Payment trigger."""

    SIGNED = "signed"
    MIDTERM_PASSED = "midterm_passed"
    FINAL_PASSED = "final_passed"


class MilestoneType(StrEnum):
    """Milestone type."""

    DELIVERY = "delivery"
    ASSESSMENT = "assessment"
    REPORTING = "reporting"
    PAYMENT = "payment"


class MilestoneStatus(StrEnum):
    """Milestone status."""

    SCHEDULED = "scheduled"
    MET = "met"
    PARTIALLY_MET = "partially_met"
    NOT_MET = "not_met"


class EvaluationPhase(StrEnum):
    """Evaluation phase."""

    MIDTERM = "midterm"
    FINAL = "final"


class SurveyChannel(StrEnum):
    """Survey channel."""

    PAPER = "paper"
    PHONE = "phone"
    WEB = "web"
    VISIT = "visit"


class DonationKind(StrEnum):
    """Kind of donation."""

    MONEY = "money"
    GOODS = "goods"
    VENUE = "venue"
    SERVICE = "service"


class VenueType(StrEnum):
    """Venue type."""

    PARTY_SERVICE_CENTRE = "party_service_centre"
    SERVICE_STATION = "service_station"
    CHILDREN_HOME = "children_home"
    DAY_CARE_CENTRE = "day_care_centre"
    SOCIAL_WORK_STATION = "social_work_station"
    INCUBATOR = "incubator"
    SOCIAL_STUDIO = "social_studio"
    VOLUNTEER_POINT = "volunteer_point"
    CIVILIZATION_STATION = "civilization_station"


class ComplaintKind(StrEnum):
    """Kind of complaint."""

    CHALLENGE = "challenge"
    COMPLAINT = "complaint"
    MEDIATION = "mediation"


class WorkerKind(StrEnum):
    """Kind of worker."""

    SOCIAL_WORKER = "social_worker"
    COMMUNITY_WORKER = "community_worker"
    ORGANIZATION_WORKER = "organization_worker"
    FIELD_SUPERVISOR = "field_supervisor"
    VOLUNTEER = "volunteer"
    RESIDENT_LEADER = "resident_leader"


class VolunteerKind(StrEnum):
    """Kind of volunteer: one person, or a team whose hours may only be given on."""

    PERSON = "person"
    GROUP = "group"


class HourScheme(StrEnum):
    """What becomes of verified hours: paid into the time account, or kept as a record alone."""

    TIME_BANK = "time_bank"
    RECORD_ONLY = "record_only"


class TimeKind(StrEnum):
    """Kind of entry of a time account."""

    CREDIT = "credit"
    DEBIT = "debit"
    DONATE = "donate"
    TRANSFER = "transfer"
    ADJUST = "adjust"
