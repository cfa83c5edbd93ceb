"""Needs, the projects they became, those who second them, and the surveys they come from."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import Category, NeedDimension, NeedOrigin, SurveyChannel, TargetGroup, Urgency
from app.kernel import clock
from app.kernel.database import Base, Stated, Versioned, one_of
from app.kernel.search import Searchable


class NeedState(StrEnum):
    """What became of a need; everything after collected is final, and a converted need may serve more projects."""

    COLLECTED = "collected"
    MERGED = "merged"
    CONVERTED = "converted"
    ANSWERED = "answered"
    REJECTED = "rejected"


class Need(Searchable, Stated, Base):
    """One need as residents, surveys or the grid brought it. No name and no telephone number is kept with it."""

    __tablename__ = "needs"
    __table_args__ = (
        one_of("state", NeedState),
        one_of("origin", NeedOrigin),
        one_of("category", Category),
        one_of("dimension", NeedDimension),
        one_of("urgency", Urgency),
        CheckConstraint("persons > 0", name="persons"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_into_another"),
        CheckConstraint("merged_into_id <> id", name="not_merged_into_itself"),
        CheckConstraint(
            "(state IN ('answered', 'rejected')) = (answer IS NOT NULL)", name="answered_with_words"
        ),
        Index("ix_needs_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_needs_search_grams", "search_grams", postgresql_using="gin"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str]
    origin: Mapped[str]
    category: Mapped[str | None]
    target_groups: Mapped[list[str]] = mapped_column(default=list)
    dimension: Mapped[str | None]
    area_path: Mapped[str]
    urgency: Mapped[str] = mapped_column(default=Urgency.NORMAL)
    persons: Mapped[int | None]
    deliberation: Mapped[str | None]
    raised_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"), index=True)
    survey_id: Mapped[UUID | None] = mapped_column(ForeignKey("surveys.id"), index=True)
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("needs.id"), index=True)
    answer: Mapped[str | None]


class NeedProject(Base):
    """A need served by a project: many to many. The project's own id; projects come after needs and are not known here."""

    __tablename__ = "need_projects"

    need_id: Mapped[UUID] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    linked_at: Mapped[datetime] = mapped_column(default=clock.now)


class NeedSupport(Base):
    """A resident seconds a need, once."""

    __tablename__ = "need_supports"

    need_id: Mapped[UUID] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    supported_at: Mapped[datetime] = mapped_column(default=clock.now)


class Survey(Versioned, Base):
    """One survey of an area: who was asked how, and what each group wants."""

    __tablename__ = "surveys"
    __table_args__ = (
        one_of("channel", SurveyChannel),
        CheckConstraint("respondents > 0", name="respondents"),
        Index("ix_surveys_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    title: Mapped[str]
    area_path: Mapped[str]
    conducted_on: Mapped[date]
    channel: Mapped[str]
    respondents: Mapped[int]


class SurveyCell(Base):
    """Of one group, how many were asked and how many want something in one dimension."""

    __tablename__ = "survey_cells"
    __table_args__ = (
        one_of("target_group", TargetGroup),
        one_of("dimension", NeedDimension),
        CheckConstraint("asked > 0 AND wanting BETWEEN 0 AND asked", name="wanting"),
    )

    survey_id: Mapped[UUID] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    target_group: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    asked: Mapped[int]
    wanting: Mapped[int]
