"""The eight soft factors and the open adjustments, each a share of its points for every pair.

Each factor function returns the share (0–1, float32) and where its data is missing; a missing share is ½
and is shown as "no data". Sources: DOMAIN list of factors; only + − × ÷ min max are used, so that results
are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.text import likeness_share
from matching.track import PRIOR_RECORDS, STEPS
from matching.views import View
from matching.weights import ADJUSTMENT, FACTORS, Weights

Share = NDArray[np.float32]
Mask = NDArray[np.bool_]
NEUTRAL = np.float32(0.5)
_ONE = np.float32(1.0)


def _known(share: NDArray[Any], missing: Mask) -> tuple[Share, Mask]:
    return np.where(missing, NEUTRAL, share).astype(np.float32, copy=False), missing


def text(view: View, weights: Weights) -> tuple[Share, Mask]:
    """Category agreement and likeness of the texts, mixed by the weights' category share.

    Where one of the two is unknown the other stands for it. A title alone is never read as a text.
    """
    like = likeness_share(view.like())
    no_text = ~(view.p("has_text") & view.o("has_text"))
    category = np.minimum(view.dot("category_weights", "near_categories"), _ONE)
    no_category = ~(view.p("has_category") & view.o("has_categories"))
    part = np.float32(weights.category_share)
    share = part * np.where(no_category, like, category) + (_ONE - part) * np.where(no_text, category, like)
    return _known(share, no_text & no_category)


def target_group(view: View, weights: Weights) -> tuple[Share, Mask]:
    """The part of the needed groups that the organization serves."""
    needed = view.p("groups_needed")
    missing = (needed == 0) | ~view.o("has_groups")
    return _known(view.dot("groups", "groups") / np.maximum(needed, _ONE), missing)


def place(view: View, weights: Weights) -> tuple[Share, Mask]:
    """Work in the same street 1, home in the district 0.8, a neighbour or one of few named 0.5, a wide claim 0.4."""
    near = view.at("home", "district")
    serves = view.at("serves", "district") > 0
    claim = np.where(view.o("named"), NEUTRAL, np.float32(0.4))
    share = np.maximum(near, np.where(serves | view.o("city_wide"), claim, np.float32(0.0)))
    share = np.where(view.at("worked_streets", "street") > 0, _ONE, share)
    return _known(share, ~view.o("has_place") | (view.p("district_count") == 0))


def track_record(view: View, weights: Weights) -> tuple[Share, Mask]:
    """Grades of like work in three years, the newest counting most, drawn to neutral when there is little."""
    done = view.dot("services", "work_done") * np.float32(1 / STEPS**2)
    graded = view.dot("services", "work_graded") * np.float32(1 / STEPS**2)
    share = (graded + NEUTRAL * PRIOR_RECORDS) / (done + PRIOR_RECORDS)
    return _known(share, ~view.o("has_record") & (view.p("min_rating") >= 0))


def staff(view: View, weights: Weights) -> tuple[Share, Mask]:
    """Certified social workers for half as many again as asked, a supervisor, the preferred qualifications."""
    wanted = np.maximum(view.p("min_certified"), _ONE) * np.float32(1.5)
    enough = np.minimum(view.o("certified") / wanted, _ONE)
    supervisor = np.where(np.isnan(view.o("supervisors")), NEUTRAL, np.minimum(view.o("supervisors"), _ONE))
    asked = view.p("preferred_count")
    held = view.dot("preferred", "qualifications") / np.maximum(asked, _ONE)
    base = np.float32(0.8) * enough + np.float32(0.2) * supervisor
    share = np.where(asked > 0, np.float32(0.75) * base + np.float32(0.25) * held, base)
    return _known(share, np.isnan(view.o("certified")) & (asked >= 0))


def capacity(view: View, weights: Weights) -> tuple[Share, Mask]:
    """The free part of its capacity; the last place counts half, and half again for a small job."""
    most = view.o("capacity")
    free = np.maximum(most - view.o("active"), np.float32(0.0))
    share = free / np.maximum(most, _ONE)
    last = np.where((free == 1) & (most > 1), NEUTRAL, _ONE)
    small = np.where((last < _ONE) & (view.p("budget") <= np.float32(weights.small_job_fen)), NEUTRAL, _ONE)
    return _known(share * last * small, np.isnan(most) & (view.p("min_rating") >= 0))


def money(view: View, weights: Weights) -> tuple[Share, Mask]:
    """Inside its preferred range, and no more than about half of last year's income."""
    budget = view.p("budget")
    below = np.where(np.isnan(view.o("money_from")), _ONE, budget / np.maximum(view.o("money_from"), _ONE))
    above = np.where(np.isnan(view.o("money_to")), _ONE, view.o("money_to") / np.maximum(budget, _ONE))
    fits = np.minimum(np.minimum(below, above), _ONE)
    no_range = np.isnan(view.o("money_from")) & np.isnan(view.o("money_to"))
    fits = np.where(no_range, NEUTRAL, fits)
    bears = np.minimum(view.o("income") * NEUTRAL / np.maximum(budget, _ONE), _ONE)
    no_income = np.isnan(view.o("income"))
    bears = np.where(no_income, NEUTRAL, bears)
    share = np.float32(0.6) * fits + np.float32(0.4) * bears
    return _known(share, np.isnan(budget) | (no_range & no_income))


def rating(view: View, weights: Weights) -> tuple[Share, Mask]:
    """5A 1 down to none 0.3; a mere 基本合格 takes ½, each honour adds a tenth up to two."""
    share = np.float32(0.3) + np.float32(0.14) * view.o("rating")
    share = share + np.float32(0.1) * np.minimum(view.o("honours"), np.float32(2.0))
    share = share - np.where(view.o("inspection_basic"), NEUTRAL, np.float32(0.0))
    share = np.clip(share, np.float32(0.0), _ONE) + np.zeros_like(view.p("min_rating"))
    return _known(share, np.zeros_like(share, dtype=np.bool_))


def adjustment(view: View, weights: Weights) -> NDArray[np.float32]:
    """Points given or taken openly: a pilot for new organizations, a brake on a buyer's favourite."""
    pilot = (
        view.o("new")
        & (view.o("supervisors") > 0)
        & (view.p("budget") <= np.float32(weights.pilot_budget_fen))
    )
    dominant = view.at("buyer_share", "buyer") > np.float32(weights.dominance_share)
    points = np.where(pilot, np.float32(weights.pilot_bonus), np.float32(0.0))
    return points - np.where(dominant, np.float32(weights.dominance_malus), np.float32(0.0))


FUNCTIONS: dict[str, Callable[[View, Weights], tuple[Share, Mask]]] = {
    "text": text,
    "target_group": target_group,
    "place": place,
    "track_record": track_record,
    "staff": staff,
    "capacity": capacity,
    "money": money,
    "rating": rating,
}
assert tuple(FUNCTIONS) == FACTORS
assert ADJUSTMENT not in FUNCTIONS
