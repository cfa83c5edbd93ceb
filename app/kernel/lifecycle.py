"""The table of moves of a thing with states, and the one door through which every state changes.

A domain keeps one `Lifecycle`: (state, event) → state, who may, what must hold. `move()` locks the row, finds the line,
asks who, collects all broken rules, writes the state and one journal entry. No other code writes a state.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ValidationError
from sqlalchemy import ColumnElement, Select, Update, any_, bindparam, inspect, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import SessionTransaction
from sqlalchemy.orm.attributes import set_committed_value

from app.kernel import clock, fields, journal
from app.kernel.actor import Actor
from app.kernel.database import Stated
from app.kernel.errors import Malformed, NotNow, NotYou, Problem, SheqiaError, raise_all

Thing = TypeVar("Thing", bound=Stated)
Data = TypeVar("Data", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Case(Generic[Thing]):
    """What a rule judges: the locked thing, who acts, what was sent with the event, and facts loaded under the lock."""

    thing: Thing
    actor: Actor
    data: Mapping[str, Any] = field(default_factory=dict)
    facts: Any = None
    note: str | None = None


Rule = Callable[[Case[Any]], Iterable[Problem]]
Who = Callable[[Actor, Any], bool]
Facts = Callable[[AsyncSession, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `note_required` asks the actor for a written reason."""

    source: str
    event: str
    target: str
    who: Who
    rules: tuple[Rule, ...] = ()
    note_required: bool = False
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """An event as the caller sees it now: allowed, or blocked by these problems."""

    event: str
    target: str
    zh: str
    en: str
    allowed: bool
    note_required: bool
    problems: tuple[Problem, ...]


NOTE_MISSING = Problem(
    "note_required", "此操作须写明理由（note）。", "This act needs a written reason (note).", "/note"
)


def data_as(kind: type[Data], data: Mapping[str, Any]) -> Data:
    """What was sent with an event, as the model the event asks for. Raises `Malformed` naming every field."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise Malformed(*(fields.problem(item, within="/data") for item in error.errors())) from None


class Lifecycle(Generic[Thing]):
    """One domain's table of moves.

    `audience` says who may know of a move; `facts` loads, once and under the lock, what the rules compare.
    """

    def __init__(
        self,
        name: str,
        states: Mapping[str, tuple[str, str]],
        initial: str,
        lines: Sequence[Line],
        *,
        audience: Callable[[Thing], journal.Audience],
        facts: Facts | None = None,
    ) -> None:
        self.name, self.states, self.initial = name, dict(states), initial
        self.lines, self.audience, self.facts = tuple(lines), audience, facts
        self._table = {(line.source, line.event): line for line in self.lines}
        unknown = {s for line in self.lines for s in (line.source, line.target)} - set(self.states)
        if unknown or len(self._table) != len(self.lines):
            raise ValueError(f"lifecycle {name}: unknown states {unknown} or a repeated line")

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.event for line in self.lines))

    @property
    def final(self) -> frozenset[str]:
        """States that nothing leaves."""
        return frozenset(self.states) - {line.source for line in self.lines}

    def line(self, state: str, event: str) -> Line | None:
        return self._table.get((state, event))

    def from_state(self, state: str) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.source == state)

    def judge(self, line: Line, case: Case[Thing]) -> tuple[Problem, ...]:
        """All broken rules of one line, in the order of the table."""
        broken = [NOTE_MISSING] if line.note_required and not (case.note or "").strip() else []
        return (*broken, *(problem for rule in line.rules for problem in rule(case)))

    async def choices(self, session: AsyncSession, thing: Thing, actor: Actor) -> list[Choice]:
        """What this actor may do with the thing now; for what is blocked, why. Others' events are not listed."""
        lines = [line for line in self.from_state(thing.state) if line.who(actor, thing)]
        facts = await self.facts(session, thing) if self.facts and lines else None
        found = []
        for line in lines:
            problems = tuple(
                problem
                for problem in self.judge(line, Case(thing, actor, facts=facts, note="-"))
                if problem.pointer is None or not problem.pointer.startswith("/data")
            )
            found.append(
                Choice(line.event, line.target, line.zh, line.en, not problems, line.note_required, problems)
            )
        return found


async def lock(session: AsyncSession, thing: Stated) -> None:
    """Lock the thing's row until the transaction ends, and see it as it is now.

    What this transaction holds already is not asked for again: nobody else can have changed it.
    """
    await session.flush()
    if _held(session).get(thing.id) is thing:
        return
    columns = [attribute.key for attribute in inspect(type(thing)).column_attrs]
    await session.refresh(thing, attribute_names=columns, with_for_update=True)
    hold(session, thing)


