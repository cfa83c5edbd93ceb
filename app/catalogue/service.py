"""Acts on the catalogue and the lists, the route a list leads to, and what no project may ask for."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import lists, permissions, repository
from app.catalogue.codes import CODES, DeliveryRoute, ResponsibilityList
from app.catalogue.lists import MARKET, ROUTES, SCHEMES, Entry, ListScheme
from app.catalogue.models import CatalogueItem, ListItem, ListRevision
from app.catalogue.schemas import (
    CodeListView,
    Codes,
    CodeView,
    EntryView,
    ItemChange,
    ItemDraft,
    ItemView,
    RevisionDraft,
    RevisionView,
)
from app.identity.roles import LABELS
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import uuid7
from app.kernel.search import grams

_FIRST_DAY = date(2020, 3, 1)  # the purchasing rules that the shipped lists quote came into force


def route(list_type: ResponsibilityList | str) -> DeliveryRoute:
    """The route a task takes by the list it is on (DOMAIN.md §1 S2-15): duties stay in the community, assistance and
    off-list services are bought, negative items are the government's own."""
    return ROUTES[ResponsibilityList(list_type)]


def enters_market(delivery_route: DeliveryRoute | str) -> bool:
    """Whether work of this route is ever posted: outsourced and co-funded work is, the rest is not."""
    return DeliveryRoute(delivery_route) in MARKET


def negative_hits(text: str, against: Sequence[Entry] | None = None) -> list[Problem]:
    """Every item of the negative lists that the text asks for; the shipped lists unless others are given.

    Lists in force in this installation, with what the bureau has added: `await negative_entries(session)`.
    """
    return lists.hits(text, lists.negative_entries() if against is None else against)


async def negative_entries(session: AsyncSession) -> list[Entry]:
    """The negative items in force today."""
    query = repository.revisions(list_type=ResponsibilityList.NEGATIVE, on=clock.today())
    return [
        Entry(
            ListScheme(scheme),
            ResponsibilityList.NEGATIVE,
            item.code,
            item.zh,
            item.en,
            tuple(item.words),
            tuple(item.exceptions),
            item.basis,
        )
        for item, scheme in await repository.items_with_schemes(session, query)
    ]


@cache
def codes() -> Codes:
    """Every coded list with its labels, and the roles."""
    found = [
        CodeListView(
            name=each.name,
            zh=each.zh,
            en=each.en,
            codes=[CodeView(code=code.code, zh=code.zh, en=code.en) for code in each.codes],
        )
        for each in CODES.values()
    ]
    roles = [CodeView(code=role, zh=zh, en=en) for role, (zh, en) in LABELS.items()]
    found.append(CodeListView(name="role", zh="角色", en="Role", codes=roles))
    return Codes(lists=sorted(found, key=lambda each: each.name))


def code_list(name: str) -> CodeListView:
    """One coded list. Raises `NotFound`."""
    found = next((each for each in codes().lists if each.name == name), None)
    if found is None:
        raise NotFound()
    return found


async def seed(session: AsyncSession) -> None:
    """Enter the shipped catalogue and lists where they are missing; what people changed stays."""
    await repository.add_missing_items(session, [_item_row(item) for item in lists.items()])
    known = {(row.scheme, row.list_type) for row in await repository.all_revisions(session)}
    for scheme, types in SCHEMES.items():
        for list_type in types:
            if (scheme, list_type) not in known:
                shipped = [e for e in lists.entries() if (e.scheme, e.list_type) == (scheme, list_type)]
                await _add_revision(session, scheme, list_type, 1, _FIRST_DAY, shipped)


async def item(session: AsyncSession, code: str) -> CatalogueItem:
    """The catalogue item of this code, retired or not. Raises `NotFound`."""
    found = await repository.item(session, code)
    if found is None:
        raise NotFound()
    return found


async def create_item(session: AsyncSession, actor: Actor, draft: ItemDraft) -> CatalogueItem:
    """Add an item to the purchasing catalogue. Raises `NotYou`, or `NotNow` when its code was ever used."""
    if not permissions.may_keep(actor):
        raise NotYou()
    if await repository.item(session, draft.code):
        raise NotNow(
            Problem(
                "item_code_taken",
                f"目录编号 {draft.code} 已使用。",
                f"Item code {draft.code} is taken.",
                "/code",
            )
        )
    added = CatalogueItem(**draft.model_dump(), search_grams=grams(draft.code, draft.name_zh, draft.name_en))
    session.add(added)
    await session.flush()
    await journal.record(session, actor, _event("catalogue_item", added.id, "added", added.code))
    return added


