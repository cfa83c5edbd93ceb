"""What a text that should name an area may be told back. Pure: every failure is a `Problem` with candidates."""

from app.areas.gazetteer import AreaLevel, How, Resolution
from app.kernel.errors import Problem

_LEVELS = {
    AreaLevel.DISTRICT: ("区", "district"),
    AreaLevel.STREET: ("街道（乡镇）", "street"),
    AreaLevel.COMMUNITY: ("社区（村）", "community"),
}


def not_resolved(level: AreaLevel, text: str, found: Resolution) -> list[Problem]:
    """Why `text` names no one area of this level; empty when it does."""
    if found.area is not None:
        return []
    zh_level, en_level = _LEVELS[level]
    candidates = [area.name for area in found.candidates]
    zh_hint = f"；是否为：{'、'.join(candidates)}？" if candidates else "。"
    en_hint = f"; did you mean {', '.join(candidates)}?" if candidates else "."
    reasons = {
        How.AMBIGUOUS: (f"“{text}”不止一处{zh_level}", f"'{text}' names more than one {en_level}"),
        How.CONFLICT: (
            f"{zh_level}“{text}”不在所填的区内",
            f"{en_level} '{text}' is not in the given district",
        ),
    }
    zh, en = reasons.get(found.how, (f"未找到{zh_level}“{text}”", f"no {en_level} is called '{text}'"))
    how = found.how if found.how in reasons else How.UNKNOWN
    return [
        Problem(
            f"{en_level}_{how}",
            zh + zh_hint,
            en[:1].upper() + en[1:] + en_hint,
            f"/{level}",
            {"text": text, "candidates": candidates},
        )
    ]
