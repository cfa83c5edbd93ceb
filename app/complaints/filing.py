"""Filing a case: what it is about, whom it is about, whose decision it was, and by when it must be answered."""

import hashlib
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import ComplaintKind
from app.complaints import repository, rules
from app.complaints.lifecycle import LIFECYCLE, audience
from app.complaints.models import Complaint, SubjectKind, Target
from app.complaints.schemas import ComplaintDraft
from app.contracts import service as contracts
from app.editions import service as editions
from app.editions.models import EditionSettings
from app.evaluations import service as evaluations
from app.identity.roles import SUPPLIERS
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotSignedIn, Problem, raise_all
from app.kernel.ids import take_numbers
from app.negotiations import service as negotiations

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
DISTRICT_PARTS = 2
AREA_MISSING = Problem(
    "area_missing",
    "未指明具体成交、合同或评估时须填写区域（area_path）。",
    "Without an award, contract or evaluation, name the area (area_path).",
    "/area_path",
)
SUBJECT_MISSING = Problem(
    "subject_missing", "须填写所涉事项（subject_id）。", "Name the subject (subject_id).", "/subject_id"
)
TARGET_UNKNOWN = Problem(
    "target_not_in_subject",
    "该事项中没有这一方，请改选对象（target）。",
    "The subject has no such side: choose another target.",
    "/target",
)
NOT_A_PARTY = Problem(
    "mediation_is_between_parties",
    "调解由合同双方提出。",
    "A mediation is asked for by a party to the contract.",
    "/kind",
)


@dataclass(slots=True)
class Subject:
    """What the case is about, in the words every kind of subject shares."""

    area_path: str
    edition_code: str
    number: str | None = None
    buyer_id: UUID | None = None
    buyer_path: str | None = None
    supplier_id: UUID | None = None
    evaluator_id: UUID | None = None
    involved: list[UUID] = field(default_factory=list)


async def file(session: AsyncSession, actor: Actor, draft: ComplaintDraft) -> tuple[Complaint, str]:
    """File a case; returns it with the receipt code, which is shown once.

    A challenge needs an account and blocks the confirmation of its award while it is open. Raises `NotFound` (subject not
    visible), `Malformed`, `NotNow` with every reason.
    """
    if draft.kind != ComplaintKind.COMPLAINT and actor.account_id is None:
        raise NotSignedIn()
    edition = await editions.current(session)
    subject = await _subject(session, actor, draft, edition.code)
    settings = edition.settings if subject.edition_code == edition.code else None
    settings = settings or await editions.settings_of(session, subject.edition_code)
    party = await _standing(session, actor, draft, subject, settings)
    target_party, target_path = _target(draft.target, subject)
    named = actor.account_id is not None and not draft.anonymous
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    series = f"complaint:{subject.edition_code}"
    sequence = (await take_numbers(session, series))[0]
    complaint = Complaint(
        number=f"TS{subject.edition_code}-{sequence:04d}",
        kind=draft.kind,
        edition_code=subject.edition_code,
        area_path=subject.area_path,
        subject_kind=draft.subject_kind,
        subject_id=draft.subject_id if draft.subject_kind != SubjectKind.OTHER else None,
        subject_number=subject.number,
        target=draft.target,
        target_party_id=target_party,
        target_path=target_path,
        involved_ids=[person for person in dict.fromkeys(subject.involved) if person != actor.account_id],
        filed_by=actor.account_id if named else None,
        filed_party_id=party if named else None,
        complainant=actor.label if named else None,
        receipt=digest_of(code),
        facts=draft.facts,
        evidence=draft.evidence,
        due_on=editions.working_days_after(clock.today(), days_to_answer(draft.kind, settings)),
        blocks_award=draft.kind == ComplaintKind.CHALLENGE,
        state=LIFECYCLE.initial,
    )
    session.add(complaint)
    await session.flush()
    if complaint.blocks_award and complaint.subject_id is not None:
        await negotiations.challenge_opened(session, actor, complaint.subject_id, complaint.number)
    signed = actor if named else Actor(None, "anonymous", kind="public")
    await journal.record(
        session,
        signed,
        journal.Event(
            "complaint",
            complaint.id,
            "filed",
            audience(complaint),
            number=complaint.number,
            to_state=complaint.state,
            change={"kind": str(draft.kind), "subject": subject.number},
        ),
    )
    return complaint, code