async def change_item(
    session: AsyncSession, actor: Actor, found: CatalogueItem, wanted: ItemChange
) -> CatalogueItem:
    """Reword an item, retire it or bring it back."""
    if not permissions.may_keep(actor):
        raise NotYou()
    change: dict[str, Any] = {}
    for name in ("name_zh", "name_en", "basis"):
        value = getattr(wanted, name)
        if value is not None and value != getattr(found, name):
            change[name] = [getattr(found, name), value]
            setattr(found, name, value)
    if wanted.retired is not None and wanted.retired != (found.retired_on is not None):
        found.retired_on = clock.today() if wanted.retired else None
        change["retired"] = [not wanted.retired, wanted.retired]
    found.search_grams = grams(found.code, found.name_zh, found.name_en)
    await session.flush()
    await journal.record(session, actor, _event("catalogue_item", found.id, "changed", found.code, change))
    return found


async def publish_revision(session: AsyncSession, actor: Actor, draft: RevisionDraft) -> ListRevision:
    """Put a new revision of a list in force; the one before ends the day before.

    Raises `NotYou`, `Malformed` (a type its scheme does not have, a code twice), `NotNow` when it would begin before the
    revision it follows.
    """
    if not permissions.may_keep(actor):
        raise NotYou()
    raise_all(_revision_problems(draft), Malformed)
    before = await repository.in_force_locked(session, draft.scheme, draft.list_type)
    if before is not None:
        if draft.valid_from <= before.valid_from:
            raise NotNow(
                Problem(
                    "revision_too_early",
                    f"新版本须晚于现行版本的生效日（{before.valid_from}）。",
                    f"A new revision begins after the one in force ({before.valid_from}).",
                    "/valid_from",
                )
            )
        before.valid_to = draft.valid_from - timedelta(days=1)
        await session.flush()
    number = before.revision + 1 if before else 1
    added = await _add_revision(session, draft.scheme, draft.list_type, number, draft.valid_from, draft.items)
    name = f"{draft.scheme}/{draft.list_type}/{number}"
    await journal.record(session, actor, _event("responsibility_list", added.id, "published", name))
    return added


async def revision(session: AsyncSession, revision_id: UUID) -> ListRevision:
    """One revision of a list. Raises `NotFound`."""
    found = await repository.revision(session, revision_id)
    if found is None:
        raise NotFound()
    return found


async def item_views(session: AsyncSession, items: Sequence[CatalogueItem]) -> list[ItemView]:
    return [ItemView.model_validate(each) for each in items]


async def revision_views(session: AsyncSession, revisions: Sequence[ListRevision]) -> list[RevisionView]:
    """Revisions with their items, in one statement more."""
    held: dict[UUID, list[EntryView]] = {}
    for each in await repository.items_of(session, [row.id for row in revisions]):
        held.setdefault(each.list_id, []).append(EntryView.model_validate(each))
    return [
        RevisionView(
            id=row.id,
            scheme=ListScheme(row.scheme),
            list_type=ResponsibilityList(row.list_type),
            revision=row.revision,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            route=route(row.list_type),
            items=held.get(row.id, []),
            version=row.version,
        )
        for row in revisions
    ]


async def _add_revision(
    session: AsyncSession,
    scheme: ListScheme,
    list_type: ResponsibilityList,
    number: int,
    valid_from: date,
    contents: Sequence[Any],
) -> ListRevision:
    added = ListRevision(scheme=scheme, list_type=list_type, revision=number, valid_from=valid_from)
    session.add(added)
    await session.flush()
    session.add_all(
        ListItem(
            list_id=added.id,
            code=each.code,
            zh=each.zh,
            en=each.en,
            words=list(each.words),
            exceptions=list(each.exceptions),
            basis=each.basis,
        )
        for each in contents
    )
    await session.flush()
    return added


def _revision_problems(draft: RevisionDraft) -> list[Problem]:
    problems = []
    if draft.list_type not in SCHEMES[draft.scheme]:
        problems.append(
            Problem(
                "list_type_not_in_scheme",
                "该清单体系没有这一类清单。",
                "This scheme has no list of this type.",
                "/list_type",
                {"types": [str(each) for each in SCHEMES[draft.scheme]]},
            )
        )
    if len({each.code for each in draft.items}) < len(draft.items):
        problems.append(
            Problem("code_twice", "清单内编号不得重复。", "A code stands once in a list.", "/items")
        )
    return problems


def _item_row(item: lists.Item) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": uuid7(),
        "code": item.code,
        "item_class": item.item_class,
        "name_zh": item.zh,
        "name_en": item.en,
        "category": str(item.category),
        "basis": item.basis,
        "search_grams": grams(item.code, item.zh, item.en),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _event(
    kind: str, subject_id: UUID, event: str, number: str, change: dict[str, Any] | None = None
) -> journal.Event:
    audience = journal.Audience(level=journal.PUBLIC)
    return journal.Event(kind, subject_id, event, audience, number=number, change=change or {})
