"""How well texts find their specialists: ours beside what one would pick instead, scored in the same run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from matching import BundledEncoder, TextModel
from matching.lexicon import grams, normalized
from matching.offline import ndcg
from matching.text import DENSE_SCALE, WORD_SCALE, WORD_SHARE

DATA = Path(__file__).resolve().parents[2] / "tests" / "matching" / "data"
WORD_SHARES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
MEANING_SHARES = (0.5, 0.75, 1.0, 1.25, 1.5)

Table = NDArray[np.float64]
Method = Callable[["Graded"], Table]


@dataclass(frozen=True)
class Graded:
    """Postings and profiles as (title, body), grades n×m, and the kind of work of each posting."""

    name: str
    asked: list[tuple[str, str]]
    offered: list[tuple[str, str]]
    grades: NDArray[np.int64]
    kinds: NDArray[np.int64]

    @property
    def plain(self) -> tuple[list[str], list[str]]:
        """Whole texts, as a peer would take them."""
        return [f"{t} {b}" for t, b in self.asked], [f"{t} {b}" for t, b in self.offered]


def _rows(folder: str, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (DATA / folder / f"{name}.jsonl").read_text("utf-8").splitlines()]


def _kind(row: dict[str, object]) -> int:
    if "kind" in row:
        return -1 if row["kind"] is None else int(str(row["kind"]))
    return (int(str(row["id"])[1:]) - 4) // 6


def _texts(rows: Sequence[dict[str, object]]) -> list[tuple[str, str]]:
    bodies = ["\n".join(str(r[k]) for k in ("description", "scope", "capability") if k in r) for r in rows]
    return [(str(r.get("title", r.get("name"))), body) for r, body in zip(rows, bodies, strict=True)]


def graded_sets() -> list[Graded]:
    """The Chinese set, the same among twice as many organizations, and the sets in and across two languages."""
    zh_asked, zh_offered = _rows("matching-dev", "projects"), _rows("matching-dev", "organizations")
    en_asked, en_offered = _rows("matching-mixed", "projects"), _rows("matching-mixed", "organizations")
    known = {
        (r["project"], r["organization"]): int(str(r["grade"])) for r in _rows("matching-dev", "relevance")
    }
    by_expert = np.array([[known.get((p["id"], o["id"]), 0) for o in zh_offered] for p in zh_asked])
    strangers = [o for o in en_offered if o["kind"] is None]

    def by_kind(asked: list[dict[str, object]], offered: list[dict[str, object]]) -> NDArray[np.int64]:
        return np.array([[2 * (_kind(p) == _kind(o)) for o in offered] for p in asked])

    def graded(
        name: str, asked: list[dict[str, object]], offered: list[dict[str, object]], grades: object
    ) -> Graded:
        kinds = np.array([_kind(row) for row in asked])
        return Graded(name, _texts(asked), _texts(offered), np.asarray(grades, dtype=np.int64), kinds)

    doubled = np.hstack([by_expert, by_kind(zh_asked, en_offered)])
    return [
        graded("zh", zh_asked, zh_offered, by_expert),
        graded(
            "zh, 25 strangers", zh_asked, zh_offered + strangers, np.hstack([by_expert, np.zeros((75, 25))])
        ),
        graded("zh, doubled by en", zh_asked, zh_offered + en_offered, doubled),
        graded("en → en", en_asked, en_offered, by_kind(en_asked, en_offered)),
        graded("en → zh", en_asked, zh_offered, by_kind(en_asked, zh_offered)),
        graded("zh → en", zh_asked, en_offered, by_kind(zh_asked, en_offered)),
        *(graded(name, asked, offered, by_kind(asked, offered)) for name, asked, offered in _unread()),
    ]


def _unread() -> list[tuple[str, list[dict[str, object]], list[dict[str, object]]]]:
    """The sets that were written after the method was settled, to see what texts from elsewhere meet."""
    folders = {"lanes": "matching-lanes", "harbour": "matching-harbour", "ferry": "matching-ferry"}
    return [(name, _rows(at, "projects"), _rows(at, "organizations")) for name, at in folders.items()]


def tfidf_words(graded: Graded) -> Table:
    asked, offered = graded.plain
    vectorizer = TfidfVectorizer().fit(asked + offered)
    return np.asarray(cosine_similarity(vectorizer.transform(asked), vectorizer.transform(offered)))


def tfidf_characters(graded: Graded) -> Table:
    asked, offered = graded.plain
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3)).fit(asked + offered)
    return np.asarray(cosine_similarity(vectorizer.transform(asked), vectorizer.transform(offered)))


def bm25(graded: Graded) -> Table:
    """BM25 over single words and two-character runs: its own tokenizer takes Chinese clauses for words."""
    asked, offered = (
        [[g for g in grams(text) if len(g) == 2 or g.isascii()] for text in texts] for texts in graded.plain
    )
    index = bm25s.BM25()
    index.index(offered, show_progress=False)
    return np.stack([index.get_scores(words) for words in asked]).astype(float)


def encoder_alone(graded: Graded) -> Table:
    encoder = BundledEncoder()
    asked, offered = (encoder.encode([normalized(text) for text in texts]) for texts in graded.plain)
    return np.asarray(asked @ offered.T, dtype=float)


def plain_sum(graded: Graded) -> Table:
    """Character runs and encoder, each standardized over the table, added."""
    return sum((s - s.mean()) / s.std() for s in (tfidf_characters(graded), encoder_alone(graded)))


@dataclass(frozen=True)
class Parts:
    """The three likenesses of the library before they are mixed."""

    profile: Table
    meaning: Table
    words: Table

    def mixed(self, word_share: float = WORD_SHARE, meaning_share: float = 1.0) -> Table:
        return self.profile + meaning_share * self.meaning + word_share * self.words


def parts(graded: Graded) -> Parts:
    model = TextModel()
    size = model.reader.size
    (left, left_words), (right, right_words) = (
        model.parts(model.vectors([f"{body}\x1f{title}" for title, body in texts]))
        for texts in (graded.asked, graded.offered)
    )
    return Parts(
        left[:, :size] @ right[:, :size].T / DENSE_SCALE**2,
        left[:, size:] @ right[:, size:].T / DENSE_SCALE**2,
        (left_words @ right_words.T).toarray() / WORD_SCALE**2,
    )


METHODS: dict[str, Method] = {
    "TfidfVectorizer + cosine": tfidf_words,
    "char 1–3-gram TF-IDF": tfidf_characters,
    "bm25s": bm25,
    "sentence encoder": encoder_alone,
    "plain sum": plain_sum,
    "matching": lambda graded: parts(graded).mixed(),
}


def gains(table: Table, grades: NDArray[np.int64]) -> Table:
    return np.array([ndcg(*row) for row in zip(table, grades, strict=True)])


def first(table: Table, grades: NDArray[np.int64]) -> float:
    return float((np.take_along_axis(grades, table.argmax(axis=1)[:, None], axis=1) > 0).mean())


def leave_one_kind_out(graded: Graded) -> tuple[float, float]:
    """nDCG@10 and P@1 when the mixture's two shares are fitted on all other kinds of work; the taxonomy is frozen."""
    ours = parts(graded)
    tables = {shares: ours.mixed(*shares) for shares in product(WORD_SHARES, MEANING_SHARES)}
    found = {shares: gains(table, graded.grades) for shares, table in tables.items()}
    total, hits = np.zeros(len(graded.kinds)), np.zeros(len(graded.kinds))
    for kind in np.unique(graded.kinds):
        out = graded.kinds == kind
        best = max(found, key=lambda shares: float(found[shares][~out].mean()))
        total[out] = found[best][out]
        hits[out] = [first(tables[best][i : i + 1], graded.grades[i : i + 1]) for i in np.flatnonzero(out)]
    return float(total.mean()), float(hits.mean())


def report() -> None:
    """Print one table: methods by sets, nDCG@10 and P@1."""
    sets = graded_sets()
    print("nDCG@10 (P@1), text only, all organizations as candidates, no gates")
    print("| method | " + " | ".join(s.name for s in sets) + " | zh tuning half | zh held half |")
    print("|---" * (len(sets) + 3) + "|")
    for name, method in METHODS.items():
        cells = []
        halves: list[str] = []
        for graded in sets:
            table = method(graded)
            cells.append(f"{gains(table, graded.grades).mean():.3f} ({first(table, graded.grades):.2f})")
            if graded.name == "zh":
                for half in (graded.kinds % 2 == 0, graded.kinds % 2 == 1):
                    quality = (
                        gains(table, graded.grades)[half].mean(),
                        first(table[half], graded.grades[half]),
                    )
                    halves.append(f"{quality[0]:.3f} ({quality[1]:.2f})")
        print(f"| {name} | " + " | ".join([*cells, *halves]) + " |", flush=True)
    for graded in (sets[0], sets[3]):
        gain, hit = leave_one_kind_out(graded)
        print(f"leave one kind out, {graded.name}: nDCG@10 {gain:.3f}, P@1 {hit:.2f}")