async def locked(session: AsyncSession, query: Select[Thing]) -> Thing | None:
    """The one row a query over one table finds, read and locked in one statement."""
    options = {"populate_existing": True}
    found = await session.scalar(query.with_for_update(), execution_options=options)
    if found is not None:
        hold(session, found)
    return found


def hold(session: AsyncSession, thing: Stated) -> None:
    """Remember that this transaction has just read the thing's row `FOR UPDATE`, so that `lock` need not do it again."""
    _held(session)[thing.id] = thing


def held(session: AsyncSession, kind: type[Thing], thing_id: UUID) -> Thing | None:
    """The row as it is now, where this transaction has read it `FOR UPDATE` already."""
    found = _held(session).get(thing_id)
    return found if isinstance(found, kind) else None


def _held(session: AsyncSession) -> dict[UUID, Stated]:
    """The rows that the present transaction holds. A savepoint may give its locks back, so inside one nothing is remembered."""
    transaction = session.sync_session.get_transaction()
    if transaction is None or session.in_nested_transaction():
        return {}
    kept: WeakKeyDictionary[SessionTransaction, dict[UUID, Stated]]
    kept = session.info.setdefault("held", WeakKeyDictionary())
    return kept.setdefault(transaction, {})


async def move(
    session: AsyncSession,
    lifecycle: Lifecycle[Any],
    thing: Stated,
    event: str,
    actor: Actor,
    note: str | None = None,
    *,
    data: Mapping[str, Any] | None = None,
    facts: Any = None,
    values: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
    owned: bool = False,
) -> Line:
    """Move `thing` by `event`, or raise with every reason why not, changing nothing.

    Raises `NotNow` (no such line: names the events that are possible; or broken rules) and `NotYou`.
    `values` are columns that change together with the state. `change` joins the journal entry. `facts` replaces the lifecycle's own loader where the service has them already.
    `owned`: the domain that owns this event calls, and has asked who may act already.
    """
    await lock(session, thing)
    line = _line(lifecycle, thing, event, actor, owned=owned)
    if facts is None and lifecycle.facts is not None and line.rules:
        facts = await lifecycle.facts(session, thing)
    raise_all(lifecycle.judge(line, Case(thing, actor, data or {}, facts, note)))
    source, thing.state, thing.state_since = thing.state, line.target, clock.now()
    for name, value in (values or {}).items():
        setattr(thing, name, value)
    await session.flush()
    await journal.record(session, actor, _entry(lifecycle, thing, event, source, note, change))
    return line


