"""The live index: the market of this moment in memory, following the journal; no restart is ever needed.

One per database and edition in each process. A small change is taken in on the spot, within the request that finds it; a large
one (a first start, an import) in the background, and whoever asks meanwhile is answered from the stored run.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.editions.models import Edition
from app.kernel import clock, jobs, journal
from app.matches import encoding, facts, repository
from app.matches import weights as weight_sets
from app.matches.runs import EMBED, MATCHER, RUN, read_market, texts_of
from app.organizations import service as organizations
from app.projects import service as projects
from matching import GateRules, LiveIndex, MemoryStore, Organization, Project, Ranker, Weights

log = structlog.get_logger()

Answer = TypeVar("Answer")

SMALL = 300
"""Things that a request may take in by itself."""
TEXTS_AT_ONCE = 64
"""Texts this process embeds by itself; more are left to the job that uses every core."""

PATIENCE_SECONDS = 8.0
_STORE = MemoryStore()
_INDEXES: WeakKeyDictionary[object, dict[str, "MarketIndex"]] = WeakKeyDictionary()


class NotEmbedded(Exception):
    """Too many texts have no vector yet; a job has been asked to make them."""


async def current(session: AsyncSession, edition: Edition) -> "MarketIndex | None":
    """The index of an edition, up to date with the journal; None while it warms."""
    assert session.bind is not None
    index = _INDEXES.setdefault(session.bind, {}).setdefault(edition.code, MarketIndex(edition.code))
    return index if await index.settle(session, edition) else None


class MarketIndex:
    """The open projects of one edition and all organizations."""

    def __init__(self, edition: str) -> None:
        self.edition = edition
        self.live: LiveIndex | None = None
        self.position = 0
        self.weights: Weights | None = None
        self._rules: GateRules | None = None
        self._lock = asyncio.Lock()
        self._warming: asyncio.Task[None] | None = None

    async def ask(self, question: Callable[[LiveIndex], Answer]) -> Answer:
        """The answer to one question, in a thread; changes and other questions wait, because the index is one thing."""
        async with self._lock:
            assert self.live is not None
            return await asyncio.to_thread(question, self.live)

    async def settle(self, session: AsyncSession, edition: Edition) -> bool:
        """Take in what has happened; False while that is too much for one request."""
        if self._warming is not None and not self._warming.done() and not await self._warmed():
            return self.live is not None
        async with self._lock:
            try:
                if self.live is None or await self._outdated(session, edition):
                    return await self._load_or_warm(session, edition)
                await self._follow(session, edition)
            except NotEmbedded:
                return False
        return True

    async def _outdated(self, session: AsyncSession, edition: Edition) -> bool:
        # Ratings expire with the day; an edition's settings change its gates; its weights only until they are frozen.
        assert self.live is not None
        if self.live.ranker.as_of != clock.today() or self._rules != weight_sets.rules_of(edition):
            return True
        return self.weights != await weight_sets.in_force(session, edition)

    async def _load_or_warm(self, session: AsyncSession, edition: Edition) -> bool:
        if await repository.market_size(session, edition.code) <= SMALL:
            await self._load(session, edition)
            return True
        if isinstance(session.bind, AsyncEngine):
            self._warming = asyncio.create_task(self._warm(session.bind, edition))
            await self._warmed()
        return self.live is not None

    async def _warmed(self) -> bool:
        """Whether the index came alive while a person would still wait for a page."""
        if self.live is None and self._warming is not None:
            await asyncio.wait({self._warming}, timeout=PATIENCE_SECONDS)
        return self.live is not None and (self._warming is None or self._warming.done())

    async def _warm(self, engine: AsyncEngine, edition: Edition) -> None:
        try:
            async with AsyncSession(engine, expire_on_commit=False, autoflush=False) as session:
                await self._load(session, edition)
        except NotEmbedded:
            log.info("index_waits_for_vectors", edition=edition.code)
        except SQLAlchemyError as error:
            log.warning("index_not_warmed", edition=edition.code, exc_info=error)

    async def _load(self, session: AsyncSession, edition: Edition) -> None:
        position = await repository.head(session)
        weights, rules = await weight_sets.in_force(session, edition), weight_sets.rules_of(edition)
        on_offer, offering = await read_market(session, edition.code)
        await self._vectors(session, on_offer, offering)
        encoder = encoding.text_model().encoder
        ranker = Ranker(clock.today(), weights=weights, rules=rules, encoder=encoder, store=_STORE)
        self.live = await asyncio.to_thread(LiveIndex, ranker, offering, on_offer)
        self.position, self.weights, self._rules = position, weights, rules

    async def _follow(self, session: AsyncSession, edition: Edition) -> None:
        touched_projects: set[UUID] = set()
        touched_organizations: set[UUID] = set()
        position = self.position
        while True:
            entries, seen = await journal.read(session, MATCHER, after=position, limit=1000)
            for _, entry in entries:
                if entry.subject_kind == "project":
                    touched_projects.add(entry.subject_id)
                elif entry.subject_kind == "organization":
                    touched_organizations.add(entry.subject_id)
                else:
                    touched_organizations.update(entry.party_ids)
            position = seen
            if len(entries) < 1000:
                break
        if len(touched_projects) + len(touched_organizations) > SMALL:
            await self._load_or_warm(session, edition)
            return
        if touched_projects or touched_organizations:
            await self._take_in(session, touched_projects, touched_organizations)
        self.position = position

    async def _take_in(
        self, session: AsyncSession, touched_projects: set[UUID], touched_organizations: set[UUID]
    ) -> None:
        open_ones = await repository.in_market(session, self.edition, touched_projects)
        rows = await projects.for_matching(session, sorted(open_ones)) if open_ones else []
        on_offer = [facts.project(row) for row in rows]
        rows = (
            await organizations.for_matching(session, sorted(touched_organizations))
            if touched_organizations
            else []
        )
        offering = [facts.organization(row) for row in rows]
        await self._vectors(session, on_offer, offering)
        gone = [str(project_id) for project_id in touched_projects - open_ones]
        await asyncio.to_thread(self._put, on_offer, offering, gone)

    def _put(
        self, on_offer: Sequence[Project], offering: Sequence[Organization], gone: Iterable[str]
    ) -> None:
        assert self.live is not None
        for organization in offering:
            self.live.put_organization(organization)
        for project in on_offer:
            self.live.put_project(project)
        for project_id in gone:
            with suppress(KeyError):
                self.live.drop_project(project_id)

    async def _vectors(
        self, session: AsyncSession, on_offer: Sequence[Project], offering: Sequence[Organization]
    ) -> None:
        texts = texts_of(on_offer, offering)
        unknown = texts.keys() - _STORE.get(list(texts)).keys()
        if not unknown:
            return
        _STORE.put(await repository.vectors(session, unknown))
        missing = sorted(unknown - _STORE.get(list(unknown)).keys())
        if not missing:
            return
        if len(missing) > TEXTS_AT_ONCE:
            if not await repository.work_under_way(session, (RUN, EMBED)):
                await jobs.enqueue(session, MATCHER, EMBED, {"edition": self.edition}, key=self.edition)
            raise NotEmbedded
        made = await asyncio.to_thread(encoding.embed, [texts[key] for key in missing])
        vectors = dict(zip(missing, made, strict=True))
        await repository.keep_vectors(session, encoding.text_model().version, vectors)
        _STORE.put(vectors)
