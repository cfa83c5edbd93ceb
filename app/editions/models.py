"""The yearly editions of the fair."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.editions.settings import EditionSettings
from app.kernel.database import Base, Versioned


class Edition(Versioned, Base):
    """One edition (届): the call for projects, the days of the fair, and the rules in force for what was posted in it."""

    __tablename__ = "editions"
    __table_args__ = (
        CheckConstraint("call_opens_on <= call_closes_on", name="call_window"),
        CheckConstraint("fair_opens_on <= fair_closes_on", name="fair_window"),
        CheckConstraint("ordinal > 0", name="ordinal"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    ordinal: Mapped[int] = mapped_column(unique=True)
    city_path: Mapped[str] = mapped_column(ForeignKey("areas.path"))
    call_opens_on: Mapped[date]
    call_closes_on: Mapped[date]
    fair_opens_on: Mapped[date]
    fair_closes_on: Mapped[date]
    weights_version: Mapped[str]
    stored_settings: Mapped[dict[str, Any]] = mapped_column("settings")

    @property
    def settings(self) -> EditionSettings:
        """The rules in figures; whatever was never set has its default."""
        return EditionSettings.model_validate(self.stored_settings)

    def call_is_open(self, day: date) -> bool:
        """Whether projects may be published on this day."""
        return self.call_opens_on <= day <= self.call_closes_on
