"""What parties take and show."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.parties.models import PartyKind

Uscc = Annotated[str, Field(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", examples=["52320100XX99000010"])]
"""A unified social credit code as it is stored: 18 characters, upper case, without I, O, S, V, Z."""

AreaPath = Annotated[str, Field(max_length=200, pattern=r"^$|^[0-9A-Za-z-]+(/[0-9A-Za-z-]+)*$")]


class PartyDraft(BaseModel):
    """A party to name. A committee's `area_path` tells it from its namesakes."""

    model_config = ConfigDict(extra="forbid")

    kind: PartyKind
    name: str = Field(min_length=2, max_length=120)
    uscc: Uscc | None = None
    area_path: AreaPath = ""


class PartyChange(BaseModel):
    """What may change on a party; a new name keeps the old one as a former name."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=2, max_length=120)
    uscc: Uscc | None = None
    area_path: AreaPath | None = None


class PartyView(BaseModel):
    """A party, as everyone may see it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: PartyKind
    name: str
    former_names: list[str]
    uscc: str | None
    area_path: str
    version: int
