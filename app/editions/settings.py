"""The rules of an edition in figures. Each has the default a new edition starts with; the city bureau may change it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.codes import Category, ProcurementMethod

Days = Annotated[int, Field(ge=0, le=365)]
Share = Annotated[int, Field(ge=0, le=100)]


class AmountBand(BaseModel):
    """Budgets up to `up_to_fen` (None: any): which methods are allowed and how many bidders each asks for at least."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    up_to_fen: int | None = Field(default=None, gt=0)
    methods: dict[ProcurementMethod, Annotated[int, Field(ge=1, le=20)]] = Field(min_length=1)


_ANY_SIZE = {ProcurementMethod.OPEN: 2, ProcurementMethod.COMPETITIVE_CONSULTATION: 2}
# Two bidders are compared; one alone is judged on need and feasibility by choosing a method that asks for one.
DEFAULT_BANDS = (
    AmountBand(
        up_to_fen=5_000_000,
        methods={
            ProcurementMethod.DIRECT_AWARD: 1,
            ProcurementMethod.CLAIM: 1,
            ProcurementMethod.GRANT_ROUND: 1,
            ProcurementMethod.SINGLE_SOURCE: 1,
            ProcurementMethod.REQUEST_FOR_QUOTATION: 1,
            **_ANY_SIZE,
        },
    ),
    AmountBand(
        up_to_fen=50_000_000,
        methods={
            ProcurementMethod.DIRECT_AWARD: 1,
            ProcurementMethod.GRANT_ROUND: 1,
            ProcurementMethod.SINGLE_SOURCE: 1,
            ProcurementMethod.REQUEST_FOR_QUOTATION: 2,
            **_ANY_SIZE,
        },
    ),
    AmountBand(methods={ProcurementMethod.SINGLE_SOURCE: 1, **_ANY_SIZE}),
)


class EditionSettings(BaseModel):
    """Periods, limits and bands of one edition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent_days: Days = 7
    answer_days: Days = 3
    intents_pending_max: int = Field(default=3, ge=1, le=100)
    notice_working_days: Days = 5
    challenge_working_days: Days = 7
    challenge_answer_working_days: Days = 7
    complaint_working_days: Days = 15
    complaint_decision_working_days: Days = 30
    sign_within_days: Days = 30
    publish_contract_working_days: Days = 2
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
    category_weights: dict[Category, Annotated[float, Field(ge=0, le=2)]] = Field(default_factory=dict)

    def band(self, amount_fen: int) -> AmountBand:
        """The band an amount falls into; its upper limit belongs to it."""
        return next(
            band for band in self.amount_bands if band.up_to_fen is None or amount_fen <= band.up_to_fen
        )

    def bidders_min(self, method: ProcurementMethod, amount_fen: int) -> int | None:
        """How many bidders `method` asks for at this amount; None when it is not allowed for it."""
        return self.band(amount_fen).methods.get(method)
