"""Unified social credit codes for invented organizations (GB 32100-2015, GB 11714-1997; range of the demo: XX99nnnn)."""

_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def invented_uscc(prefix: str, area_code: str, number: int) -> str:
    """The valid 18-character code of the `number`-th invented body, registered under `area_code` (1 ≤ number ≤ 9999)."""
    body = f"XX99{number:04d}"
    total = sum(int(char, 36) * weight for char, weight in zip(body, _ORGANIZATION_WEIGHTS, strict=True))
    rest = (11 - total % 11) % 11
    head = f"{prefix}{area_code}{body}{'X' if rest == 10 else rest}"
    check = -sum(_ALPHABET.index(char) * weight for char, weight in zip(head, _WEIGHTS, strict=True)) % 31
    return head + _ALPHABET[check]
