"""Who can be named in a project or a contract."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, Versioned, one_of
from app.kernel.search import Searchable


class PartyKind(StrEnum):
    """What a party is here. One body that acts in two kinds is two parties with one credit code."""

    BUYER = "buyer"
    COMMITTEE = "committee"
    ORGANIZATION = "organization"
    EVALUATOR = "evaluator"
    FUNDER = "funder"


class Party(Searchable, Versioned, Base):
    """A buyer, a residents' committee, an organization, an evaluator or a funder.

    `normal_name` is unique within a kind, but a committee's within its street or community: there is more than one
    和平社区居委会. `area_path` says where the party belongs ('' for nowhere in the city).
    """

    __tablename__ = "parties"
    __table_args__ = (
        one_of("kind", PartyKind),
        CheckConstraint("uscc IS NULL OR length(uscc) = 18", name="uscc_length"),
        CheckConstraint("name <> '' AND normal_name <> ''", name="named"),
        Index(
            "uq_parties_kind_normal_name",
            "kind",
            "normal_name",
            unique=True,
            postgresql_where=text("kind <> 'committee'"),
        ),
        Index(
            "uq_parties_committee_name_place",
            "normal_name",
            "area_path",
            unique=True,
            postgresql_where=text("kind = 'committee'"),
        ),
        Index("uq_parties_kind_uscc", "kind", "uscc", unique=True),
        Index("ix_parties_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_parties_search_grams", "search_grams", postgresql_using="gin"),
    )

    kind: Mapped[str]
    name: Mapped[str]
    normal_name: Mapped[str]
    former_names: Mapped[list[str]] = mapped_column(default=list)
    uscc: Mapped[str | None]
    area_path: Mapped[str] = mapped_column(default="", server_default="")
