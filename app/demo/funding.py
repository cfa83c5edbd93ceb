"""How a posting is paid: the three tiers of the fair and the lottery fund, in shares that add up to the fen."""

from random import Random

_TIERS = ("city", "district", "street")
_TIER_SHARES = (18, 38, 44)
_STEP = 10_000  # shares are whole hundreds of yuan, as lists in 万元 with two decimals can say


def funding_of(rng: Random, category: str, yuan: int) -> tuple[str, dict[str, int]]:
    """The tier that leads and the fen each source gives; lottery money goes to elderly care first."""
    tier = rng.choices(_TIERS, _TIER_SHARES)[0]
    budget = yuan * 100
    if tier == "street":
        parts = {"street_fiscal": budget}
    elif tier == "district":
        lead = _share(rng, budget, 0.6, 1.0)
        parts = {"district_fiscal": lead, "street_fiscal": budget - lead}
    else:
        lead = _share(rng, budget, 0.4, 0.7)
        middle = _share(rng, budget - lead, 0.4, 1.0)
        parts = {"city_fiscal": lead, "district_fiscal": middle, "street_fiscal": budget - lead - middle}
    if tier != "street" and category == "elderly_care" and rng.random() < 0.45:
        leader = f"{tier}_fiscal"
        lottery = _share(rng, parts[leader], 0.5, 1.0)
        parts["lottery_fund"] = lottery
        parts[leader] -= lottery
    return tier, {source: fen for source, fen in parts.items() if fen}


def _share(rng: Random, fen: int, low: float, high: float) -> int:
    tenths = rng.randint(int(low * 10), int(high * 10))
    return fen * tenths // 10 // _STEP * _STEP
