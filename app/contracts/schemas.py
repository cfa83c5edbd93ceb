"""What contracts take and show. Money is a string of yuan, a share is a percentage of the contract."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.catalogue.codes import MilestoneStatus, MilestoneType, ServiceMethod, TrancheTrigger
from app.contracts.models import AmendmentState, ContractState, PaymentKind, SigningSide
from app.kernel.clock import local
from app.kernel.money import Fen
from app.projects.schemas import Output

Moment = Annotated[AwareDatetime, AfterValidator(local)]
DATA_PROTECTION = "乙方只收集提供服务所必需的个人信息，不得用于其他目的，服务结束后删除。"


class Draft(BaseModel):
    """What is sent in: no unknown fields."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """What is shown."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True, from_attributes=True)


class TrancheDraft(Draft):
    """A part of the money: its percentage and what sets it free."""

    percent: Decimal = Field(gt=0, le=100, max_digits=5, decimal_places=2)
    trigger: TrancheTrigger
    due_on: date | None = None


class MilestoneDraft(Draft):
    """A promised step."""

    title: str = Field(min_length=1, max_length=200)
    type: MilestoneType = MilestoneType.DELIVERY
    due_on: date


class RenewalDuty(Draft):
    """Who renews a qualification that ends before the contract does, and by when."""

    qualification: str = Field(min_length=1, max_length=200)
    due_on: date
    duty_of: SigningSide = SigningSide.SUPPLIER


class ContractTerms(Draft):
    """What may be written into a contract before anybody signs; what is left out comes from the project and the award."""

    amount_fen: Fen | None = Field(default=None, alias="amount_yuan")
    starts_on: date | None = None
    ends_on: date | None = None
    scope: str | None = Field(default=None, min_length=10, max_length=8000)
    outputs: list[Output] | None = Field(default=None, max_length=50)
    tranches: list[TrancheDraft] | None = Field(default=None, min_length=1, max_length=12)
    milestones: list[MilestoneDraft] | None = Field(default=None, max_length=50)
    penalty: str | None = Field(default=None, max_length=4000)
    no_subcontracting: bool = True
    data_protection: str = Field(default=DATA_PROTECTION, min_length=10, max_length=4000)
    persons_planned: int | None = Field(default=None, ge=1)
    renewal_duties: list[RenewalDuty] | None = Field(default=None, max_length=20)
    supervising_authority_id: UUID | None = None
    also_sign: list[SigningSide] = Field(
        default_factory=list, max_length=2, description="sides that sign besides buyer and supplier"
    )


class ContractDraft(ContractTerms):
    """A contract to be drawn up from an active award."""

    award_id: UUID


class ContractChange(ContractTerms):
    """New terms of a contract nobody has signed; what is not sent stays."""


class TrancheView(View):
    seq: int
    percent: Decimal
    amount_fen: Fen = Field(alias="amount_yuan")
    trigger: TrancheTrigger
    due_on: date | None
    paid_at: Moment | None


class SignatureView(View):
    side: SigningSide
    signer: str
    terms_sha256: str
    signed_at: Moment


class ContractParty(View):
    id: UUID
    name: str


class ContractView(View):
    """A contract with its money plan and signatures."""

    id: UUID
    number: str
    title: str
    state: ContractState
    state_since: Moment
    edition_code: str
    category: str
    project_id: UUID
    award_id: UUID
    area_path: str
    buyer: ContractParty
    procuring_entity: ContractParty | None
    supplier: ContractParty
    supervising_authority: ContractParty | None
    amount_fen: Fen = Field(alias="amount_yuan")
    sign_by: date
    starts_on: date
    ends_on: date
    scope: str
    outputs: list[dict[str, Any]]
    penalty: str | None
    no_subcontracting: bool
    data_protection: str
    persons_planned: int | None
    renewal_duties: list[RenewalDuty]
    needed_sides: list[SigningSide]
    signatures: list[SignatureView]
    signed_at: Moment | None
    started_at: Moment | None
    midterm_due_on: date | None
    midterm_passed_at: Moment | None
    final_passed_at: Moment | None
    payment_stopped: str | None
    rectify_due_on: date | None
    tranches: list[TrancheView]
    paid_fen: Fen = Field(alias="paid_yuan")
    refunded_fen: Fen = Field(alias="refunded_yuan")
    settled_fen: Fen | None = Field(alias="settled_yuan")
    version: int