def days_to_answer(kind: str, settings: EditionSettings) -> int:
    """Working days from receipt to the answer: a challenge is answered sooner than a complaint is decided."""
    if kind == ComplaintKind.CHALLENGE:
        return settings.challenge_answer_working_days
    return settings.complaint_decision_working_days


def digest_of(receipt: str) -> bytes:
    """SHA-256 of a receipt code, whatever its case and dashes."""
    plain = "".join(character for character in receipt.upper() if character.isalnum())
    return hashlib.sha256(f"receipt:{plain}".encode()).digest()


async def _subject(session: AsyncSession, actor: Actor, draft: ComplaintDraft, edition: str) -> Subject:
    if draft.subject_kind == SubjectKind.OTHER:
        raise_all([] if draft.area_path else [AREA_MISSING], Malformed)
        return Subject(draft.area_path or "", edition)
    if draft.subject_id is None:
        raise Malformed(SUBJECT_MISSING)
    if draft.subject_kind == SubjectKind.AWARD:
        award = await repository.award(session, actor, draft.subject_id)
        if award is None:
            raise NotFound()
        buyer_id, buyer_path = await contracts.buyer_of(session, award.project_id)
        return Subject(
            award.area_path,
            award.edition_code,
            award.number,
            buyer_id,
            buyer_path,
            award.organization_id,
            involved=[p for p in (award.proposed_by, award.confirmed_by) if p is not None],
        )
    if draft.subject_kind == SubjectKind.EVALUATION:
        evaluation = await evaluations.get(session, actor, draft.subject_id)
        contract = await contracts.by_id(session, evaluation.contract_id)
        number, evaluator = evaluation.number, evaluation.evaluator_id
        involved = await evaluations.took_part(session, evaluation)
    else:
        contract = await contracts.get(session, actor, draft.subject_id)
        number, evaluator, involved = contract.number, None, []
    return Subject(
        contract.area_path,
        contract.edition_code,
        number,
        contract.buyer_id,
        contract.buyer_path,
        contract.supplier_id,
        evaluator,
        involved,
    )


async def _standing(
    session: AsyncSession, actor: Actor, draft: ComplaintDraft, subject: Subject, settings: EditionSettings
) -> UUID | None:
    """The party the actor files for, after asking whether this kind of case is open to it."""
    spoken_for = [g.party_id for g in actor.grants if g.role in SUPPLIERS and g.party_id is not None]
    if draft.kind == ComplaintKind.COMPLAINT:
        return spoken_for[0] if spoken_for else None
    if draft.kind == ComplaintKind.MEDIATION:
        if subject.supplier_id in spoken_for:
            return subject.supplier_id
        path = subject.buyer_path
        if path is None or not contracts.speaks_for_buyer(actor, path):
            raise NotNow(NOT_A_PARTY)
        return subject.buyer_id
    award = None
    if draft.subject_kind == SubjectKind.AWARD and draft.subject_id is not None:
        award = await repository.award(session, actor, draft.subject_id)
    if award is None:
        raise Malformed(SUBJECT_MISSING)
    party = await repository.applied(session, award, spoken_for)
    last_day = None
    if award.notice_from is not None:
        last_day = editions.working_days_after(award.notice_from, settings.challenge_working_days)
    raise_all(
        rules.challenge_holds(
            award_state=award.state,
            notice_from=award.notice_from,
            last_day=last_day,
            today=clock.today(),
            applied=party is not None,
        )
    )
    return party


def _target(target: Target, subject: Subject) -> tuple[UUID | None, str | None]:
    """The party and the office a case is about; neither may handle it."""
    if target == Target.BUREAU:
        parts = subject.area_path.split("/")
        return None, "/".join(parts[: min(len(parts), DISTRICT_PARTS)])
    if subject.number is None:
        return None, subject.area_path if target == Target.BUYER else None
    party, path = {
        Target.BUYER: (subject.buyer_id, subject.buyer_path),
        Target.SUPPLIER: (subject.supplier_id, None),
        Target.EVALUATOR: (subject.evaluator_id, None),
    }[target]
    raise_all([TARGET_UNKNOWN] if party is None else [], Malformed)
    return party, path
