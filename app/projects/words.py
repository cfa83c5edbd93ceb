"""What is looked up of a draft, whoever holds it: a sender's own, or one made ready for a list."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class PlaceWords(Protocol):
    """A place as it is spelt."""

    @property
    def district(self) -> str | None: ...

    @property
    def street(self) -> str | None: ...

    @property
    def community(self) -> str | None: ...

    @property
    def communities(self) -> Sequence[str]: ...


class PayerWords(Protocol):
    """The paying side by id or by name."""

    @property
    def buyer(self) -> str | None: ...

    @property
    def buyer_id(self) -> UUID | None: ...

    @property
    def procuring_entity(self) -> str | None: ...

    @property
    def procuring_entity_id(self) -> UUID | None: ...


class Words(PlaceWords, PayerWords, Protocol):
    """All that a draft names."""


class Numbered(Protocol):
    """What may bear a number its sender gave."""

    @property
    def number(self) -> str | None: ...


class Draft(Words, Numbered, Protocol):
    """A draft's words and its number."""
