"""What donations take and show. Amounts are decimal strings in the donation's own unit; a valuation is in yuan."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from app.catalogue.codes import Category, DonationKind
from app.donations.models import YUAN, DonationState
from app.kernel.clock import local
from app.kernel.fields import wrong
from app.kernel.money import LARGEST_FEN, Fen, fen_of, yuan

Moment = Annotated[AwareDatetime, AfterValidator(local)]


def _hundredths(value: Any) -> int:
    if isinstance(value, str):
        try:
            amount = fen_of(value)
        except ValueError:
            amount = -1
        if 0 < amount <= LARGEST_FEN:
            return amount
    raise wrong(
        "amount",
        '数量须为字符串，例如 "12.50"，且大于零。',
        'an amount is a string such as "12.50", above zero',
    )


Given = Annotated[
    int,
    BeforeValidator(_hundredths),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d{1,2})?$", "examples": ["12.50"]}),
]
"""An amount that is sent in: a decimal string, kept in hundredths of the unit."""

Amount = Annotated[
    int,
    PlainSerializer(yuan, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "examples": ["12.50"]}),
]
"""An amount that is shown."""


class Draft(BaseModel):
    """What is sent in: no unknown fields."""

    model_config = ConfigDict(extra="forbid")


class DonationDraft(Draft):
    """Something that is offered. Money needs neither unit nor valuation; anything else needs both.

    The donor is a party (`donor_id`), a name, or with `anonymous` nobody: then neither is shown to the public, whatever is entered.
    """

    kind: DonationKind
    title: str = Field(min_length=2, max_length=120)
    area_path: str = Field(max_length=100)
    donor_id: UUID | None = None
    donor_name: str | None = Field(default=None, min_length=1, max_length=80)
    anonymous: bool = False
    amount: Given
    unit: str = Field(default=YUAN, min_length=1, max_length=20)
    value_fen: Fen | None = Field(default=None, alias="value_yuan")
    purpose: str | None = Field(default=None, max_length=500)
    purpose_categories: list[Category] = Field(default_factory=list, max_length=17)
    purpose_project: str | None = Field(default=None, max_length=60)
    valid_to: date | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        money = self.kind == DonationKind.MONEY
        if money != (self.unit == YUAN):
            raise wrong(
                "money_in_yuan", "货币以元计，其他物资不以元计。", "money, and nothing else, is counted in 元"
            )
        if money and self.value_fen not in (None, self.amount):
            raise wrong("money_is_its_value", "货币的估值即其金额。", "money is worth what it is")
        if not money and self.value_fen is None:
            raise wrong(
                "value_missing",
                "非货币捐赠须写明估值（value_yuan）。",
                "what is not money needs a valuation (value_yuan)",
            )
        if not (self.donor_id or self.donor_name or self.anonymous):
            raise wrong(
                "donor_missing", "须写明捐赠人，或注明匿名。", "name the donor, or say that it is anonymous"
            )
        return self


class Received(Draft):
    """What really came, where it is not what was offered."""

    amount: Given | None = None


class UseDraft(Draft):
    """What of a donation went to a project (its UUID or number), and what was done with it."""

    project: str = Field(min_length=1, max_length=60)
    amount: Given
    used_on: date | None = None
    note: str = Field(min_length=2, max_length=500)


class Reversal(Draft):
    """Why a use was entered in error."""

    note: str = Field(min_length=2, max_length=500)


class UseView(BaseModel):
    """A use of a donation; one that gives back names the use it undoes."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    donation_id: UUID
    project_id: UUID
    project_number: str
    category: Category
    amount: Amount
    used_on: date
    note: str
    reverses_id: UUID | None


class DonationView(BaseModel):
    """A donation: what was offered, came, was used and is left. The donor is null where it is not for this reader."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)

    id: UUID
    number: str
    state: DonationState
    state_since: Moment
    kind: DonationKind
    title: str
    area_path: str
    anonymous: bool
    donor_id: UUID | None
    donor: str | None
    offered: Amount
    received: Amount
    used: Amount
    free: Amount
    unit: str
    value_fen: Fen = Field(alias="value_yuan")
    purpose: str | None
    purpose_categories: list[Category]
    purpose_project_id: UUID | None
    valid_to: date | None
    report: str | None
    version: int
