"""Made-up fairs of any size, from the sentences of the graded set; all invented."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np

from matching import Organization, Project, Record
from matching.areas import NEIGHBOURS
from matching.lexicon import clauses
from matching.taxonomy import CATEGORIES

DATA = Path(__file__).resolve().parents[2] / "tests" / "matching" / "data" / "matching-dev"
AS_OF = date(2026, 1, 1)
GROUPS = (
    "独居高龄老人",
    "失能失智老人",
    "困境儿童",
    "留守儿童",
    "残疾人",
    "低保家庭",
    "社区居民",
    "志愿者",
    "青少年",
)
PERMITS = ("食品经营许可", "心理咨询师", "儿童工作人员无犯罪记录查询", "残疾人服务机构备案")


def _bodies(name: str, keys: tuple[str, ...]) -> list[str]:
    rows = [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return ["。".join(row[key] for key in keys) for row in rows]


def _texts(bodies: list[str], count: int, distinct: int, rng: np.random.Generator) -> list[str]:
    """Texts of the usual length: a body with clauses of two others; `distinct` different ones."""
    parts = [clauses(body) for body in bodies]
    made = []
    for _ in range(min(count, distinct)):
        main, other = rng.integers(0, len(bodies), 2)
        extra = "，".join(rng.choice(parts[other], 2))
        made.append(f"{bodies[main]}{extra}。")
    return [made[i % len(made)] for i in range(count)]


def fair(
    projects: int, organizations: int, *, distinct: int = 10**9, seed: int = 0
) -> tuple[list[Project], list[Organization]]:
    """A fair with every field filled; about half of the pairs are gated."""
    rng = np.random.default_rng(seed)
    districts = sorted(NEIGHBOURS)
    codes = [code for code in CATEGORIES if code != "other"]
    asked = _texts(_bodies("projects", ("description",)), projects, distinct, rng)
    offered = _texts(_bodies("organizations", ("scope", "capability")), organizations, distinct, rng)
    posted = [
        Project(
            f"p{i:06}",
            f"项目 {i % distinct}",
            asked[i],
            category=str(rng.choice(codes)),
            target_groups=tuple(rng.choice(GROUPS, 2, replace=False)),
            district=str(rng.choice(districts)),
            street=f"街道 {rng.integers(140)}",
            buyer=f"街道办 {rng.integers(140)}",
            budget_fen=int(rng.integers(2, 40)) * 1_000_000,
            min_rating=str(rng.choice(["3A", "4A"])) if rng.random() < 0.3 else None,
            min_certified_social_workers=int(rng.integers(0, 4)),
            required_qualifications=tuple(rng.choice(PERMITS, 1)) if rng.random() < 0.2 else (),
        )
        for i in range(projects)
    ]
    registered = [
        Organization(
            f"o{j:06}",
            f"机构 {j % distinct}",
            offered[j],
            categories=tuple(rng.choice(codes, 9, replace=False)),
            target_groups=tuple(rng.choice(GROUPS, 3, replace=False)),
            district=str(rng.choice(districts)),
            service_areas=("全市",) if rng.random() < 0.6 else tuple(rng.choice(districts, 4, replace=False)),
            legal_person=True,
            credit_status="normal",
            annual_inspection={2025: "合格"},
            rating=str(rng.choice(["3A", "4A", "5A"])),
            rating_valid_until=date(2028, 1, 1),
            certified_total=int(rng.integers(1, 12)),
            qualifications=tuple(rng.choice(PERMITS, 2, replace=False)),
            capacity_max=int(rng.integers(3, 9)),
            active_engagements=int(rng.integers(0, 3)),
            last_year_income_fen=int(rng.integers(30, 900)) * 1_000_000,
            established_on=date(int(rng.integers(2008, 2026)), 5, 1),
            track_record=(Record("助餐服务", 2025, grade="良好"), Record("社区议事协商", 2024, grade="优秀")),
        )
        for j in range(organizations)
    ]
    return posted, registered
