"""A random walk of legal and illegal acts of money, judged by plain arithmetic that knows nothing of the service."""

from collections import Counter
from collections.abc import Awaitable
from random import Random
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category
from app.funding import service
from app.funding.service import Measure, Part
from app.kernel.errors import NotNow
from app.kernel.ids import uuid7
from tests.factories.editions import make_edition
from tests.factories.funding import CLERK, lottery_draft, make_line, make_source

ACTS = 250
LINE_FEN, SOURCE_FEN = 1_000, 2_000


class Books:
    """What should be true, counted by hand: two lines of one lottery source, a few projects."""

    def __init__(self, lines: list[UUID], projects: list[UUID]) -> None:
        self.lines, self.projects = lines, projects
        self.held: dict[tuple[UUID, UUID], tuple[int, Category]] = {}
        self.kept: list[tuple[UUID, UUID, int, Category]] = []
        self.money: Counter[tuple[UUID, Measure]] = Counter()

    def on_line(self, line: UUID) -> int:
        return sum(fen for _, of, fen, _ in self.rows() if of == line)

    def rows(self) -> list[tuple[UUID, UUID, int, Category]]:
        return [(p, line, fen, category) for (p, line), (fen, category) in self.held.items()] + self.kept

    def other_uses(self) -> int:
        return sum(fen for _, _, fen, category in self.rows() if category != Category.ELDERLY_CARE)

    def committed(self, project: UUID) -> int:
        return sum(fen for p, _, fen, _ in self.rows() if p == project)

    def spent(self, project: UUID) -> int:
        return self.money[project, Measure.PAID] - self.money[project, Measure.REFUNDED]

    def allocates(self, project: UUID, line: UUID, fen: int, category: Category) -> bool:
        other = fen if category != Category.ELDERLY_CARE else 0
        allowed = (
            (project, line) not in self.held
            and self.on_line(line) + fen <= LINE_FEN
            and self.other_uses() + other <= SOURCE_FEN // 2
        )
        if allowed:
            self.held[project, line] = (fen, category)
        return allowed

    def releases(self, project: UUID, order: list[UUID]) -> int:
        """Money spent stays where it was committed first; `order` is the order of the lines."""
        left, freed = self.spent(project), 0
        mine = [row for row in self.kept if row[0] == project]
        mine += [
            (project, line, *self.held.pop((project, line))) for line in order if (project, line) in self.held
        ]
        self.kept = [row for row in self.kept if row[0] != project]
        for p, line, fen, category in mine:
            stays = min(left, fen)
            left -= stays
            freed += fen - stays
            if stays:
                self.kept.append((p, line, stays, category))
        return freed

    def posts(self, project: UUID, measure: Measure, fen: int) -> bool:
        after = self.money.copy()
        after[project, measure] += fen
        contracted = after[project, Measure.CONTRACTED]
        spent = after[project, Measure.PAID] - after[project, Measure.REFUNDED]
        moved = measure in (Measure.PAID, Measure.REFUNDED)
        allowed = (
            fen != 0 and not (moved and fen < 0) and after[project, measure] >= 0 and 0 <= spent <= contracted
        )
        committed = self.committed(project)
        if measure == Measure.CONTRACTED and fen > 0 and 0 < committed < contracted:
            allowed = False
        if allowed:
            self.money = after
        return allowed


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_people_try_the_books_are_right(session: AsyncSession, seed: int) -> None:
    rng = Random(seed)
    await make_edition(session)
    source = await make_source(session, lottery_draft(SOURCE_FEN / 100))
    lines = [(await make_line(session, LINE_FEN / 100, source=source)).id for _ in range(2)]
    books = Books(lines, [uuid7() for _ in range(4)])
    taken: dict[UUID, list[UUID]] = {project: [] for project in books.projects}
    outcomes: Counter[str] = Counter()
    for turn in range(ACTS):
        project = rng.choice(books.projects)
        act = rng.choices(("allocate", "release", "post"), (3, 1, 6))[0]
        if act == "allocate":
            line, fen = rng.choice(lines), rng.randint(1, 500)
            category = rng.choice((Category.ELDERLY_CARE, Category.OTHER))
            expected = books.allocates(project, line, fen, category)
            done = await _tried(service.allocate(session, CLERK, project, [Part(line, fen, category)]))
            if done:
                taken[project].append(line)
        elif act == "release":
            freed = books.releases(project, taken[project])
            taken[project] = []
            expected = done = True
            assert await service.release_allocation(session, CLERK, project) == freed
        else:
            measure, fen = rng.choice(list(Measure)), rng.randint(-100, 300)
            expected = books.posts(project, measure, fen)
            reference = f"凭证{turn}"
            done = await _tried(
                service.post(session, CLERK, measure, project_id=project, amount_fen=fen, reference=reference)
            )
        assert done == expected, f"seed {seed}, act {turn}: {act}"
        outcomes[f"{act} {'done' if done else 'refused'}"] += 1
    standings = await service.standings(session, books.projects)
    for project, standing in standings.items():
        assert {measure: standing.of(measure) for measure in Measure} == {
            measure: books.money[project, measure] for measure in Measure
        }
        assert standing.committed_fen == books.committed(project)
    assert (await service.prove(session)).problems == ()
    assert min(outcomes[f"{act} {end}"] for act in ("allocate", "post") for end in ("done", "refused")) >= 5


async def _tried(act: Awaitable[object]) -> bool:
    try:
        await act
    except NotNow:
        return False
    return True
