"""Two tables of moves: the registration of an organization, and the place an engagement holds of its capacity."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import RegistrationStatus
from app.kernel import journal
from app.kernel.lifecycle import Lifecycle, Line, Rule
from app.organizations import permissions, repository, rules
from app.organizations.models import Engagement, EngagementState, Organization

REGISTERED, FILED = RegistrationStatus.REGISTERED, RegistrationStatus.FILED
CANCELLED, REVOKED = RegistrationStatus.CANCELLED, RegistrationStatus.REVOKED


def audience(organization: Organization, level: str = journal.PUBLIC) -> journal.Audience:
    """Registration and standing are public; the rest is for the organization and the officials of its seat."""
    return journal.Audience(organization.area_path, (organization.id,), level)


def _engagement_audience(engagement: Engagement) -> journal.Audience:
    # A reservation is made before the award is public: rivals must not learn of it here.
    parties = [party for party in (engagement.organization_id, engagement.buyer_id) if party]
    return journal.Audience(party_ids=tuple(parties), level=journal.PARTIES)


async def _held(session: AsyncSession, organization: Organization) -> int:
    return (await repository.held(session, [organization.id])).get(organization.id, 0)


def _line(source: str, event: str, target: str, zh: str, en: str, *must: Rule) -> Line:
    who = permissions.may_keep_standing
    return Line(source, event, target, who, must, note_required=True, zh=zh, en=en)


REGISTRATION: Lifecycle[Organization] = Lifecycle(
    "organization",
    {
        REGISTERED: ("已登记", "registered"),
        FILED: ("已备案", "filed"),
        CANCELLED: ("已注销", "cancelled"),
        REVOKED: ("已撤销", "revoked"),
    },
    REGISTERED,
    [
        _line(FILED, "register", REGISTERED, "办理法人登记", "register as a legal person"),
        _line(FILED, "cancel", CANCELLED, "注销备案", "cancel", rules.nothing_under_way),
        _line(REGISTERED, "cancel", CANCELLED, "注销", "cancel", rules.nothing_under_way),
        _line(REGISTERED, "revoke", REVOKED, "撤销登记", "revoke"),
        _line(CANCELLED, "restore", REGISTERED, "更正为已登记", "correct to registered", rules.is_no_group),
        _line(REVOKED, "restore", REGISTERED, "更正为已登记", "correct to registered", rules.is_no_group),
        _line(CANCELLED, "refile", FILED, "更正为已备案", "correct to filed", rules.is_group),
    ],
    audience=audience,
    facts=_held,
)

RESERVED, ACTIVE, RELEASED = EngagementState.RESERVED, EngagementState.ACTIVE, EngagementState.RELEASED

ENGAGEMENTS: Lifecycle[Engagement] = Lifecycle(
    "engagement",
    {
        RESERVED: ("预留", "reserved"),
        ACTIVE: ("在管", "active"),
        RELEASED: ("已释放", "released"),
    },
    RESERVED,
    [
        Line(RESERVED, "activate", ACTIVE, permissions.nobody, zh="合同生效", en="contract signed"),
        Line(RESERVED, "release", RELEASED, permissions.nobody, zh="成交取消", en="award cancelled"),
        Line(ACTIVE, "release", RELEASED, permissions.nobody, zh="项目结束", en="work ended"),
        Line(
            ACTIVE,
            "end",
            RELEASED,
            permissions.may_end_outside_work,
            (rules.declared_by_itself,),
            zh="外部项目结束",
            en="outside work ended",
        ),
    ],
    audience=_engagement_audience,
)
