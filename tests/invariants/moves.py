"""Every lawful step of a life, copied by hand from DOMAIN.md §5 as amended by DESIGN.md §8: what a table of moves may not exceed.

`kind`: `from > to, to` lines; the first state named is where that life begins.
"""

LIVES = {
    "project": """
        draft > submitted, rejected, withdrawn
        submitted > under_review, rejected, withdrawn
        under_review > returned, rejected, approved, withdrawn
        returned > submitted, rejected, withdrawn
        approved > published, returned, rejected, withdrawn
        published > negotiating, unsuccessful, withdrawn
        negotiating > award_proposed, unsuccessful, withdrawn
        unsuccessful > published, withdrawn
        award_proposed > award_notice, negotiating, published, withdrawn
        award_notice > awarded, negotiating, published, withdrawn
        awarded > contracted, negotiating, published
        contracted > in_delivery, suspended, terminated
        in_delivery > final_evaluation, suspended, terminated
        suspended > in_delivery, contracted, terminated
        final_evaluation > accepted, failed
        accepted > settled
        failed > settled, final_evaluation
        settled > closed
    """,
    "intent": """
        expressed > accepted, declined, withdrawn, expired, won, lost
        accepted > scheduled, talked, won, lost, declined, withdrawn
        scheduled > scheduled, talked, won, lost, declined, withdrawn
        talked > shortlisted, won, lost, declined, withdrawn
        shortlisted > won, lost, declined, withdrawn
        won > lost
        lost > talked
    """,
    "talk": """
        recorded > confirmed, disputed
        disputed > recorded
    """,
    "award": """
        proposed > notice, cancelled
        notice > active, cancelled
        active > contracted, cancelled
    """,
    "engagement": """
        reserved > active, released
        active > released
    """,
    "meeting": """
        planned > planned, held, missed, cancelled
    """,
    "contract": """
        draft > partly_signed, void
        partly_signed > partly_signed, active, draft, void
        active > in_delivery, suspended, terminated
        in_delivery > final_evaluation, suspended, terminated
        suspended > in_delivery, active, terminated
        final_evaluation > accepted, failed
        accepted > settled
        failed > settled
        settled > closed
    """,
    "amendment": """
        proposed > in_force, refused, withdrawn
    """,
    "evaluation": """
        assigned > scoring, cancelled
        scoring > closed, cancelled
        closed > closed, appealed, confirmed
        appealed > closed
    """,
    "complaint": """
        received > under_review, refused, withdrawn
        under_review > in_mediation, decided, withdrawn
        in_mediation > decided, under_review
        decided > appealed, closed
        appealed > closed
    """,
    "volunteer_hours": """
        recorded > verified, refused
        verified > voided
    """,
    "donation": """
        offered > received, withdrawn
        received > closed
    """,
    "need": """
        collected > merged, converted, answered, rejected
        converted > converted
    """,
}
TABLES = {
    "project": "projects",
    "intent": "intents",
    "talk": "talks",
    "award": "awards",
    "meeting": "meetings",
    "engagement": "engagements",
    "contract": "contracts",
    "amendment": "contract_amendments",
    "evaluation": "evaluations",
    "complaint": "complaints",
    "need": "needs",
    "volunteer_hours": "volunteer_hours",
    "donation": "donations",
}


def steps() -> str:
    """The steps as rows of SQL: kind, from, to."""
    rows = []
    for kind, life in LIVES.items():
        for line in life.strip().splitlines():
            source, targets = line.split(">")
            rows += [f"('{kind}', '{source.strip()}', '{target.strip()}')" for target in targets.split(",")]
    return ", ".join(rows)


def beginnings() -> str:
    """Where each life begins, as rows of SQL: kind, state."""
    return ", ".join(f"('{kind}', '{life.split()[0]}')" for kind, life in LIVES.items())


def things() -> str:
    """Every thing that has a life, as one query: kind, id, state, version."""
    return " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, id, state, version FROM {table}" for kind, table in TABLES.items()
    )
