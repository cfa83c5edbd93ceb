"""How many statements a piece of code sends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine


class Counted:
    """The statements sent while counting, BEGIN, COMMIT and savepoints aside, and the clock that only a sandbox asks."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __len__(self) -> int:
        return len(self.texts)


@contextmanager
def counting() -> Iterator[Counted]:
    """Count every statement of every engine in the block; one for many rows counts once."""
    counted = Counted()

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(
            ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO", "SELECT ahead FROM sandbox")
        ):
            counted.texts.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", note)
