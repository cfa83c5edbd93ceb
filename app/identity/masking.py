"""Contacts as strangers see them: enough to recognize one's own, not to use another's."""


def masked_phone(phone: str | None) -> str | None:
    """'13812345678' → '138****5678'; a short number shows nothing."""
    if phone is None:
        return None
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 8 else "****"


def masked_name(name: str | None) -> str | None:
    """'程岚' → '程**'."""
    return name and name[0] + "**"
