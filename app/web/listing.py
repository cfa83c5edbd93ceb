"""Lists: one shape everywhere, `{items, links}` with RFC 8288 links; the same filters on JSON, CSV and XLSX."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import paging

View = TypeVar("View", bound=BaseModel)

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
EXPORT_STEP = 200
MOST_EXPORTED = 100_000


class Links(BaseModel):
    """Addresses of the neighbouring pages, null where there is none."""

    next: str | None = None
    prev: str | None = None


class Page(BaseModel, Generic[View]):
    """One page of a list."""

    items: list[View]
    links: Links


class Paging:
    """`limit`, `cursor` and `format` of one list request."""

    def __init__(
        self, request: Request, response: Response, limit: int, cursor: str | None, format: str
    ) -> None:
        self.request, self.response = request, response
        self.limit, self.cursor, self.format = limit, cursor, format

    async def answer(
        self,
        session: AsyncSession,
        query: Select[Any],
        order: Sequence[paging.Order],
        views: Callable[[AsyncSession, list[Any]], Awaitable[list[View]]],
    ) -> Any:
        """The page as JSON, or the whole filtered list as a file.

        `views` turns a page of rows into what the reader may see, in a fixed number of statements. The declared return type
        of the endpoint is `Page[View]`; a file leaves as it is.
        """
        filters = sorted(
            (k, v) for k, v in self.request.query_params.multi_items() if k not in ("cursor", "limit")
        )
        secret = self.request.app.state.settings.secret
        cursors = paging.Cursors(secret, f"{self.request.url.path}?{filters}")
        if self.format != "json":
            return await _file(
                self.format, self.request.url.path, _all(session, query, order, cursors, views)
            )
        found = await paging.page(session, query, order, cursors, self.cursor, self.limit)
        links = Links(next=self._link(found.next), prev=self._link(found.prev))
        header = ", ".join(
            f'<{url}>; rel="{rel}"' for rel, url in (("next", links.next), ("prev", links.prev)) if url
        )
        if header:
            self.response.headers["Link"] = header
        return Page(items=await views(session, found.items), links=links)

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        url = self.request.url.include_query_params(cursor=cursor, limit=self.limit)
        return f"{url.path}?{url.query}"


def _paging(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=paging.LARGEST, description="Rows per page")] = 50,
    cursor: Annotated[str | None, Query(description="From links.next or links.prev")] = None,
    format: Annotated[
        Literal["json", "csv", "xlsx"], Query(description="json, or the whole list as a file")
    ] = "json",
) -> Paging:
    return Paging(request, response, limit, cursor, format)


Listing = Annotated[Paging, Depends(_paging)]


async def _all(
    session: AsyncSession,
    query: Select[Any],
    order: Sequence[paging.Order],
    cursors: paging.Cursors,
    views: Callable[[AsyncSession, list[Any]], Awaitable[list[View]]],
) -> AsyncIterator[list[View]]:
    cursor: str | None = None
    for _ in range(MOST_EXPORTED // EXPORT_STEP):
        found = await paging.page(session, query, order, cursors, cursor, EXPORT_STEP)
        yield await views(session, found.items)
        cursor = found.next
        if cursor is None:
            return


async def _file(kind: str, path: str, pages: AsyncIterator[list[Any]]) -> Response:
    # Written whole before the answer starts: the session ends with the endpoint.
    rows = [_flat(view) async for views in pages for view in views]
    header = list(rows[0]) if rows else []
    cells = [[safe(row.get(name)) for name in header] for row in rows]
    name = f"{path.rstrip('/').rsplit('/', 1)[-1]}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    content = _csv(header, cells) if kind == "csv" else _xlsx(header, cells)
    return Response(content, media_type=MEDIA[kind], headers=headers)


def _csv(header: list[str], cells: list[list[Any]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([header, *cells])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()  # the byte order mark makes Excel read UTF-8


def _xlsx(header: list[str], cells: list[list[Any]]) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    for line, row in enumerate([header, *cells]):
        sheet.write_row(line, 0, row)
    book.close()
    return buffer.getvalue()


def _flat(view: BaseModel) -> dict[str, Any]:
    return dict(_leaves("", view.model_dump(mode="json", by_alias=True)))


def _leaves(prefix: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{prefix}.{key}" if prefix else key, inner)
    elif isinstance(value, list):
        yield prefix, "、".join(str(item) for item in value)
    else:
        yield prefix, value


def safe(value: Any) -> Any:
    """A cell that no spreadsheet will run as a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value
