"""Ways to corrupt what was given in the lived world: hours of one volunteer, whose account has reached its cap, and one donation."""

from tests.invariants.corruptions import Corruption, copied

NEWEST = "(SELECT id FROM volunteer_hours ORDER BY id DESC LIMIT 1)"
SELF = "(SELECT account_id FROM volunteers WHERE account_id IS NOT NULL LIMIT 1)"
OF_GIVING = (
    Corruption(17, "in two places", copied("volunteer_hours", f"t.id = {NEWEST}", state="'recorded'", verified_by="NULL"),
               "hours_do_not_overlap"),
    Corruption(17, "more than a day in a day", copied("volunteer_hours", "true", half_hours="48",
               starts_at="date_trunc('day', t.starts_at)", ends_at="date_trunc('day', t.starts_at) + interval '24 hours'")),
    Corruption(17, "nobody was warned of", "UPDATE volunteer_hours SET long_day = false, half_hours = 20,"
               f" ends_at = starts_at + interval '10 hours' WHERE id = {NEWEST}"),
    Corruption(17, "steps of half an hour", "UPDATE volunteer_hours SET ends_at = ends_at - interval '10 minutes'",
               "as_long_as_said"),
    Corruption(17, "by the volunteer", f"UPDATE volunteer_hours SET recorded_by = {SELF}", "not_ones_own_hours"),
    Corruption(17, "by the volunteer", "UPDATE volunteers SET account_id = (SELECT verified_by FROM volunteer_hours"
               " WHERE verified_by IS NOT NULL LIMIT 1) WHERE account_id IS NOT NULL"),
    Corruption(17, "by who entered them", "UPDATE volunteer_hours SET verified_by = recorded_by WHERE state = 'verified'",
               "verified_by_another"),
    Corruption(17, "verified by nobody", "UPDATE volunteer_hours SET verified_by = NULL WHERE state = 'verified'",
               "verified_by_somebody"),
    Corruption(17, "not in the account", "UPDATE volunteer_hours SET state = 'verified', verified_by = gen_random_uuid(),"
               " verified_at = now() WHERE state = 'recorded'"),
    Corruption(17, "still in the account", "UPDATE volunteer_hours SET state = 'voided' WHERE state = 'verified'"),
    Corruption(17, "below zero", "UPDATE volunteer_time SET balance = -1 WHERE turn = 1", "append-only"),
    Corruption(17, "above its cap", "UPDATE volunteer_time SET balance = 3001 WHERE turn = 1", "append-only"),
    Corruption(17, "balance of the account", "DELETE FROM volunteer_time WHERE turn = 2", "append-only"),
    Corruption(17, "a team spent", "UPDATE volunteers SET kind = 'group'", "fk_volunteer_time_holder"),
    Corruption(17, "did not arrive", "DELETE FROM volunteer_time WHERE kind = 'transfer' AND half_hours > 0", "append-only"),
    Corruption(17, "forgotten and yet named", "UPDATE volunteers SET erased_at = now()", "named_until_erased|erased_has_no_account"),
    Corruption(17, "can be changed", "ALTER TABLE volunteer_time DISABLE TRIGGER append_only"),
    Corruption(18, "more used than received", "UPDATE donations SET received = used - 1, value_fen = used - 1 WHERE used > 0", "used_within_received"),
    Corruption(18, "the sum of its uses", "UPDATE donations SET used = used - 1"),
    Corruption(18, "the sum of its uses", "DELETE FROM donation_uses", "append-only"),
    Corruption(18, "another purpose", "UPDATE donations SET purpose_categories = '{{youth_development}}'"),
    Corruption(18, "another purpose", "UPDATE donations SET purpose_project_id = '{open}'"),
    Corruption(18, "outside its area", "UPDATE donations SET area_path = '3201/320106'"),
    Corruption(18, "after its day", "UPDATE donations SET valid_to = '2020-01-01'"),
    Corruption(18, "not received", "UPDATE donations SET state = 'withdrawn'", "received_when_received"),
    Corruption(18, "without a report", "UPDATE donations SET state = 'closed'", "closed_with_a_report"),
    Corruption(18, "told in the log", "UPDATE donations SET anonymous = true, donor_name = '助老'"),
    Corruption(18, "told in the log", "UPDATE journal_entries SET actor_label = '不愿留名的退休教师' WHERE subject_kind = 'donation'",
               "append-only"),
)  # fmt: skip
