"""Ways to corrupt one row of the lived world, each of which one check must see.

`sql` may name {closed}, {running}, {noticed} and {open}, the four projects, {org0}…{org2}, and {evaluator}. `refused_by` is the
constraint or trigger with which the database itself refuses the row; empty where only a check under a lock stands guard.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Corruption:
    """One row made wrong: which invariant, what the check should say, how, and what in the database refuses it."""

    number: int
    fault: str
    sql: str
    refused_by: str = ""


RUNNING = "(SELECT id FROM contracts WHERE project_id = '{running}')"
CLOSED = "(SELECT id FROM contracts WHERE project_id = '{closed}')"
_STEP = (
    "INSERT INTO journal_entries (subject_kind, subject_id, event, actor_kind, actor_label, from_state, to_state, change,"
    " area_path, party_ids, level, domain_at, note) SELECT {values}"
)


def step(values: str) -> str:
    """A forged entry of the log; NOBODY stands for an empty change told to all."""
    return _STEP.replace("{values}", values.replace("NOBODY", "'{{}}', '', '{{}}', 'public'"))


def copied(table: str, where: str, **columns: str) -> str:
    """A second row like the one found, with another id and these columns."""
    changed = {"id": "gen_random_uuid()", **columns}
    values = ", ".join(f"'{name}', {value}" for name, value in changed.items())
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({values}))).* "
        f"FROM {table} t WHERE {where}"
    )


CORRUPTIONS = (
    Corruption(1, "awarded above", "UPDATE projects SET budget_fen = 1000 WHERE id = '{noticed}'"),
    Corruption(1, "contracted above", "UPDATE projects SET budget_fen = 1000 WHERE id = '{running}'"),
    Corruption(
        1,
        "contract above its award",
        "UPDATE contracts SET amount_fen = amount_fen + 2 WHERE project_id = '{running}'",
    ),
    Corruption(
        1,
        "line overdrawn",
        "UPDATE funding_allocations SET amount_fen = 99999999 WHERE project_id = '{open}'",
        "line .* is overdrawn",
    ),
    Corruption(
        1, "source overdrawn", "UPDATE funding_sources SET amount_fen = 1000", "source .* is overdrawn"
    ),
    Corruption(
        1,
        "2 % of relief",
        "UPDATE funding_sources SET is_relief = true",
        "ck_funding_sources_relief_purchase_is_capped",
    ),
    Corruption(
        1,
        "half of the lottery",
        "UPDATE funding_allocations SET category = 'youth_development'",
        "the earmark of source",
    ),
    Corruption(
        2,
        "paid above the contract",
        f"UPDATE contract_payments SET amount_fen = 99999999 WHERE contract_id = {RUNNING}",
    ),
    Corruption(
        2, "not what was signed", f"UPDATE contracts SET signed_amount_fen = 5 WHERE id = {RUNNING}"
    ),
    Corruption(
        2,
        "before its trigger",
        f"UPDATE contracts SET midterm_passed_at = NULL WHERE id = {CLOSED}",
    ),
    Corruption(
        2,
        "tranche paid twice",
        copied("contract_payments", f"t.contract_id = {RUNNING}", voucher="'ZF-9'"),
        "uq_contract_payments_tranche_id",
    ),
    Corruption(
        2,
        "paid while suspended",
        step(
            f"'contract', {RUNNING}, 'suspend', 'person', 'x', 'active', 'suspended', NOBODY,"
            " created_at, 'x' FROM contract_payments WHERE contract_id = " + RUNNING
        ),
    ),
    Corruption(
        2,
        "payment was stopped",
        step(
            f"'contract', {RUNNING}, 'midterm_failed', 'person', 'x', NULL, NULL, NOBODY,"
            " created_at, NULL FROM contract_payments WHERE contract_id = " + RUNNING
        ),
    ),
    Corruption(
        3,
        "more than one contract",
        copied("contracts", "t.project_id = '{running}'", number="'second'", award_id="gen_random_uuid()"),
        "uq_contracts_one_live_per_project",
    ),
    Corruption(
        3,
        "project with lots",
        "UPDATE projects SET parent_id = '{running}' WHERE id = '{open}'",
    ),
    Corruption(
        4,
        "a listed organization",
        "INSERT INTO credit_events (id, organization_id, listed, reason, listed_on, decided_by, version, created_at,"
        " updated_at) VALUES (gen_random_uuid(), '{org1}', 'abnormal_list', 'x', '2020-01-01', 'x', 1, '2020-01-01',"
        " '2020-01-01')",
    ),
    Corruption(
        4,
        "a cancelled organization",
        "UPDATE organizations SET state = 'cancelled', state_since = '2020-01-01' WHERE id = '{org1}'",
    ),
    Corruption(
        4,
        "failed its inspection",
        "UPDATE organizations SET annual_inspection = '{{\"2025\": \"not_taken\"}}' WHERE id = '{org1}'",
    ),
    Corruption(
        4,
        "ended by a machine",
        step(
            f"'contract', {RUNNING}, 'terminate', 'system', 'clock', 'in_delivery', 'terminated', NOBODY, now(), 'x'"
        ),
    ),
    Corruption(
        5,
        "signed by a filed group",
        "UPDATE organizations SET registration_type = 'filed_group', state = 'filed' WHERE id = '{org1}'",
    ),
    Corruption(
        5,
        "sponsored by a filed group",
        "UPDATE organizations SET fiscal_sponsor_id = '{org0}', registration_type = 'filed_group', state = 'filed'",
        "ck_organizations_own_sponsor",
    ),
    Corruption(
        6,
        "above the capacity",
        "UPDATE organizations SET capacity_max = 0 WHERE id = '{org1}'",
    ),
    Corruption(
        6,
        "without its place",
        "DELETE FROM engagements WHERE project_id = '{noticed}'",
    ),
    Corruption(
        6,
        "held for nothing",
        "UPDATE awards SET state = 'cancelled' WHERE project_id = '{noticed}'",
    ),
    Corruption(
        6,
        "held after the work",
        "UPDATE engagements SET state = 'active' WHERE project_id = '{closed}'",
    ),
    Corruption(
        7,
        "supplier is another side",
        "UPDATE contracts SET supplier_id = buyer_id WHERE project_id = '{running}'",
        "ck_contracts_supplier_is_no_other_side",
    ),
    Corruption(
        7,
        "supplier is another side",
        "UPDATE parties SET uscc = '51320102MJA0000001' WHERE id IN (SELECT unnest(ARRAY[supplier_id, buyer_id])"
        " FROM contracts WHERE project_id = '{running}')",
    ),
    Corruption(
        7,
        "evaluator is a side",
        "UPDATE evaluations SET evaluator_id = supplier_id WHERE project_id = '{running}'",
        "ck_evaluations_evaluator_is_not_the_supplier",
    ),
    Corruption(7, "without a statement", "DELETE FROM conflict_statements WHERE project_id = '{noticed}'"),
    Corruption(
        7,
        "with a relation",
        "UPDATE conflict_statements SET conflict = true, relation = 'x' WHERE project_id = '{running}'",
    ),
    Corruption(
        8,
        "evaluator competes",
        "UPDATE parties SET normal_name = (SELECT normal_name FROM parties WHERE id = '{org1}') WHERE id = '{evaluator}'",
    ),
    Corruption(
        9,
        "reviewed by its submitter",
        "UPDATE projects SET reviewed_by = submitted_by WHERE id = '{open}'",
    ),
    Corruption(
        9,
        "confirmed by its proposer",
        "UPDATE awards SET confirmed_by = proposed_by WHERE project_id = '{running}'",
        "ck_awards_two_persons",
    ),
    Corruption(
        9,
        "before scoring was closed",
        "UPDATE evaluations SET total = 90 WHERE project_id = '{running}'",
        "ck_evaluations_blind_until_closed",
    ),
    Corruption(
        9,
        "scores told",
        "UPDATE journal_entries SET change = '{{\"total\": \"90\"}}' WHERE event = 'scored'",
        "append-only",
    ),
    Corruption(
        9,
        "two sheets",
        "UPDATE score_sheets SET scorer_id = (SELECT assigned_by FROM evaluations LIMIT 1)",
        "uq_score_sheets_evaluation_id_scorer_id",
    ),
    Corruption(
        9,
        "heard by its filer",
        "INSERT INTO evaluation_appeals (id, version, created_at, updated_at, evaluation_id, grounds, filed_by,"
        " filed_side, filed_at, decided_by, decided_at, upheld) SELECT gen_random_uuid(), 1, now(), now(), id, 'x',"
        " assigned_by, 'buyer', now(), assigned_by, now(), true FROM evaluations WHERE phase = 'final'",
        "ck_evaluation_appeals_another_handler",
    ),
    Corruption(
        10,
        "without the rating",
        "UPDATE organizations SET rating_valid_until = '2020-01-01' WHERE id = '{org1}'",
    ),
    Corruption(
        10,
        "without 养老机构备案",
        "UPDATE organizations SET qualifications = '[{{\"name\": \"养老机构备案\", \"valid_until\": \"2020-01-01\"}}]'",
    ),
    Corruption(
        10,
        "ends before the contract",
        "UPDATE organizations SET qualifications = jsonb_build_array(jsonb_build_object('name', '养老机构备案',"
        " 'valid_until', (SELECT signed_at::date + 30 FROM contracts WHERE project_id = '{closed}')))",
    ),
    Corruption(
        11, "another scope", "UPDATE organizations SET categories = '{{youth_development}}' WHERE id = '{org1}'"
    ),
    Corruption(
        11, "another area", "UPDATE organizations SET service_areas = '{{3201/320118}}' WHERE id = '{org1}'"
    ),
    Corruption(12, "unlawful step", step(
        "'project', '{open}', 'close', 'person', 'x', 'published', 'closed', NOBODY, now(), 'x'")),
    Corruption(12, "does not begin where", step(
        "'project', '{open}', 'submit', 'person', 'x', 'draft', 'submitted', NOBODY, now(), 'x'")),
    Corruption(12, "not what the log tells", "UPDATE projects SET state = 'approved' WHERE id = '{open}'"),
    Corruption(12, "not what the log tells", "UPDATE projects SET version = 1 WHERE id = '{open}'"),
    Corruption(12, "without a step in the log",
               "DELETE FROM journal_entries WHERE subject_id = '{open}'", "append-only"),
    Corruption(12, "without a reason", "UPDATE journal_entries SET note = ' ', to_state = 'returned'"
               " WHERE subject_id = '{open}' AND event = 'approve'", "append-only"),
    Corruption(12, "without an actor", "UPDATE journal_entries SET actor_label = '' WHERE event = 'approve'", "append-only"),
    Corruption(12, "the log can be changed", "ALTER TABLE journal_entries DISABLE TRIGGER append_only"),
    Corruption(13, "the title is not", "UPDATE projects SET title = '另一件事' WHERE id = '{open}'"),
    Corruption(13, "the budget is not", "UPDATE projects SET budget_fen = budget_fen - 1 WHERE id = '{open}'"),
    Corruption(13, "changed without an amendment", step(
        "'project', '{open}', 'changed', 'person', 'x', NULL, NULL, NOBODY, now() + '1 year', NULL")),
    Corruption(13, "told to nobody", "INSERT INTO project_amendments (id, project_id, at, by_label, reason, change,"
               " material, intents_until) VALUES (gen_random_uuid(), '{open}', now(), 'x', 'x', '{{\"a\": 1}}', true, now() + '9 d')"),
    Corruption(13, "gives no more time", "INSERT INTO project_amendments (id, project_id, at, by_label, reason, change,"
               " material, intents_until) VALUES (gen_random_uuid(), '{open}', now(), 'x', 'x', '{{}}', true, now())"),
    Corruption(14, "told to others", "UPDATE journal_entries SET level = 'public' WHERE subject_kind = 'talk'", "append-only"),
    Corruption(14, "told to others", "UPDATE journal_entries SET party_ids = ARRAY['{org2}'::uuid] WHERE subject_kind = 'intent'",
               "append-only"),
    Corruption(14, "told before its notice", "UPDATE awards SET notice_from = NULL WHERE project_id = '{noticed}'",
               "ck_awards_notice"),
    Corruption(14, "nobody was told of", "UPDATE journal_entries SET level = 'parties' WHERE subject_kind = 'award'", "append-only"),
    Corruption(16, "more than once", copied("satisfaction_replies", "true"), "uq_satisfaction_replies_token_id"),
    Corruption(16, "of another contract", f"UPDATE satisfaction_replies SET contract_id = {RUNNING}"),
    Corruption(16, "used and not used", "UPDATE satisfaction_tokens SET used_at = NULL"),
    Corruption(16, "issued by the supplier", "INSERT INTO role_grants (id, account_id, role, party_id)"
               " SELECT gen_random_uuid(), issued_by, 'organization', '{org1}' FROM satisfaction_tokens LIMIT 1",
               "fk_role_grants_account_id_accounts"),
    Corruption(19, "more persons than contacts", "UPDATE service_logs SET contacts = 0, persons = 1",
               "ck_service_logs_a_person_is_a_contact"),
    Corruption(19, "reach is not the sum", "UPDATE service_logs SET contacts = contacts + 1"),
    Corruption(19, "reach is not the sum", "INSERT INTO service_log_voidings (log_id, reason, voided_by_label, voided_at)"
               f" SELECT id, 'x', 'x', now() FROM service_logs WHERE contract_id = {CLOSED}"
               " AND id NOT IN (SELECT log_id FROM service_log_voidings)"),
    Corruption(19, "reach is not the sum", "DELETE FROM service_log_voidings", "append-only"),
    Corruption(19, "tranches do not add up", "UPDATE contract_tranches SET amount_fen = amount_fen + 1 WHERE seq = 3"),
    Corruption(19, "paid is not the sum", f"UPDATE contracts SET paid_fen = paid_fen - 1 WHERE id = {RUNNING}"),
    Corruption(19, "another sum: paid", f"UPDATE contracts SET paid_fen = paid_fen - 1 WHERE id = {RUNNING}"),
    Corruption(19, "another sum: negotiated", "UPDATE awards SET amount_fen = amount_fen + 1 WHERE project_id = '{running}'"),
    Corruption(19, "balance of the ledger", "UPDATE funding_ledger SET balance_fen = balance_fen + 1", "append-only"),
    Corruption(19, "balance of the ledger", "DELETE FROM funding_ledger WHERE measure = 'negotiated'", "append-only"),
    Corruption(19, "lots do not add up", "UPDATE projects SET parent_id = '{open}', budget_fen = 5 WHERE id = '{noticed}'"),
    Corruption(20, "not funded", "UPDATE funding_allocations SET released_fen = 1, released_at = now() WHERE project_id = '{open}'"),
    Corruption(20, "not funded", "UPDATE projects SET is_estimate = true WHERE id = '{open}'", "ck_projects_published_money"),
    Corruption(20, "refused and yet alive", step(
        "'project', '{open}', 'refuse', 'person', 'x', 'approved', 'rejected', NOBODY, now(), 'x'")),
    Corruption(21, "changed after its end", "UPDATE projects SET updated_at = updated_at + '1 day' WHERE id = '{closed}'"),
    Corruption(21, "changed after its end",
               "UPDATE contracts SET updated_at = updated_at + '1 day' WHERE project_id = '{closed}'"),
    Corruption(21, "changed after its end", "UPDATE complaints SET updated_at = updated_at + '1 day'",
               "complaints .* has ended"),
    Corruption(21, "money moved after its end", "UPDATE funding_ledger SET domain_at = domain_at + '9 d'", "append-only"),
    Corruption(21, "deleted", "DELETE FROM intents WHERE project_id = '{open}'"),
)  # fmt: skip
