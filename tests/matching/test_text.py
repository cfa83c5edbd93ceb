"""What the texts alone can do: graded sets in Chinese, English and across both, with floors that must hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from matching import MemoryStore, Organization, Project, Ranker, TextModel
from matching.lexicon import clauses, grams
from matching.offline import ndcg
from matching.services import Suggestion
from matching.taxonomy import CATEGORIES, SIBLINGS, services
from matching.views import Grid
from tests.matching.samples import DATA

Build = Callable[..., Ranker]
Grades = NDArray[np.int64]


def rows(folder: str, name: str) -> list[dict[str, object]]:
    return [
        json.loads(line) for line in Path(DATA / folder / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]


def kind_of(row: dict[str, Any]) -> int | None:
    """The kind of work: named in the mixed set, numbered by the first posting in the Chinese one."""
    return row["kind"] if "kind" in row else (int(str(row["id"])[1:]) - 4) // 6


def posted(folder: str) -> list[Project]:
    return [Project(str(r["id"]), str(r["title"]), str(r["description"])) for r in rows(folder, "projects")]


def registered(folder: str) -> list[Organization]:
    return [
        Organization(str(r["id"]), str(r["name"]), str(r.get("scope", "")), str(r["capability"]))
        for r in rows(folder, "organizations")
    ]


def by_kind(projects: str, organizations: str) -> Grades:
    asked = [kind_of(row) for row in rows(projects, "projects")]
    offered = [kind_of(row) for row in rows(organizations, "organizations")]
    return np.array([[2 * (p == o) for o in offered] for p in asked], dtype=np.int64)


def graded() -> Grades:
    grades = {(r["project"], r["organization"]): r["grade"] for r in rows("matching-dev", "relevance")}
    pairs = [[(p.id, o.id) for o in registered("matching-dev")] for p in posted("matching-dev")]
    return np.array([[grades.get(pair, 0) for pair in row] for row in pairs], dtype=np.int64)


def quality(
    build: Build, projects: list[Project], organizations: list[Organization], grades: Grades
) -> tuple[float, float]:
    """Mean nDCG@10 and the share of postings with a fitting organization first, on likeness alone."""
    ranker = build(organizations)
    found = Grid(ranker.encode_projects(projects), ranker.columns_).like()
    like = found[:, [ranker.columns_.row_of[org.id] for org in organizations]]
    first = np.take_along_axis(grades, like.argmax(axis=1)[:, None], axis=1)
    return float(np.mean([ndcg(*row) for row in zip(like, grades, strict=True)])), float((first > 0).mean())


def test_chinese_postings_find_their_specialists(ranker_of: Build) -> None:
    gain, first = quality(ranker_of, posted("matching-dev"), registered("matching-dev"), graded())
    assert gain >= 0.97 and first >= 0.97


def test_twice_as_many_organizations_half_of_them_strangers_hurt_little(ranker_of: Build) -> None:
    strangers = [
        o for o, r in zip(registered("matching-mixed"), rows("matching-mixed", "organizations"), strict=True)
    ]
    grades = np.hstack([graded(), by_kind("matching-dev", "matching-mixed")])
    gain, first = quality(ranker_of, posted("matching-dev"), registered("matching-dev") + strangers, grades)
    assert gain >= 0.88 and first >= 0.95


@pytest.mark.parametrize(
    ("asking", "offering", "floor"),
    [
        ("matching-mixed", "matching-mixed", 0.92),
        ("matching-mixed", "matching-dev", 0.92),
        ("matching-dev", "matching-mixed", 0.94),
    ],
)
def test_english_and_chinese_go_through_the_same_path(
    ranker_of: Build, asking: str, offering: str, floor: float
) -> None:
    grades = by_kind(asking, offering)
    gain, _ = quality(ranker_of, posted(asking), registered(offering), grades)
    assert gain >= floor


@pytest.mark.parametrize(
    ("folder", "floor"), [("matching-lanes", 0.95), ("matching-harbour", 0.90), ("matching-ferry", 0.71)]
)
def test_texts_from_elsewhere_find_their_specialists(ranker_of: Build, folder: str, floor: float) -> None:
    grades = by_kind(folder, folder)
    assert grades.sum(axis=1).min() > 0, "everybody has somebody"
    gain, _ = quality(ranker_of, posted(folder), registered(folder), grades)
    assert gain >= floor


def suggested(model: TextModel, text: str) -> Suggestion:
    return model.suggest_categories(Project("p", "题目", text))[0]


def test_a_category_is_suggested_with_the_words_that_caused_it(ranker_of: Build) -> None:
    model = ranker_of([]).text_
    found = suggested(model, "老人出门找不到家，刚吃过饭又说没吃，家属想学怎么照护。")
    assert (found.category, found.service) == ("elderly_care", "dementia_care")
    found = suggested(model, "社区想请人教居民心肺复苏和AED，组织急救培训。")
    assert found.category == "emergency_environment"
    assert {"心肺复苏", "AED"} <= set(found.words)
    found = suggested(model, "Volunteers needed to teach residents CPR and how to use a defibrillator.")
    assert found.category == "emergency_environment"


def test_a_profile_means_the_same_on_every_day(ranker_of: Build) -> None:
    """Likeness depends on two texts and the taxonomy, not on who else takes part."""
    project, few = posted("matching-dev")[0], registered("matching-dev")[:3]
    alone, among = (ranker_of(orgs) for orgs in (few, registered("matching-dev")))
    here = Grid(alone.encode_projects([project]), alone.columns_).like()[0]
    there = Grid(among.encode_projects([project]), among.columns_).like()[0]
    assert here.tolist() == [there[among.columns_.row_of[org]] for org in alone.columns_.ids]


def test_vectors_are_whole_numbers_whose_products_are_exact(ranker_of: Build) -> None:
    model = ranker_of(registered("matching-dev")).text_
    dense, words = model.parts(model.vectors(["居家养老" * 300 + "\x1f名称", "\x1f", "a" * 5000 + "\x1f"]))
    exact = dense.astype(np.int64) @ dense.astype(np.int64).T
    assert (dense @ dense.T == exact).all()
    assert np.abs(exact).max() < 2**24
    assert words.multiply(words).sum(axis=1).max() < 2**24


def test_a_text_is_encoded_once(ranker_of: Build) -> None:
    class Counting:
        name = "counting"

        def __init__(self) -> None:
            self.texts: list[str] = []

        def encode(self, texts: list[str]) -> NDArray[np.float32]:
            self.texts += texts
            return np.tile(np.eye(1, 8, dtype=np.float32), (len(texts), 1))

    encoder = Counting()
    model = TextModel(encoder, MemoryStore())
    model.vectors(["一段话\x1f题目"])
    told = len(encoder.texts)
    model.vectors(["一段话\x1f题目", "一段话\x1f题目"])
    assert len(encoder.texts) == told


def test_the_default_tokenizers_mistake_is_not_made() -> None:
    assert {"夜间", "突发", "夜间突"} <= grams("夜间突发情况发现不及时").keys()
    assert grams("ＡＥＤ　Training")["aed"] == 1
    assert grams("Families, family's")["family"] == 2
    assert clauses("第一句话。第二句话,很短, ok") == ["第一句话", "第二句话"]


def test_the_taxonomy_is_whole() -> None:
    every = services()
    assert {service.category for service in every} == set(CATEGORIES)
    assert len(every) > 100 and sum(len(s.entries) + len(s.says) + len(s.says_en) for s in every) > 4000
    assert {code for pair in SIBLINGS for code in pair} <= set(CATEGORIES)
    for service in every:
        for entries in (service.terms, service.says, service.words, service.terms_en, service.words_en):
            assert len(set(entries)) == len(entries), service.code


def test_no_everyday_expression_is_copied_from_the_graded_texts() -> None:
    names = ("title", "description", "scope", "capability")
    folders = ("matching-dev", "matching-mixed", "matching-lanes", "matching-harbour", "matching-ferry")
    every = [
        row for folder in folders for name in ("projects", "organizations") for row in rows(folder, name)
    ]
    texts = "\n".join(str(row.get(name, "")) for row in every for name in names)
    spoken = " ".join(re.findall(r"[a-z']+", texts.lower()))
    for service in services():
        for told in service.says:
            assert not any(told[i : i + 8] in texts for i in range(len(told) - 7)), told
        for told in service.says_en:
            words = re.findall(r"[a-z']+", told.lower())
            assert not any(" ".join(words[i : i + 6]) in spoken for i in range(len(words) - 5)), told
