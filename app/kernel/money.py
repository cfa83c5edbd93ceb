"""Money: integer fen (CNY 0.01) inside, decimal strings of yuan outside.

A plain JSON number is refused over HTTP, because 25000 may mean fen, yuan or 万元 to three senders. The import has
already settled the unit of every cell; it validates with `context=FEN`, where integers are fen.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.kernel.fields import wrong

FEN: dict[str, Any] = {"money": "fen"}
LARGEST_FEN = 10**15


def yuan(fen: int) -> str:
    """Fen as the API shows it: 123450 → '1234.50'."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fen_of(text: str) -> int:
    """A decimal string of yuan in fen. Raises ValueError when it is no number or finer than one fen."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("not a decimal number of yuan") from None
    if not amount.is_finite():
        raise ValueError("not a finite number of yuan")
    fen = amount * 100
    if fen != fen.to_integral_value():
        raise ValueError("finer than 0.01 yuan")
    return int(fen)


def _parse(value: Any, info: ValidationInfo) -> int:
    in_fen = info.context is not None and info.context.get("money") == "fen"
    if in_fen and isinstance(value, int) and not isinstance(value, bool):
        fen = value
    elif isinstance(value, str):
        try:
            fen = fen_of(value)
        except ValueError:
            raise _refusal() from None
    else:
        raise _refusal()
    if not 0 <= fen <= LARGEST_FEN:
        raise _refusal()
    return fen


def _refusal() -> PydanticCustomError:
    return wrong(
        "money",
        '金额须为以元计的字符串，例如 "25000.00"，不得为负。',
        'money is a string of yuan such as "25000.00", zero or more',
    )


Fen = Annotated[
    int,
    BeforeValidator(_parse),
    PlainSerializer(yuan, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d{1,2})?$", "examples": ["25000.00"]}),
]
