"""What the checks share: lists of states, and the moments of decision."""

from dataclasses import dataclass

LIVE_AWARD = "('proposed', 'notice', 'active', 'contracted')"
ENDED_CONTRACT = "('void', 'terminated')"
FINAL = "('closed', 'rejected', 'withdrawn', 'terminated')"
MARKET = (
    "('published', 'negotiating', 'unsuccessful', 'award_proposed', 'award_notice', 'awarded', 'contracted',"
    " 'in_delivery', 'suspended', 'final_evaluation', 'accepted', 'failed')"
)
TODAY = "(d.at AT TIME ZONE 'Asia/Shanghai')::date"
"""The day in China of the decision."""
DECIDED = """
    SELECT 'an intent' AS what, number, organization_id, project_id, created_at AS at FROM intents
    UNION ALL SELECT 'an award', number, organization_id, project_id, created_at FROM awards
    UNION ALL SELECT 'the confirmation of', number, organization_id, project_id, confirmed_at
        FROM awards WHERE confirmed_at IS NOT NULL
    UNION ALL SELECT 'a signature under', c.number, c.supplier_id, c.project_id, s.signed_at
        FROM contract_signatures s JOIN contracts c ON c.id = s.contract_id
"""
"""The moments at which an organization was judged: interest, award, confirmation, signature."""
STANDING = f"""
    SELECT 'an award' AS what, number, organization_id, project_id, created_at AS at
        FROM awards WHERE state IN {LIVE_AWARD}
    UNION ALL SELECT 'the confirmation of', number, organization_id, project_id, confirmed_at
        FROM awards WHERE state IN {LIVE_AWARD} AND confirmed_at IS NOT NULL
    UNION ALL SELECT 'a signature under', c.number, c.supplier_id, c.project_id, s.signed_at
        FROM contract_signatures s JOIN contracts c ON c.id = s.contract_id WHERE c.state <> 'void'
"""
"""Those of them that still stand: what is asked of a project may be amended before its next award."""
SAME_BODY = "(one.id = other.id OR one.uscc = other.uscc OR one.normal_name = other.normal_name)"


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: its number in DOMAIN.md §5, what it promises, and the query of the rows that break it."""

    number: int
    promise: str
    sql: str
