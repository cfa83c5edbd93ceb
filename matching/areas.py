"""Which districts lie next to each other; a neighbour is nearer than a mere claim to serve the city."""

from __future__ import annotations

_BORDERS = (
    ("玄武区", "鼓楼区"), ("玄武区", "秦淮区"), ("玄武区", "栖霞区"), ("玄武区", "江宁区"),
    ("秦淮区", "鼓楼区"), ("秦淮区", "建邺区"), ("秦淮区", "雨花台区"), ("秦淮区", "江宁区"),
    ("建邺区", "鼓楼区"), ("建邺区", "雨花台区"), ("建邺区", "浦口区"), ("建邺区", "江宁区"),
    ("鼓楼区", "栖霞区"), ("鼓楼区", "江北新区"), ("浦口区", "江北新区"), ("浦口区", "六合区"),
    ("江北新区", "六合区"), ("栖霞区", "江宁区"), ("栖霞区", "六合区"), ("雨花台区", "江宁区"),
    ("江宁区", "溧水区"), ("溧水区", "高淳区"), ("浦口区", "鼓楼区"), ("江北新区", "栖霞区"),
)  # fmt: skip


def _neighbours() -> dict[str, tuple[str, ...]]:
    near: dict[str, list[str]] = {}
    for left, right in _BORDERS:
        near.setdefault(left, []).append(right)
        near.setdefault(right, []).append(left)
    return {district: tuple(sorted(others)) for district, others in near.items()}


NEIGHBOURS = _neighbours()
