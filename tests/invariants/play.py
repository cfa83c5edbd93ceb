"""Play one act of the world in a savepoint, and ask every invariant afterwards."""

from collections import Counter
from datetime import timedelta
from itertools import islice

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.complaints import service as complaints
from app.contracts import service as contracts
from app.kernel import clock
from app.kernel.database import BorrowedDatabase
from app.kernel.errors import SheqiaError
from app.negotiations import service as negotiations
from app.projects import service as projects
from app.timetables import service as timetables
from tests.invariants import checks
from tests.invariants.routes import steps
from tests.invariants.script import ACTS
from tests.invariants.world import Turn, World

DICE = 10**12


async def broken(connection: AsyncConnection) -> list[tuple[int, str, str]]:
    """Every row that breaks an invariant now: number, what is wrong, which row."""
    found = await connection.exec_driver_sql(checks.ALL)
    return [(number, wrong, row) for number, wrong, row in found]


class Player:
    """Plays acts on a world that lies in the connection's transaction."""

    def __init__(self, connection: AsyncConnection, world: World) -> None:
        self.connection, self.world = connection, world
        self.database = BorrowedDatabase(connection)
        self.outcomes: Counter[str] = Counter()

    async def state(self, project: int) -> str:
        found = await self.connection.execute(
            text("SELECT state FROM projects WHERE id = :id"), {"id": self.world.projects[project]}
        )
        return str(found.scalar_one())

    async def states(self) -> list[str]:
        return [await self.state(project) for project in range(len(self.world.projects))]

    async def act(
        self, name: str, project: int, *, part: str | None = None, organization: int = 0, dice: int = 0
    ) -> str:
        """Let one person try one act; 'done' or the code of the refusal. Raises `AssertionError` when an invariant is broken after it."""
        clock.settle(timedelta(days=self.world.days))
        usual, does = ACTS[name]
        project_id = self.world.projects[project]
        actor = self.world.who(part or usual, project_id, organization)
        try:
            async with self.database.writing() as session:
                await does(Turn(self.world, session, actor, project_id, dice, organization))
            outcome = "done"
            self.go_on_with_a_lot(project)
        except SheqiaError as error:
            outcome = error.code
        self.outcomes[f"{name}: {outcome}"] += 1
        await self.check(f"{part or usual} tried {name} on project {project}: {outcome}")
        return outcome

    def go_on_with_a_lot(self, project: int) -> None:
        """Of a project that has been divided, one lot lives on as the project did; the others wait as drafts."""
        before = self.world.projects[project]
        if lot := self.world.lots.pop(before, None):
            self.world.projects[project] = lot
            self.world.areas[lot] = self.world.areas[before]

    async def days_pass(self, days: int) -> None:
        """Time runs, and whatever time alone moves is moved."""
        self.world.days += days
        clock.settle(timedelta(days=self.world.days))
        async with self.database.writing() as session:
            for domain in (projects, negotiations, timetables, contracts, complaints):
                await domain.tick(session)
        await self.check(f"{days} days passed")

    async def walk(
        self, project: int, route: str, *, organization: int, stop: int | None = None
    ) -> list[str]:
        """Play a route, or its first `stop` steps; how each act ended."""
        outcomes = []
        for step in islice(steps(route), stop):
            if step.days:
                await self.days_pass(step.days)
            else:
                who = organization if step.organization is None else step.organization
                outcomes.append(await self.act(step.name, project, organization=who, dice=step.dice))
        return outcomes

    async def check(self, after: str) -> None:
        found = await broken(self.connection)
        assert not found, f"after {after}: {found}"
