"""The purchasing catalogue and the responsibility lists, each kept with its earlier revisions."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import Category, ResponsibilityList
from app.catalogue.lists import CLASSES, ListScheme
from app.kernel.database import Base, Identified, Versioned, one_of
from app.kernel.search import Searchable


class CatalogueItem(Searchable, Versioned, Base):
    """A kind of service that may be bought; a project cites its code. A retired item stays readable."""

    __tablename__ = "catalogue_items"
    __table_args__ = (
        one_of("category", Category),
        CheckConstraint(f"item_class IN ({', '.join(repr(name) for name in CLASSES)})", name="item_class"),
        Index("ix_catalogue_items_search_grams", "search_grams", postgresql_using="gin"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    item_class: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    category: Mapped[str] = mapped_column(index=True)
    basis: Mapped[str]
    retired_on: Mapped[date | None]


class ListRevision(Versioned, Base):
    """One revision of a responsibility list; the newest of its scheme and type is in force until another follows."""

    __tablename__ = "responsibility_lists"
    __table_args__ = (
        one_of("list_type", ResponsibilityList),
        one_of("scheme", ListScheme),
        CheckConstraint("revision > 0", name="revision"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        Index("uq_responsibility_lists_revision", "scheme", "list_type", "revision", unique=True),
        Index(
            "uq_responsibility_lists_in_force",
            "scheme",
            "list_type",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    scheme: Mapped[str]
    list_type: Mapped[str]
    revision: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class ListItem(Identified, Base):
    """One item of a revision. `words` betray a negative item in a text."""

    __tablename__ = "responsibility_items"
    __table_args__ = (Index("uq_responsibility_items_code", "list_id", "code", unique=True),)

    list_id: Mapped[UUID] = mapped_column(ForeignKey("responsibility_lists.id"))
    code: Mapped[str]
    zh: Mapped[str]
    en: Mapped[str]
    words: Mapped[list[str]]
    exceptions: Mapped[list[str]]
    basis: Mapped[str]
