"""What the catalogue takes and shows."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.codes import Category, DeliveryRoute, ResponsibilityList
from app.catalogue.lists import ListScheme

_IN = ConfigDict(extra="forbid")
Words = Annotated[list[Annotated[str, Field(min_length=2, max_length=30)]], Field(max_length=50)]


class CodeView(BaseModel):
    """One code with its labels."""

    code: str
    zh: str
    en: str


class CodeListView(BaseModel):
    """A coded list. The English codes are what the API takes and shows."""

    name: str
    zh: str
    en: str
    codes: list[CodeView]


class Codes(BaseModel):
    """Every coded list."""

    lists: list[CodeListView]


class ItemDraft(BaseModel):
    """A kind of service to add to the purchasing catalogue."""

    model_config = _IN

    code: str = Field(pattern=r"^[A-Z]\d{4}$")
    item_class: Literal["livelihood", "social_affairs", "governance", "support"]
    name_zh: str = Field(min_length=2, max_length=60)
    name_en: str = Field(min_length=2, max_length=120)
    category: Category
    basis: str = Field(min_length=2, max_length=200)


class ItemChange(BaseModel):
    """What may change on an item: its words and whether it is retired. The code stays what projects have cited."""

    model_config = _IN

    name_zh: str | None = Field(default=None, min_length=2, max_length=60)
    name_en: str | None = Field(default=None, min_length=2, max_length=120)
    basis: str | None = Field(default=None, min_length=2, max_length=200)
    retired: bool | None = None


class ItemView(BaseModel):
    """An item of the purchasing catalogue."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str
    item_class: str
    name_zh: str
    name_en: str
    category: Category
    basis: str
    retired_on: date | None
    version: int


class EntryDraft(BaseModel):
    """One item of a responsibility list."""

    model_config = _IN

    code: str = Field(pattern=r"^[A-Z]\d{2,3}$")
    zh: str = Field(min_length=2, max_length=100)
    en: str = Field(default="", max_length=200)
    words: Words = Field(default_factory=list)
    exceptions: Words = Field(default_factory=list)
    basis: str = Field(min_length=2, max_length=200)


class RevisionDraft(BaseModel):
    """A new revision of a list, whole. It takes the place of the one in force from `valid_from` on."""

    model_config = _IN

    scheme: ListScheme
    list_type: ResponsibilityList
    valid_from: date
    items: list[EntryDraft] = Field(min_length=1, max_length=300)


class EntryView(BaseModel):
    """One item of a list."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    zh: str
    en: str
    words: list[str]
    exceptions: list[str]
    basis: str


class RevisionView(BaseModel):
    """A revision of a responsibility list and the route its items take."""

    id: UUID
    scheme: ListScheme
    list_type: ResponsibilityList
    revision: int
    valid_from: date
    valid_to: date | None
    route: DeliveryRoute
    items: list[EntryView]
    version: int


class TextDraft(BaseModel):
    """A text to hold against the negative lists."""

    model_config = _IN

    text: str = Field(min_length=1, max_length=8_000)
