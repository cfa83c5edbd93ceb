"""Invariants 17 and 18: hours of volunteers, and what was donated."""

from tests.invariants.terms import Check

LIVE = "('recorded', 'verified')"
DAYS = f"""
    SELECT h.volunteer_id, day.at AS day, h.long_day, least(h.ends_at, day.at + interval '1 day')
        - greatest(h.starts_at, day.at) AS given
    FROM volunteer_hours h CROSS JOIN LATERAL generate_series(
        date_trunc('day', h.starts_at, 'Asia/Shanghai'), h.ends_at - interval '1 second', interval '1 day') AS day(at)
    WHERE h.state IN {LIVE}
"""
"""How long each record lasts on each day in China."""
CAP = 3000
"""1,500 hours, in half hours."""

GIVING = (
    Check(
        17,
        "hours of one volunteer at one time, a day at most, verified by another; an account within its bounds",
        f"""
        SELECT 'in two places at once', v.number FROM volunteer_hours one
        JOIN volunteer_hours other ON other.volunteer_id = one.volunteer_id AND other.id > one.id
            AND other.starts_at < one.ends_at AND other.ends_at > one.starts_at
        JOIN volunteers v ON v.id = one.volunteer_id
        WHERE one.state IN {LIVE} AND other.state IN {LIVE}
        UNION ALL
        SELECT 'more than a day in a day', volunteer_id::text FROM ({DAYS}) AS part
        GROUP BY volunteer_id, day HAVING sum(given) > interval '24 hours'
        UNION ALL
        SELECT 'a long day nobody was warned of', volunteer_id::text FROM ({DAYS}) AS part
        GROUP BY volunteer_id, day HAVING sum(given) > interval '8 hours' AND NOT bool_or(long_day)
        UNION ALL
        SELECT 'not in steps of half an hour', id::text FROM volunteer_hours
        WHERE ends_at - starts_at <> half_hours * interval '30 minutes' OR half_hours < 1
        UNION ALL
        SELECT 'hours entered or verified by the volunteer', v.number FROM volunteer_hours h
        JOIN volunteers v ON v.id = h.volunteer_id WHERE v.account_id IN (h.recorded_by, h.verified_by)
        UNION ALL
        SELECT 'hours verified by who entered them', id::text FROM volunteer_hours WHERE verified_by = recorded_by
        UNION ALL
        SELECT 'hours verified by nobody', id::text FROM volunteer_hours
        WHERE state IN ('verified', 'voided') AND (verified_by IS NULL OR verified_at IS NULL)
        UNION ALL
        SELECT 'hours are not in the account as they were verified', h.id::text FROM volunteer_hours h
        LEFT JOIN volunteer_time t ON t.hours_id = h.id AND t.kind = 'credit'
        GROUP BY h.id HAVING coalesce(sum(t.half_hours), 0)
            <> CASE WHEN h.state IN ('verified', 'voided') AND h.scheme = 'time_bank' THEN h.half_hours ELSE 0 END
        UNION ALL
        SELECT 'void hours are still in the account', h.id::text FROM volunteer_hours h
        JOIN volunteer_time t ON t.hours_id = h.id WHERE h.state = 'voided'
        GROUP BY h.id HAVING sum(t.half_hours) <> 0
        UNION ALL
        SELECT 'an account below zero', volunteer_id::text FROM volunteer_time WHERE balance < 0
        UNION ALL
        SELECT 'an account above its cap', v.number FROM volunteer_time t JOIN volunteers v ON v.id = t.volunteer_id
        WHERE v.kind = 'person' AND t.balance > {CAP}
        UNION ALL
        SELECT 'a balance of the account is wrong', entry_id::text FROM (
            SELECT entry_id, balance, turn, sum(half_hours) OVER (PARTITION BY volunteer_id ORDER BY turn) AS total,
                row_number() OVER (PARTITION BY volunteer_id ORDER BY turn) AS place FROM volunteer_time) AS entry
        WHERE balance <> total OR turn <> place
        UNION ALL
        SELECT 'a team spent its hours', v.number FROM volunteer_time t JOIN volunteers v ON v.id = t.volunteer_id
        WHERE v.kind = 'group' AND t.kind IN ('debit', 'transfer')
        UNION ALL
        SELECT 'time went out and did not arrive', sum(half_hours)::text FROM volunteer_time
        WHERE kind = 'transfer' HAVING sum(half_hours) <> 0
        UNION ALL
        SELECT 'forgotten and yet named', number FROM volunteers
        WHERE erased_at IS NOT NULL AND num_nonnulls(display_name, account_id) > 0
        UNION ALL
        SELECT 'the account can be changed', 'volunteer_time' WHERE NOT EXISTS (SELECT FROM pg_trigger t
            WHERE t.tgrelid = 'volunteer_time'::regclass AND t.tgname = 'append_only' AND t.tgenabled <> 'D')
        """,
    ),
    Check(
        18,
        "no more used than received, only for its purpose; an anonymous donor shown to nobody",
        """
        SELECT 'more used than received', number FROM donations WHERE used > received
        UNION ALL
        SELECT 'used is not the sum of its uses', d.number FROM donations d
        LEFT JOIN donation_uses u ON u.donation_id = d.id GROUP BY d.id
        HAVING d.used <> coalesce(sum(u.amount), 0)
        UNION ALL
        SELECT 'used for another purpose', d.number FROM donation_uses u JOIN donations d ON d.id = u.donation_id
        JOIN projects p ON p.id = u.project_id
        WHERE d.purpose_project_id <> p.id OR d.purpose_categories <> '{}' AND p.category <> ALL (d.purpose_categories)
        UNION ALL
        SELECT 'used outside its area', d.number FROM donation_uses u JOIN donations d ON d.id = u.donation_id
        JOIN projects p ON p.id = u.project_id WHERE p.area_path || '/' NOT LIKE d.area_path || '/%'
        UNION ALL
        SELECT 'used after its day', d.number FROM donation_uses u JOIN donations d ON d.id = u.donation_id
        WHERE u.amount > 0 AND u.used_on > d.valid_to
        UNION ALL
        SELECT 'used and not received', d.number FROM donation_uses u JOIN donations d ON d.id = u.donation_id
        WHERE d.state NOT IN ('received', 'closed')
        UNION ALL
        SELECT 'closed without a report', number FROM donations WHERE state = 'closed' AND report IS NULL
        UNION ALL
        SELECT 'an anonymous donor told in the log', d.number FROM donations d
        JOIN journal_entries j ON j.subject_id = d.id
        WHERE d.anonymous AND (d.donor_id = ANY (j.party_ids)
            OR strpos(concat_ws(' ', j.change, j.note, j.actor_label), d.donor_name) > 0
            OR EXISTS (SELECT FROM role_grants g WHERE g.account_id = j.actor_id AND g.party_id = d.donor_id))
        """,
    ),
)
