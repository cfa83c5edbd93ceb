"""Places: one city, its districts, streets and communities, each with the path of codes that every scope is a prefix of."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.areas.gazetteer import AreaLevel
from app.kernel.database import Base, one_of


class Area(Base):
    """One place. `path` is the chain of codes from the city down ('3201/320106/320106001')."""

    __tablename__ = "areas"
    __table_args__ = (
        one_of("level", AreaLevel),
        CheckConstraint("(level = 'city') = (parent_code IS NULL)", name="only_the_city_has_no_parent"),
        CheckConstraint("path = code OR path LIKE '%/' || code", name="path_ends_with_code"),
        CheckConstraint("population >= 0", name="population_not_negative"),
        CheckConstraint("community_type IN ('urban', 'rural')", name="community_type"),
        CheckConstraint("community_type IS NULL OR level = 'community'", name="type_is_for_communities"),
        Index("ix_areas_path_prefix", "path", postgresql_ops={"path": "text_pattern_ops"}),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("areas.code"), index=True)
    path: Mapped[str] = mapped_column(unique=True)
    population: Mapped[int | None]
    community_type: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.version}
