"""What a dashboard counts over: the filters of the request within what the reader may see."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.identity.roles import OFFICIALS, Role
from app.kernel.actor import Actor
from app.projects import permissions
from app.projects.models import Project


@dataclass(frozen=True, slots=True)
class Scope:
    """Filters, and who asks. Every figure starts from `projects()`: nothing outside it is ever counted."""

    actor: Actor
    edition: str
    area_path: str | None = None
    category: str | None = None
    buyer_id: UUID | None = None
    delivery_route: str | None = None

    def where(self) -> ColumnElement[bool]:
        """The condition on projects."""
        wanted = [Project.edition_code == self.edition, Project.is_parent.is_(False)]
        if self.area_path:
            wanted.append(
                or_(Project.area_path == self.area_path, Project.area_path.startswith(self.area_path + "/"))
            )
        for column, value in (
            (Project.category, self.category),
            (Project.buyer_id, self.buyer_id),
            (Project.delivery_route, self.delivery_route),
        ):
            if value is not None:
                wanted.append(column == value)
        return and_(permissions.visible_to(self.actor), *wanted)

    def project_ids(self) -> Select[UUID]:
        return select(Project.id).where(self.where())

    def counting(self, *columns: Any, join: Any = None) -> Any:
        """A count over the projects of the scope, optionally joined."""
        query = select(*columns).select_from(join if join is not None else Project)
        return query.where(self.where())

    def narrowed(self, **filters: Any) -> "Scope":
        return replace(self, **filters)

    @property
    def reads_small_counts(self) -> bool:
        """Officials and auditors see every count; others none between 1 and 4."""
        return self.actor.is_system or self.actor.holds(*OFFICIALS, Role.AUDITOR, Role.FAIR_OPERATOR)

    @property
    def query(self) -> str:
        """The filters as a query string, for the list behind a number."""
        parts = {"edition": self.edition, "area": self.area_path, "category": self.category}
        return "&".join(f"{name}={value}" for name, value in parts.items() if value)


def among(column: Any, *values: str) -> ColumnElement[int]:
    """How many rows have one of `values`."""
    return func.count().filter(column.in_(values))
