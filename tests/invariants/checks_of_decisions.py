"""Invariants 1 to 11: money promised and paid, and who may take, sign, judge and decide."""

from tests.invariants.terms import DECIDED, ENDED_CONTRACT, LIVE_AWARD, SAME_BODY, STANDING, TODAY, Check

DECISIONS = (
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
        "a rating relied on was high enough and in force; a qualification valid, to the end of the contract or renewed",
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
        UNION ALL
        SELECT 'signed although ' || asked || ' ends before the contract', c.number FROM contract_signatures s
        JOIN contracts c ON c.id = s.contract_id AND c.state <> 'void'
        JOIN projects p ON p.id = c.project_id JOIN organizations o ON o.id = c.supplier_id
        CROSS JOIN unnest(p.required_qualifications) AS asked
        CROSS JOIN LATERAL (SELECT max(coalesce(held.valid_until, 'infinity')) AS ends_on
            FROM jsonb_to_recordset(o.qualifications) AS held(name text, valid_until date)
            WHERE held.name = asked) AS held
        WHERE s.signed_at > o.updated_at AND held.ends_on < c.ends_on AND NOT EXISTS (
            SELECT FROM jsonb_to_recordset(c.renewal_duties) AS duty(qualification text, due_on date)
            WHERE duty.qualification = asked AND duty.due_on <= held.ends_on)
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
        CROSS JOIN unnest(p.delivery_paths || p.area_path) AS place
        WHERE d.at > o.updated_at AND o.service_areas <> '{{}}' AND place LIKE '%/%' AND NOT EXISTS (
            SELECT FROM unnest(o.service_areas) AS served
            WHERE split_part(served, '/', 2) IN ('', split_part(place, '/', 2)))
        """,
    ),
)
