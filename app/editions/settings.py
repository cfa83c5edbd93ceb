"""The rules of an edition in figures. Each has the default a new edition starts with; the city bureau may change it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.codes import Category, ProcurementMethod
from app.kernel.money import Fen

Days = Annotated[int, Field(ge=0, le=365)]
Share = Annotated[int, Field(ge=0, le=100)]


class AmountBand(BaseModel):
    """Budgets up to `up_to_fen` (None: any): which methods are allowed and how many bidders each asks for at least."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    up_to_fen: Fen | None = Field(default=None, alias="up_to_yuan", gt=0)
    methods: dict[ProcurementMethod, Annotated[int, Field(ge=1, le=20)]] = Field(min_length=1)


_COMPARED = {"open": 2, "competitive_consultation": 2}
# One bidder alone is judged on need and feasibility, by a method that asks for one.
_ALONE = {"direct_award": 1, "grant_round": 1, "single_source": 1}
DEFAULT_BANDS = tuple(
    AmountBand.model_validate(band)
    for band in (
        {
            "up_to_yuan": "50000.00",
            "methods": {**_COMPARED, **_ALONE, "claim": 1, "request_for_quotation": 1},
        },
        {"up_to_yuan": "500000.00", "methods": {**_COMPARED, **_ALONE, "request_for_quotation": 2}},
        {"methods": {**_COMPARED, "single_source": 1}},
    )
)


class EditionSettings(BaseModel):
    """Periods, limits and bands of one edition."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    intent_days: Days = 7
    answer_days: Days = 3
    intents_pending_max: int = Field(default=3, ge=1, le=100)
    notice_working_days: Days = 5
    challenge_working_days: Days = 7
    challenge_answer_working_days: Days = 7
    complaint_working_days: Days = 15
    complaint_decision_working_days: Days = 30
    sign_within_days: Days = 30
    relist_max: int = Field(default=2, ge=0, le=10)
    rectify_days: Days = 30
    appeal_days: Days = 7
    term_months_max: int = Field(default=12, ge=1, le=36)
    term_months_max_secured: int = Field(default=36, ge=1, le=36)
    h_budget: bool = False
    basically_qualified_hard: bool = False
    claim_needs_good_credit: bool = True
    amount_bands: tuple[AmountBand, ...] = Field(default=DEFAULT_BANDS, min_length=1)
    tranche_shares: tuple[Share, ...] = Field(default=(50, 30, 20), min_length=1, max_length=12)
    publish_satisfaction_persons: int = Field(default=30, ge=1)
    publish_satisfaction_share: Share = 20
    time_account_cap_hours: int = Field(default=1500, ge=24, le=100_000)
    category_weights: dict[Category, Annotated[float, Field(ge=0, le=2)]] = Field(default_factory=dict)

    def band(self, amount_fen: int) -> AmountBand:
        """The band an amount falls into; its upper limit belongs to it."""
        return next(
            band for band in self.amount_bands if band.up_to_fen is None or amount_fen <= band.up_to_fen
        )
