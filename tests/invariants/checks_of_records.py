"""Invariants 12 to 21: what the tables and the log say of each other, and what stays as it is."""

from tests.invariants import moves
from tests.invariants.terms import FINAL, MARKET, Check

RECORDS = (
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
            AND NOT EXISTS (SELECT FROM service_log_voidings o WHERE o.log_id = l.id)
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
        SELECT 'changed after its end', number FROM complaints
        WHERE state IN ('closed', 'refused', 'withdrawn') AND updated_at > state_since + interval '1 minute'
        UNION ALL
        SELECT 'money moved after its end', p.number FROM projects p JOIN funding_ledger e ON e.project_id = p.id
        WHERE p.state IN {FINAL} AND e.amount_fen > 0 AND e.domain_at > p.state_since
        UNION ALL
        SELECT 'deleted', told.subject_kind || ' ' || told.subject_id FROM (
            SELECT DISTINCT subject_kind, subject_id FROM journal_entries
            WHERE subject_kind IN {tuple(moves.TABLES)}) AS told
        WHERE NOT EXISTS (SELECT FROM ({moves.things()}) AS thing WHERE thing.id = told.subject_id)
            AND NOT EXISTS (SELECT FROM journal_entries j
                WHERE j.subject_id = told.subject_id AND j.event = 'undone')
        """,
    ),
)