class PaymentDraft(Draft):
    """Pay one tranche. The voucher is the number of the transfer."""

    tranche_seq: int = Field(ge=1)
    voucher: str = Field(min_length=1, max_length=100)
    paid_on: date | None = None


class RefundDraft(Draft):
    """Money that came back from the supplier."""

    amount_fen: Fen = Field(alias="amount_yuan", gt=0)
    voucher: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=2, max_length=1000)
    paid_on: date | None = None


class PaymentView(View):
    id: UUID
    contract_id: UUID
    kind: PaymentKind
    tranche_seq: int | None
    amount_fen: Fen = Field(alias="amount_yuan")
    voucher: str
    reason: str | None
    paid_on: date


class MilestoneReport(Draft):
    """The supplier's evidence (document SHA-256, or an address or note) for a milestone."""

    evidence: list[str] = Field(min_length=1, max_length=30)
    remark: str | None = Field(default=None, max_length=1000)


class MilestoneJudgement(Draft):
    """The buyer's judgement of a milestone."""

    status: MilestoneStatus
    met_on: date | None = None
    remark: str | None = Field(default=None, max_length=1000)


class MilestoneView(View):
    id: UUID
    contract_id: UUID
    seq: int
    title: str
    type: MilestoneType
    due_on: date
    status: MilestoneStatus
    met_on: date | None
    evidence: list[str]
    remark: str | None
    version: int


class AmendmentDraft(Draft):
    """A change of a signed contract; at least one field, and why."""

    amount_fen: Fen | None = Field(default=None, alias="amount_yuan")
    ends_on: date | None = None
    scope: str | None = Field(default=None, min_length=10, max_length=8000)
    outputs: list[Output] | None = Field(default=None, max_length=50)
    penalty: str | None = Field(default=None, max_length=4000)
    midterm_due_on: date | None = None
    renewal_duties: list[RenewalDuty] | None = Field(default=None, max_length=20)
    reason: str = Field(min_length=2, max_length=2000)


class ContractAmendmentView(View):
    """What changed: field → [old, new]."""

    id: UUID
    number: str
    contract_id: UUID
    seq: int
    state: AmendmentState
    changes: dict[str, Any]
    reason: str
    material: bool
    proposed_by: SigningSide
    created_at: Moment
    in_force_at: Moment | None
    version: int


class DocumentView(View):
    id: UUID
    contract_id: UUID
    kind: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: Moment


class ServiceLogDraft(Draft):
    """One delivered service. `persons` counts people served for the first time under this contract, `contacts` every visit."""

    method: ServiceMethod
    served_on: date
    hours: Decimal = Field(gt=0, le=24, decimal_places=1)
    persons: int = Field(ge=0, le=1_000_000)
    contacts: int = Field(ge=0, le=1_000_000)
    place: str = Field(min_length=1, max_length=200)
    worker: str | None = Field(default=None, max_length=50)
    evidence: list[str] = Field(default_factory=list, max_length=30)


class ServiceLogView(View):
    id: UUID
    contract_id: UUID
    method: ServiceMethod
    served_on: date
    hours: Decimal
    persons: int
    contacts: int
    place: str
    worker: str | None
    evidence: list[str]
    confirmed_at: Moment | None
    voided_at: Moment | None = None
    voided_because: str | None = None


class ServiceVoidingDraft(Draft):
    """Why an entry of the service log is wrong."""

    reason: str = Field(min_length=2, max_length=1000)


class ServiceTotals(View):
    """Sums of the service log; persons and contacts are two measures and are never added.

    `suppressed` names the counts that are null because fewer than five persons could be recognized by them.
    """

    entries: int
    hours: Decimal
    persons: int | None
    contacts: int | None
    completion_percent: Decimal | None
    suppressed: list[str] = []
    as_of: Moment


class Settlement(Draft):
    """The value of the accepted output, and the transfer that squares the account when more or less was paid."""

    settlement_fen: Fen | None = Field(default=None, alias="settlement_yuan")
    voucher: str | None = Field(default=None, min_length=1, max_length=100)
