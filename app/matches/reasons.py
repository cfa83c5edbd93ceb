"""Sentences for what the factors gave, in Chinese and English, from templates."""

from collections.abc import Sequence

from app.matches.schemas import FactorView
from matching import COLUMNS, Weights

LABELS: dict[str, tuple[str, str]] = {
    "text": ("内容契合", "content"),
    "target_group": ("服务对象", "target groups"),
    "place": ("服务地点", "place"),
    "track_record": ("过往业绩", "track record"),
    "staff": ("人员力量", "staff"),
    "capacity": ("承接余量", "free capacity"),
    "money": ("金额规模", "scale of money"),
    "rating": ("等级信用", "rating and credit"),
    "adjustment": ("公开加减分", "open adjustment"),
}
PLUS, MINUS = 3, 2
HIGH, LOW = 0.6, 0.4


def factor_view(
    name: str, points: float, of: float, no_data: bool, why: tuple[str, str] | None = None
) -> FactorView:
    """One factor with its sentence; `why` (zh, en) follows the points where it is known."""
    zh, en = LABELS[name]
    if name == "adjustment":
        text_zh, text_en = f"{zh} {points:+.1f} 分", f"{en}: {points:+.1f} points"
    elif no_data:
        text_zh = f"{zh}：暂无数据，按中位计 {points:.1f}/{of:g} 分"
        text_en = f"{en}: no data, counted as neutral, {points:.1f} of {of:g} points"
    else:
        text_zh, text_en = f"{zh} {points:.1f}/{of:g} 分", f"{en}: {points:.1f} of {of:g} points"
    if why is not None and not no_data and why[0]:
        text_zh, text_en = f"{text_zh}：{why[0]}", f"{text_en}: {why[1]}"
    return FactorView(name=name, points=round(points, 3), of=of, no_data=no_data, zh=text_zh, en=text_en)


def factor_views(
    points: Sequence[float],
    no_data: Sequence[str],
    weights: Weights,
    why: Sequence[tuple[str, str] | None] = (None,) * len(COLUMNS),
) -> list[FactorView]:
    """All factors of a pair in the order of `matching.COLUMNS`."""
    return [
        factor_view(name, float(value), weights.points.get(name, 0.0), name in no_data, told)
        for name, value, told in zip(COLUMNS, points, why, strict=True)
    ]


def told(factors: Sequence[FactorView]) -> tuple[list[str], list[str]]:
    """The reasons worth saying first: the three that help most and the two that hold back most, zh and en."""
    judged = [f for f in factors if f.of > 0 and not f.no_data]
    plus = sorted((f for f in judged if f.points >= HIGH * f.of), key=lambda f: (-f.points, f.name))[:PLUS]
    minus = sorted((f for f in judged if f.points < LOW * f.of), key=lambda f: (f.points - f.of, f.name))[
        :MINUS
    ]
    open_points = [f for f in factors if f.of == 0 and f.points]
    chosen = [("＋", "+", f) for f in plus] + [("－", "−", f) for f in minus]
    chosen += [("＋" if f.points > 0 else "－", "+" if f.points > 0 else "−", f) for f in open_points]
    return [f"{sign}{f.zh}" for sign, _, f in chosen], [f"{sign} {f.en}" for _, sign, f in chosen]
