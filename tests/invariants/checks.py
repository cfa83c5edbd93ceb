"""The invariants of DOMAIN.md §5 as SQL, one query each, written from that page alone: nothing here knows the service.

Each query returns the rows that break the promise: what is wrong, and which row. No row, no fault. A query judges what the
tables hold at any moment, between two acts of anybody.

Not here: of 9, that a scorer cannot see others' scores is a question of reading, asked by the tests of
evaluations; what is judged here is that no result exists and no score is told while scoring runs.
"""

from tests.invariants.checks_of_decisions import DECISIONS
from tests.invariants.checks_of_giving import GIVING
from tests.invariants.checks_of_records import RECORDS
from tests.invariants.checks_of_seats import SEATS

CHECKS = tuple(sorted((*DECISIONS, *RECORDS, *SEATS, *GIVING), key=lambda check: check.number))
ALL = " UNION ALL ".join(
    f"SELECT {check.number} AS number, fault.* FROM ({check.sql}) AS fault(what, which)" for check in CHECKS
)
"""Every check in one statement: number, what is wrong, which row."""
