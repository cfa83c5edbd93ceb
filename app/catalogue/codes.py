"""Every coded list of the trade: the codes as enums, their labels in Chinese and English, the words that mean them."""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from app.catalogue import process_codes, trade_codes
from app.catalogue.process_codes import (
    ComplaintKind,
    DonationKind,
    EvaluationPhase,
    FairZone,
    FundingInstrument,
    HourScheme,
    Initiator,
    MilestoneStatus,
    MilestoneType,
    ResponsibilityList,
    SupportInstrument,
    SupportService,
    SurveyChannel,
    TalkReason,
    TalkResult,
    TimeKind,
    TrancheTrigger,
    UnsuccessfulReason,
    VenueType,
    VolunteerKind,
    WorkerKind,
)
from app.catalogue.trade_codes import (
    Category,
    CreditStatus,
    DeliveryRoute,
    FundingSource,
    FundingTier,
    Grade,
    InspectionResult,
    LinkageMode,
    MarketplaceRole,
    NeedDimension,
    NeedOrigin,
    OrgOrientation,
    OrgOrigin,
    OrgStage,
    OutputUnit,
    ProcurementMethod,
    Rating,
    RegistrationStatus,
    RegistrationType,
    ServiceMethod,
    TargetGroup,
    Urgency,
)

__all__ = [
    "CODES",
    "Category",
    "Code",
    "CodeList",
    "ComplaintKind",
    "CreditStatus",
    "DeliveryRoute",
    "DonationKind",
    "EvaluationPhase",
    "FairZone",
    "FundingInstrument",
    "FundingSource",
    "FundingTier",
    "Grade",
    "HourScheme",
    "Initiator",
    "InspectionResult",
    "LinkageMode",
    "MarketplaceRole",
    "MilestoneStatus",
    "MilestoneType",
    "NeedDimension",
    "NeedOrigin",
    "OrgOrientation",
    "OrgOrigin",
    "OrgStage",
    "OutputUnit",
    "ProcurementMethod",
    "Rating",
    "RegistrationStatus",
    "RegistrationType",
    "ResponsibilityList",
    "ServiceMethod",
    "SupportInstrument",
    "SupportService",
    "SurveyChannel",
    "TalkReason",
    "TalkResult",
    "TargetGroup",
    "TimeKind",
    "TrancheTrigger",
    "UnsuccessfulReason",
    "Urgency",
    "VenueType",
    "VolunteerKind",
    "WorkerKind",
    "label",
    "resolve",
]

_NOISE = re.compile(r"[\s\u200b\u200c\ufeff·、,，.。;；:：\"“”'‘’()（）\[\]【】<>《》_\-—/|]+")
# What bureaus hang onto a word without changing what it means: '养老类', '助残服务', '草根型'.
_TAILS = ("服务类", "项目类", "类别", "项目", "服务", "类", "型", "性", "群体", "人群", "等")


def normalize(text: str) -> str:
    """The text as code lists compare it: NFKC, lower case, without spaces and punctuation."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()


@dataclass(frozen=True, slots=True)
class Code:
    """One code with its labels and the words that bureaus write for it."""

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeList:
    """A named list of codes; `members` is the enum that the rest of the program uses."""

    name: str
    zh: str
    en: str
    members: type[StrEnum]
    codes: tuple[Code, ...]
    _by_code: dict[str, Code] = field(repr=False, compare=False)
    _by_word: dict[str, str] = field(repr=False, compare=False)

    def label(self, code: str, language: str = "zh") -> str:
        """The label of `code` in 'zh' or 'en'; KeyError when the list has no such code."""
        entry = self._by_code[code]
        return entry.en if language == "en" else entry.zh

    def resolve(self, text: str) -> str | None:
        """The code that `text` means, by code, label or synonym, else None; nothing is guessed."""
        word = normalize(text)
        if not word:
            return None
        if word in self._by_word:
            return self._by_word[word]
        return next(
            (
                self._by_word[word.removesuffix(tail)]
                for tail in _TAILS
                if word.endswith(tail) and word.removesuffix(tail) in self._by_word
            ),
            None,
        )


def _snake(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


def _enums() -> Iterable[tuple[str, type[StrEnum]]]:
    for module in (trade_codes, process_codes):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum:
                yield _snake(value.__name__), value


def _read() -> MappingProxyType[str, CodeList]:
    rows: dict[str, list[Code]] = {}
    table = (files("app.catalogue") / "data" / "codes.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        words = tuple(word for word in row["synonyms"].split("|") if word)
        rows.setdefault(row["list"], []).append(Code(row["code"], row["zh"], row["en"], words))
    lists = {}
    for name, members in _enums():
        title, *codes = rows[name]
        by_word: dict[str, str] = {}
        for code in codes:
            for word in (code.code, code.zh, code.en, *code.synonyms):
                by_word.setdefault(normalize(word) or word, code.code)
        lists[name] = CodeList(
            name, title.zh, title.en, members, tuple(codes), {code.code: code for code in codes}, by_word
        )
    return MappingProxyType(lists)


CODES: MappingProxyType[str, CodeList] = _read()
"""Every list by its name: the body of `GET /api/v1/codes`."""


@lru_cache(maxsize=8192)
def resolve(list_name: str, text: str) -> str | None:
    """The code of `list_name` that `text` means, by synonym, else None; KeyError for an unknown list."""
    return CODES[list_name].resolve(text)


def label(list_name: str, code: str, language: str = "zh") -> str:
    """The label of a code in 'zh' or 'en'; KeyError for an unknown list or code."""
    return CODES[list_name].label(code, language)
