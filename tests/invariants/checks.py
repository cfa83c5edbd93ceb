"""The invariants of DOMAIN.md §5 as SQL, one query each, written from that page alone: nothing here knows the service.

Each query returns the rows that break the promise: what is wrong, and which row. No row, no fault. A query judges what the
tables hold at any moment, between two acts of anybody.

Not here, because no table holds them yet: the slots of a table of the fair (15), volunteers' hours (17), donations (18). Of 10,
that a qualification outlives the contract "or the renewal duty is recorded" has no column; what is judged is that it was
valid when it was relied on. Of 9, that a scorer cannot see others' scores is a question of reading, asked by the tests of
evaluations; what is judged here is that no result exists and no score is told while scoring runs.
"""

from dataclasses import dataclass

from tests.invariants import moves

LIVE_AWARD = "('proposed', 'notice', 'active', 'contracted')"
ENDED_CONTRACT = "('void', 'terminated')"
FINAL = "('closed', 'rejected', 'withdrawn', 'terminated')"
MARKET = (
    "('published', 'negotiating', 'unsuccessful', 'award_proposed', 'award_notice', 'awarded', 'contracted',"
    " 'in_delivery', 'suspended', 'final_evaluation', 'accepted', 'failed')"
)
TODAY = "(d.at AT TIME ZONE 'Asia/Shanghai')::date"
"""The day in China of the decision."""
DECIDED = f"""
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


CHECKS = (
    Check(
        1,
        "awards and contracts within the project, projects within the line, earmarks and caps",
        f"""
        SELECT 'awarded above the budget', p.number FROM projects p JOIN awards a ON a.project_id = p.id
        WHERE a.state IN {LIVE_AWARD} GROUP BY p.id HAVING sum(a.amount_fen) > p.budget_fen
        UNION ALL
        SELECT 'contracted above the budget', p.number FROM projects p JOIN contracts c ON c.project_id = p.id
        WHERE c.state NOT IN {ENDED_CONTRACT} GROUP BY p.id HAVING sum(c.amount_fen) > p.budget_fen
        UNION ALL
        SELECT 'contract above its award', c.number FROM contracts c JOIN awards a ON a.id = c.award_id
        WHERE c.state <> 'void' AND c.amount_fen > a.amount_fen
        UNION ALL
        SELECT 'line overdrawn', l.number FROM funding_lines l JOIN funding_allocations a ON a.line_id = l.id
        GROUP BY l.id HAVING sum(a.amount_fen - a.released_fen) > l.amount_fen
        UNION ALL
        SELECT 'source overdrawn', s.name FROM funding_sources s JOIN funding_lines l ON l.source_id = s.id
        GROUP BY s.id HAVING sum(l.amount_fen) > s.amount_fen
        UNION ALL
        SELECT 'more than 2 % of relief money', s.name FROM funding_sources s
        JOIN funding_lines l ON l.source_id = s.id
        WHERE s.is_relief GROUP BY s.id HAVING sum(l.amount_fen) * 50 > s.amount_fen
        UNION ALL
        SELECT 'less than half of the lottery for the elderly', s.name FROM funding_sources s
        JOIN funding_lines l ON l.source_id = s.id JOIN funding_allocations a ON a.line_id = l.id
        WHERE s.source = 'lottery_fund' AND a.category <> 'elderly_care'
        GROUP BY s.id HAVING sum(a.amount_fen - a.released_fen) * 2 > s.amount_fen
        """,
    ),
    Check(
        2,
        "paid within the contract and its amendments, no tranche before its trigger, nothing while suspended",
        """
        SELECT 'paid above the contract', c.number FROM contracts c JOIN contract_payments y ON y.contract_id = c.id
        WHERE y.kind <> 'refund' GROUP BY c.id HAVING sum(y.amount_fen) > c.amount_fen
        UNION ALL
        SELECT 'value is not what was signed and amended', c.number FROM contracts c
        LEFT JOIN contract_amendments a
            ON a.contract_id = c.id AND a.state = 'in_force' AND a.changes ? 'amount_yuan'
        WHERE c.signed_amount_fen IS NOT NULL GROUP BY c.id
        HAVING c.amount_fen <> c.signed_amount_fen + 100 * coalesce(sum(
            (a.changes -> 'amount_yuan' ->> 1)::numeric - (a.changes -> 'amount_yuan' ->> 0)::numeric), 0)
        UNION ALL
        SELECT 'paid before its trigger', y.voucher FROM contract_payments y
        JOIN contract_tranches t ON t.id = y.tranche_id JOIN contracts c ON c.id = y.contract_id
        WHERE CASE t.trigger WHEN 'signed' THEN c.signed_at WHEN 'midterm_passed' THEN c.midterm_passed_at
            ELSE c.final_passed_at END > y.created_at
            OR CASE t.trigger WHEN 'signed' THEN c.signed_at WHEN 'midterm_passed' THEN c.midterm_passed_at
            ELSE c.final_passed_at END IS NULL
        UNION ALL
        SELECT 'tranche paid twice, or marked and not paid', c.number FROM contract_tranches t
        JOIN contracts c ON c.id = t.contract_id LEFT JOIN contract_payments y ON y.tranche_id = t.id
        GROUP BY t.id, c.number HAVING count(y.id) <> (t.paid_at IS NOT NULL)::int
        UNION ALL
        SELECT 'paid while suspended', y.voucher FROM contract_payments y CROSS JOIN LATERAL (
            SELECT j.to_state FROM journal_entries j
            WHERE j.subject_id = y.contract_id AND j.to_state IS NOT NULL AND j.domain_at <= y.created_at
            ORDER BY j.entry_id DESC LIMIT 1) AS stood
        WHERE y.kind <> 'refund' AND stood.to_state = 'suspended'
        UNION ALL
        SELECT 'paid while payment was stopped', y.voucher FROM contract_payments y CROSS JOIN LATERAL (
            SELECT j.event FROM journal_entries j
            WHERE j.subject_id = y.contract_id AND j.domain_at <= y.created_at
                AND j.event IN ('midterm_passed', 'midterm_failed', 'payment_stopped')
            ORDER BY j.entry_id DESC LIMIT 1) AS stood
        WHERE y.kind = 'tranche' AND stood.event <> 'midterm_passed'
        """,
    ),
    Check(
        3,
        "at most one contract in force per project, or per lot where there are lots",
        f"""
        SELECT 'more than one contract', p.number FROM projects p JOIN contracts c ON c.project_id = p.id
        WHERE c.state NOT IN {ENDED_CONTRACT} GROUP BY p.id HAVING count(*) > 1
        UNION ALL
        SELECT 'contract for a project with lots', c.number FROM contracts c
        JOIN projects lot ON lot.parent_id = c.project_id
        """,
    ),
    Check(
        4,
        "who is listed, cancelled or failed its inspection neither expresses, nor is awarded, nor signs",
        f"""
        SELECT d.what || ' a listed organization', d.number FROM ({DECIDED}) AS d
        JOIN credit_events e ON e.organization_id = d.organization_id
        WHERE d.at > e.created_at AND {TODAY} >= e.listed_on
            AND (e.removed_on IS NULL OR {TODAY} < e.removed_on)
        UNION ALL
        SELECT d.what || ' a cancelled organization', d.number FROM ({DECIDED}) AS d
        JOIN organizations o ON o.id = d.organization_id
        WHERE o.state IN ('cancelled', 'revoked') AND d.at > o.state_since
        UNION ALL
        SELECT d.what || ' an organization that failed its inspection', d.number FROM ({DECIDED}) AS d
        JOIN organizations o ON o.id = d.organization_id AND d.at > o.updated_at
        CROSS JOIN LATERAL (SELECT value FROM jsonb_each_text(o.annual_inspection) ORDER BY key DESC LIMIT 1) AS last
        WHERE last.value IN ('failed', 'not_taken')
        UNION ALL
        SELECT 'ended by a machine, not by a person', subject_number FROM journal_entries
        WHERE subject_kind = 'contract' AND to_state = 'terminated' AND actor_kind <> 'person'
        """,
    ),
    Check(
        5,
        "a filed group signs nothing, and its sponsor is a legal person",
        """
        SELECT 'signed by a filed group', c.number FROM contracts c JOIN organizations o ON o.id = c.supplier_id
        WHERE o.registration_type = 'filed_group' AND 'supplier' = ANY (c.signed_sides)
        UNION ALL
        SELECT 'sponsored by a filed group', o.number FROM organizations o
        JOIN organizations s ON s.id = o.fiscal_sponsor_id WHERE s.registration_type = 'filed_group'
        """,
    ),
    Check(
        6,
        "work under way and places reserved within the capacity at the moment a place is taken",
        """
        SELECT 'place taken above the capacity', o.number FROM engagements taken
        JOIN organizations o ON o.id = taken.organization_id
        WHERE taken.kind = 'award' AND taken.state IN ('reserved', 'active')
            AND o.capacity_max < (SELECT count(*) FROM engagements e WHERE e.organization_id = o.id
                AND e.state IN ('reserved', 'active') AND e.created_at <= taken.created_at)
            AND taken.created_at > coalesce((SELECT max(j.domain_at) FROM journal_entries j
                WHERE j.subject_id = o.id AND j.change ? 'capacity_max'), '-infinity')
        UNION ALL
        SELECT 'award in force without its place', a.number FROM awards a LEFT JOIN engagements e ON e.award_id = a.id
        WHERE a.state IN ('proposed', 'notice', 'active') AND e.state IS DISTINCT FROM 'reserved'
        UNION ALL
        SELECT 'place held for nothing', a.number FROM engagements e JOIN awards a ON a.id = e.award_id
        WHERE e.state IN ('reserved', 'active') AND a.state = 'cancelled'
        UNION ALL
        SELECT 'place held after the work', c.number FROM engagements e JOIN contracts c ON c.award_id = e.award_id
        WHERE e.state IN ('reserved', 'active')
            AND c.state IN ('accepted', 'failed', 'settled', 'closed', 'terminated')
        """,
    ),
    Check(
        7,
        "the supplier is no other side and no evaluator, and who has a relation does not decide",
        f"""
        SELECT 'supplier is another side', c.number FROM contracts c
        JOIN parties one ON one.id = c.supplier_id
        JOIN parties other ON other.id IN (c.buyer_id, c.procuring_entity_id, c.supervising_authority_id)
        WHERE c.state <> 'void' AND {SAME_BODY}
        UNION ALL
        SELECT 'evaluator is a side of the contract', v.number FROM evaluations v
        JOIN contracts c ON c.id = v.contract_id JOIN parties one ON one.id = v.evaluator_id
        JOIN parties other
            ON other.id IN (c.supplier_id, c.buyer_id, c.procuring_entity_id, c.supervising_authority_id)
        WHERE v.state <> 'cancelled' AND {SAME_BODY}
        UNION ALL
        SELECT 'decided without a statement, or with a relation', d.number FROM (
            SELECT number, project_id, organization_id, proposed_by AS person, created_at AS at FROM awards
            UNION ALL SELECT number, project_id, organization_id, confirmed_by, confirmed_at FROM awards) AS d
        LEFT JOIN LATERAL (SELECT * FROM conflict_statements s
            WHERE s.project_id = d.project_id AND s.account_id = d.person AND s.signed_at <= d.at
            ORDER BY s.signed_at DESC, s.id DESC LIMIT 1) AS said ON true
        WHERE d.person IS NOT NULL AND (said.id IS NULL OR said.conflict
            AND (said.organization_ids = '{{}}' OR d.organization_id = ANY (said.organization_ids)))
        """,
    ),
    Check(
        8,
        "no evaluator scores while it competes in the same edition and category",
        f"""
        SELECT 'evaluator competes', v.number FROM evaluations v
        JOIN contracts scored ON scored.id = v.contract_id
        JOIN parties one ON one.id = v.evaluator_id JOIN parties other ON {SAME_BODY}
        JOIN contracts c ON c.supplier_id = other.id AND c.edition_code = v.edition_code
            AND c.category = scored.category AND c.state NOT IN {ENDED_CONTRACT}
        WHERE v.state NOT IN ('assigned', 'cancelled') AND c.created_at < v.no_conflict_at
        """,
    ),
    Check(
        9,
        "reviewer is not submitter, proposer is not confirmer, scores are blind until closed",
        """
        SELECT 'reviewed by its submitter', number FROM projects
        WHERE reviewed_by IN (submitted_by, created_by)
            AND state NOT IN ('draft', 'submitted', 'under_review', 'returned', 'rejected')
        UNION ALL
        SELECT 'confirmed by its proposer', number FROM awards WHERE confirmed_by = proposed_by
        UNION ALL
        SELECT 'a result before scoring was closed', number FROM evaluations
        WHERE state IN ('assigned', 'scoring', 'cancelled') AND num_nonnulls(total, grade, satisfaction_index) > 0
        UNION ALL
        SELECT 'scores told in the log', subject_number FROM journal_entries
        WHERE subject_kind = 'evaluation' AND event = 'scored' AND change ?| ARRAY['points', 'total', 'findings']
        UNION ALL
        SELECT 'one person on two sheets', v.number FROM score_sheets s JOIN evaluations v ON v.id = s.evaluation_id
        GROUP BY v.id, s.scorer_id HAVING count(*) > 1
        UNION ALL
        SELECT 'appeal heard by its filer', v.number FROM evaluation_appeals a
        JOIN evaluations v ON v.id = a.evaluation_id WHERE a.decided_by = a.filed_by
        """,
    ),
    Check(
        10,
        "a rating relied on was high enough and in force, a qualification valid",
        f"""
        SELECT d.what || ' an organization without the rating', d.number FROM ({STANDING}) AS d
        JOIN projects p ON p.id = d.project_id JOIN organizations o ON o.id = d.organization_id
        WHERE p.min_rating IS NOT NULL AND d.at > o.updated_at
            AND (o.rating IS NULL OR o.rating < p.min_rating OR o.rating_valid_until < {TODAY})
        UNION ALL
        SELECT d.what || ' an organization without ' || asked, d.number FROM ({STANDING}) AS d
        JOIN projects p ON p.id = d.project_id JOIN organizations o ON o.id = d.organization_id
        CROSS JOIN unnest(p.required_qualifications) AS asked
        WHERE d.at > o.updated_at AND NOT EXISTS (
            SELECT FROM jsonb_to_recordset(o.qualifications) AS held(name text, valid_until date)
            WHERE held.name = asked AND (held.valid_until IS NULL OR held.valid_until >= {TODAY}))
        """,
    ),
    Check(
        11,
        "the scope covers the category, the area every place of delivery",
        f"""
        SELECT d.what || ' an organization of another scope', d.number FROM ({STANDING}) AS d
        JOIN projects p ON p.id = d.project_id JOIN organizations o ON o.id = d.organization_id
        WHERE d.at > o.updated_at AND o.categories <> '{{}}' AND p.category IS NOT NULL
            AND NOT (p.categories || p.category) && o.categories
        UNION ALL
        SELECT d.what || ' an organization of another area', d.number FROM ({STANDING}) AS d
        JOIN projects p ON p.id = d.project_id JOIN organizations o ON o.id = d.organization_id
        CROSS JOIN unnest(p.delivery_paths) AS place
        WHERE d.at > o.updated_at AND o.service_areas <> '{{}}' AND NOT EXISTS (
            SELECT FROM unnest(o.service_areas) AS served
            WHERE split_part(served, '/', 2) IN ('', split_part(place, '/', 2)))
        """,
    ),
    Check(
        12,
        "no step outside the table; every step has its actor, time and version; the log is only added to",
        f"""
        SELECT 'unlawful step ' || j.subject_kind || ' ' || j.from_state || ' > ' || j.to_state, j.event
        FROM journal_entries j JOIN (VALUES {moves.beginnings()}) AS life(kind, state) ON life.kind = j.subject_kind
        WHERE j.from_state IS NOT NULL AND j.event <> 'followed'
            AND (j.subject_kind, j.from_state, j.to_state) NOT IN (VALUES {moves.steps()})
        UNION ALL
        SELECT 'a step does not begin where the last one ended', subject_kind || ' ' || event FROM (
            SELECT j.*, lag(to_state, 1, life.state) OVER (PARTITION BY subject_id ORDER BY entry_id) AS stood
            FROM journal_entries j JOIN (VALUES {moves.beginnings()}) AS life(kind, state)
                ON life.kind = j.subject_kind
            WHERE j.from_state IS NOT NULL) AS step
        WHERE from_state <> stood
        UNION ALL
        SELECT 'state is not what the log tells', thing.kind || ' ' || thing.state FROM ({moves.things()}) AS thing
        JOIN (SELECT subject_id, (array_agg(to_state ORDER BY entry_id DESC))[1] AS state, count(*) AS steps
            FROM journal_entries WHERE from_state IS NOT NULL GROUP BY subject_id) AS told
            ON told.subject_id = thing.id
        WHERE thing.state <> told.state OR thing.version <= told.steps
        UNION ALL
        SELECT 'moved without a step in the log', thing.kind || ' ' || thing.state FROM ({moves.things()}) AS thing
        LEFT JOIN (VALUES {moves.beginnings()}) AS life(kind, state)
            ON life.kind = thing.kind AND life.state = thing.state
        WHERE life.kind IS NULL
            AND NOT EXISTS (SELECT FROM journal_entries j WHERE j.subject_id = thing.id AND j.to_state = thing.state)
        UNION ALL
        SELECT 'a step without a reason', j.subject_kind || ' ' || j.event FROM journal_entries j
        WHERE j.to_state IN ('returned', 'rejected', 'withdrawn', 'unsuccessful', 'suspended', 'terminated', 'void',
            'declined', 'cancelled', 'appealed', 'disputed')
            AND j.subject_kind <> 'amendment' AND j.event <> 'followed'
            AND j.from_state IS NOT NULL AND coalesce(btrim(j.note), '') = ''
        UNION ALL
        SELECT 'a step without an actor', event FROM journal_entries WHERE btrim(actor_label) = ''
        UNION ALL
        SELECT 'the log can be changed', wanted FROM unnest(ARRAY['journal_entries', 'funding_ledger']) AS wanted
        WHERE NOT EXISTS (SELECT FROM pg_trigger t
            WHERE t.tgrelid = wanted::regclass AND t.tgname = 'append_only' AND t.tgenabled <> 'D')
        """,
    ),
    Check(
        13,
        "what was published changes only by an amendment that everybody sees",
        f"""
        SELECT 'the title is not what was told', p.number FROM projects p JOIN LATERAL (
            SELECT coalesce(j.change -> 'title' ->> 1, j.change ->> 'title') AS title FROM journal_entries j
            WHERE j.subject_id = p.id AND j.event IN ('entered', 'changed', 'amended') AND j.change ? 'title'
            ORDER BY j.entry_id DESC LIMIT 1) AS told ON true
        WHERE p.published_at IS NOT NULL AND p.title <> told.title
        UNION ALL
        SELECT 'the budget is not what was offered', p.number FROM projects p
        LEFT JOIN funding_ledger e ON e.project_id = p.id AND e.measure = 'offered'
        WHERE p.state IN {MARKET} AND NOT p.is_parent
        GROUP BY p.id HAVING p.budget_fen <> coalesce(sum(e.amount_fen), 0)
        UNION ALL
        SELECT 'changed without an amendment', p.number FROM projects p JOIN journal_entries j ON j.subject_id = p.id
        WHERE j.event = 'changed' AND j.domain_at > p.published_at
        UNION ALL
        SELECT 'an amendment told to nobody', p.number FROM project_amendments a
        JOIN projects p ON p.id = a.project_id
        WHERE NOT EXISTS (SELECT FROM journal_entries j WHERE j.subject_id = p.id AND j.event = 'amended'
            AND j.level = 'public' AND j.change = a.change)
        UNION ALL
        SELECT 'a material amendment that gives no more time', p.number FROM project_amendments a
        JOIN projects p ON p.id = a.project_id
        WHERE a.material AND coalesce(a.intents_until <= (a.at AT TIME ZONE 'Asia/Shanghai')::date, true)
        """,
    ),
    Check(
        14,
        "a quote is seen by its two sides alone; an award is told to all from its notice on",
        """
        SELECT 'a negotiation told to others', j.subject_kind || ' ' || j.event FROM journal_entries j
        LEFT JOIN talks t ON t.id = j.subject_id
        JOIN intents i ON i.id = coalesce(t.intent_id, j.subject_id)
        WHERE j.level = 'public' OR NOT j.party_ids <@ ARRAY[i.organization_id]
        UNION ALL
        SELECT 'an award told before its notice', a.number FROM awards a
        JOIN journal_entries j ON j.subject_id = a.id
        WHERE j.level = 'public' AND (a.notice_from IS NULL OR j.event = 'proposed')
        UNION ALL
        SELECT 'an award in force that nobody was told of', a.number FROM awards a
        WHERE a.state IN ('notice', 'active', 'contracted') AND NOT EXISTS (SELECT FROM journal_entries j
            WHERE j.subject_id = a.id AND j.to_state = 'notice' AND j.level = 'public')
        """,
    ),
    Check(
        16,
        "one judgement for each resident's token, for its own contract, never issued by the supplier",
        """
        SELECT 'a token judged more than once', token_id::text FROM satisfaction_replies
        GROUP BY token_id HAVING count(*) > 1
        UNION ALL
        SELECT 'a judgement of another contract', r.id::text FROM satisfaction_replies r
        JOIN satisfaction_tokens t ON t.id = r.token_id WHERE r.contract_id <> t.contract_id
        UNION ALL
        SELECT 'a token that is used and not used', t.id::text FROM satisfaction_tokens t
        LEFT JOIN satisfaction_replies r ON r.token_id = t.id
        WHERE (r.id IS NULL) <> (t.used_at IS NULL) OR t.used_at > t.expires_at
        UNION ALL
        SELECT 'a token issued by the supplier', c.number FROM satisfaction_tokens t
        JOIN contracts c ON c.id = t.contract_id
        JOIN role_grants g ON g.account_id = t.issued_by AND g.party_id = c.supplier_id
        """,
    ),
    Check(
        19,
        "persons and contacts apart; every total is the sum of its parts; the five measures never mix",
        """
        SELECT 'more persons than contacts', id::text FROM service_logs WHERE persons > contacts
        UNION ALL
        SELECT 'reach is not the sum of the log', v.number FROM evaluations v
        LEFT JOIN service_logs l ON l.contract_id = v.contract_id
        WHERE v.phase = 'final' AND v.state IN ('closed', 'appealed', 'confirmed') GROUP BY v.id
        HAVING v.persons <> coalesce(sum(l.persons), 0) OR v.contacts <> coalesce(sum(l.contacts), 0)
        UNION ALL
        SELECT 'tranches do not add up', c.number FROM contracts c JOIN contract_tranches t ON t.contract_id = c.id
        GROUP BY c.id HAVING sum(t.amount_fen) <> c.amount_fen OR sum(t.share) <> 10000
        UNION ALL
        SELECT 'paid is not the sum of the payments', c.number FROM contracts c
        LEFT JOIN contract_payments y ON y.contract_id = c.id GROUP BY c.id
        HAVING c.paid_fen <> coalesce(sum(y.amount_fen) FILTER (WHERE y.kind <> 'refund'), 0)
            OR c.refunded_fen <> coalesce(sum(y.amount_fen) FILTER (WHERE y.kind = 'refund'), 0)
        UNION ALL
        SELECT 'the ledger tells another sum: ' || wanted.measure, p.number FROM projects p
        CROSS JOIN LATERAL (VALUES
            ('negotiated', (SELECT sum(amount_fen) FROM awards
                WHERE project_id = p.id AND state IN ('active', 'contracted'))),
            ('contracted', (SELECT sum(amount_fen) FROM contracts WHERE project_id = p.id AND signed_at IS NOT NULL)),
            ('paid', (SELECT sum(paid_fen) FROM contracts WHERE project_id = p.id)),
            ('refunded', (SELECT sum(refunded_fen) FROM contracts WHERE project_id = p.id))
        ) AS wanted(measure, fen)
        WHERE coalesce(wanted.fen, 0) <> (SELECT coalesce(sum(e.amount_fen), 0) FROM funding_ledger e
            WHERE e.project_id = p.id AND e.measure = wanted.measure)
        UNION ALL
        SELECT 'a balance of the ledger is wrong', entry_id::text FROM (
            SELECT entry_id, balance_fen, turn,
                sum(amount_fen) OVER (PARTITION BY project_id, measure ORDER BY turn) AS sum_fen,
                row_number() OVER (PARTITION BY project_id ORDER BY turn) AS place FROM funding_ledger) AS entry
        WHERE balance_fen <> sum_fen OR turn <> place
        UNION ALL
        SELECT 'lots do not add up', p.number FROM projects p JOIN projects lot ON lot.parent_id = p.id
        GROUP BY p.id HAVING p.budget_fen <> sum(lot.budget_fen)
        """,
    ),
    Check(
        20,
        "nothing on offer or under way without proven money; a community's refusal stands",
        f"""
        SELECT 'not funded', p.number FROM projects p
        CROSS JOIN LATERAL (SELECT coalesce(sum((part ->> 'amount_fen')::bigint), 0) AS fen
            FROM jsonb_array_elements(p.funding_parts) AS part WHERE part ->> 'source' <> 'self') AS needed
        WHERE p.state IN {MARKET} AND NOT p.is_parent
            AND (needed.fen > (SELECT coalesce(sum(a.amount_fen - a.released_fen), 0)
                FROM funding_allocations a WHERE a.project_id = p.id)
            OR p.budget_fen IS NULL OR p.is_estimate OR p.funding_parts = '[]')
        UNION ALL
        SELECT 'refused and yet alive', p.number FROM projects p JOIN journal_entries j ON j.subject_id = p.id
        WHERE j.event = 'refuse' AND p.state <> 'rejected'
        """,
    ),
    Check(
        21,
        "what has ended stays as it is, and nothing is deleted",
        f"""
        SELECT 'changed after its end', number FROM projects
        WHERE state IN {FINAL} AND updated_at > state_since + interval '1 minute'
        UNION ALL
        SELECT 'changed after its end', number FROM contracts
        WHERE state IN {FINAL} AND updated_at > state_since + interval '1 minute'
        UNION ALL
        SELECT 'money moved after its end', p.number FROM projects p JOIN funding_ledger e ON e.project_id = p.id
        WHERE p.state IN {FINAL} AND e.amount_fen > 0 AND e.domain_at > p.state_since
        UNION ALL
        SELECT 'deleted', told.subject_kind || ' ' || told.subject_id FROM (
            SELECT DISTINCT subject_kind, subject_id FROM journal_entries
            WHERE subject_kind IN {tuple(moves.TABLES)}) AS told
        WHERE NOT EXISTS (SELECT FROM ({moves.things()}) AS thing WHERE thing.id = told.subject_id)
            AND NOT EXISTS (SELECT FROM journal_entries j
                WHERE j.subject_id = told.subject_id AND j.event = 'taken_back')
        """,
    ),
)
ALL = " UNION ALL ".join(
    f"SELECT {check.number} AS number, fault.* FROM ({check.sql}) AS fault(what, which)" for check in CHECKS
)
"""Every check in one statement: number, what is wrong, which row."""