async def move_many(
    session: AsyncSession,
    lifecycle: Lifecycle[Any],
    things: Sequence[Stated],
    event: str,
    actor: Actor,
    note: str | None = None,
    *,
    facts: Mapping[UUID, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
    each: Mapping[UUID, Mapping[str, Any]] | None = None,
    changes: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> dict[UUID, SheqiaError | None]:
    """Move many things of one table by one event, in a fixed number of statements; what stands in the way of each.

    Same table, same rules, same journal entries as `move`; a thing that may not move does not stop the others. All must be
    locked (`lock_many`), and `facts` loaded under that lock. `values` are columns that change together with the state; `each`
    are those of one thing alone, the same columns for all, which its rules also read as data; `changes` joins its entry.
    """
    outcome: dict[UUID, SheqiaError | None] = {}
    moved: dict[str, list[tuple[Stated, str]]] = {}
    for thing in things:
        try:
            line = _line(lifecycle, thing, event, actor)
            raise_all(
                lifecycle.judge(
                    line,
                    Case(
                        thing,
                        actor,
                        {**(data or {}), **(each or {}).get(thing.id, {})},
                        (facts or {}).get(thing.id),
                        note,
                    ),
                )
            )
        except SheqiaError as error:
            outcome[thing.id] = error
        else:
            outcome[thing.id] = None
            moved.setdefault(line.target, []).append((thing, thing.state))
    now = clock.now()
    for target, pairs in moved.items():
        kind = type(pairs[0][0])
        written = {**(values or {}), "state": target, "state_since": now, "updated_at": now}
        change_all = update(kind).values(version=kind.version + 1, **written)
        if each is None:
            await session.execute(
                change_all.where(_among(kind, [thing.id for thing, _ in pairs])).execution_options(
                    synchronize_session=False
                )
            )
        else:
            await _write_each(session, change_all, kind, {thing.id: each[thing.id] for thing, _ in pairs})
        for thing, _ in pairs:
            own = (each or {}).get(thing.id, {})
            for name, value in {**written, **own, "version": thing.version + 1}.items():
                set_committed_value(thing, name, value)
    entries = [
        _entry(lifecycle, thing, event, source, note, {**(change or {}), **(changes or {}).get(thing.id, {})})
        for pairs in moved.values()
        for thing, source in pairs
    ]
    await journal.record(session, actor, *entries)
    return outcome


async def _write_each(
    session: AsyncSession, change_all: Update, kind: type[Stated], own: Mapping[UUID, Mapping[str, Any]]
) -> None:
    # On the connection: the statement has the rows' own values as parameters, one set for each row.
    columns = list(next(iter(own.values())))
    statement = change_all.where(kind.id == bindparam("of_row")).values(
        {name: bindparam(f"own_{name}") for name in columns}
    )
    rows = [{"of_row": id_, **{f"own_{name}": row[name] for name in columns}} for id_, row in own.items()]
    await (await session.connection()).execute(statement, rows)


async def follow(
    session: AsyncSession, lifecycle: Lifecycle[Any], thing: Stated, state: str, actor: Actor
) -> None:
    """Let a thing whose state is derived from its parts take the state they give it: no line, no rule, one entry."""
    await lock(session, thing)
    if thing.state != state:
        source, thing.state, thing.state_since = thing.state, state, clock.now()
        await session.flush()
        await journal.record(session, actor, _entry(lifecycle, thing, "followed", source, None, None))


async def lock_many(session: AsyncSession, kind: type[Thing], ids: Iterable[UUID]) -> list[Thing]:
    """Lock rows of one table in the order of their ids (so that two callers cannot deadlock), as they are now."""
    wanted = sorted(set(ids))
    await session.flush()
    ours = [thing for thing in (held(session, kind, each) for each in wanted) if thing is not None]
    if len(ours) == len(wanted):
        return ours
    query = select(kind).where(_among(kind, wanted)).order_by(kind.id).with_for_update()
    found = list(await session.scalars(query, execution_options={"populate_existing": True}))
    for thing in found:
        hold(session, thing)
    return found


def _among(kind: type[Stated], ids: list[UUID]) -> ColumnElement[bool]:
    # One array, not one parameter each: no limit on how many.
    return kind.id == any_(literal(ids, ARRAY(PG_UUID(as_uuid=True))))


def _line(lifecycle: Lifecycle[Any], thing: Stated, event: str, actor: Actor, *, owned: bool = False) -> Line:
    line = lifecycle.line(thing.state, event)
    if line is None:
        possible = [choice.event for choice in lifecycle.from_state(thing.state)]
        raise NotNow(_not_possible(lifecycle, thing.state, event, possible), possible=possible)
    if not owned and not actor.is_system and not line.who(actor, thing):
        raise NotYou()
    return line


def _entry(
    lifecycle: Lifecycle[Any],
    thing: Stated,
    event: str,
    source: str,
    note: str | None,
    change: Mapping[str, Any] | None,
) -> journal.Event:
    return journal.Event(
        subject_kind=lifecycle.name,
        subject_id=thing.id,
        number=getattr(thing, "number", None),
        event=event,
        audience=lifecycle.audience(thing),
        from_state=source,
        to_state=thing.state,
        note=note,
        change=dict(change or {}),
    )


def _not_possible(lifecycle: Lifecycle[Any], state: str, event: str, possible: list[str]) -> Problem:
    zh_state, en_state = lifecycle.states[state]
    offered = "、".join(possible) or "无"
    return Problem(
        "transition_not_possible",
        f"当前状态为“{zh_state}”，不能执行 {event}；现在可执行：{offered}。",
        f"In state '{en_state}' the event '{event}' is not possible; possible now: {', '.join(possible) or 'none'}.",
        "/event",
        {"state": state, "event": event, "possible": possible},
    )


def picture(lifecycle: Lifecycle[Any]) -> str:
    """The table drawn as a Mermaid state diagram, one line per row, in the order of the table."""
    rows = ["stateDiagram-v2", f"    [*] --> {lifecycle.initial}"]
    rows += [f"    {name}: {zh} {en}" for name, (zh, en) in lifecycle.states.items()]
    rows += [f"    {line.source} --> {line.target}: {line.event}" for line in lifecycle.lines]
    rows += [f"    {name} --> [*]" for name in lifecycle.states if name in lifecycle.final]
    return "\n".join(rows) + "\n"
