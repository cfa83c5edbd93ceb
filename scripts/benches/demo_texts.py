"""How fast the demo fair is made, and how many of its texts are near copies: `scripts/bench demo-texts [--seed N]`.

Two texts are duplicates when their character 5-grams have a Jaccard index of 0.6 or more after names of districts,
streets, communities and organizations, figures and punctuation are taken out. Every pair is compared, exactly.
"""

import argparse
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.sparse import csr_matrix

from app.demo.generate import DemoFair, build
from app.demo.workbooks import write

WIDTH = 5
THRESHOLD = 0.6
_NOT_WORDS = re.compile(r"[\W\d_]+|[〇一二三四五六七八九十百千万两]{2,}")


def share_of_duplicates(texts: Sequence[str], names: Iterable[str]) -> float:
    """Share of the texts that have a duplicate among the others."""
    grams = _binary([_grams(text) for text in _without(texts, names)])
    common = np.asarray((grams @ grams.T).todense(), dtype=np.float32)
    sizes = common.diagonal().copy()
    alike = common >= THRESHOLD * (sizes[:, None] + sizes[None, :] - common)
    np.fill_diagonal(alike, False)
    return float(alike.any(axis=1).mean())


def names_in(fair: DemoFair) -> set[str]:
    """Every name of a place or a body that occurs in the fair."""
    places = {name for street in fair.streets for name in (street.district, street.name, *street.communities)}
    return places | {organization.name for organization in fair.organizations}


def _without(texts: Sequence[str], names: Iterable[str]) -> list[str]:
    any_name = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    return [_NOT_WORDS.sub("", any_name.sub("", text)) for text in texts]


def _grams(text: str) -> set[str]:
    return {text[start : start + WIDTH] for start in range(max(1, len(text) - WIDTH + 1))}


def _binary(rows: Sequence[set[str]]) -> csr_matrix:
    columns: dict[str, int] = {}
    indices = [columns.setdefault(gram, len(columns)) for row in rows for gram in sorted(row)]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    return csr_matrix((np.ones(len(indices), np.float32), indices, starts), shape=(len(rows), len(columns)))


def main(argv: Sequence[str]) -> int:
    """Print the share of duplicates among descriptions and among capability texts."""
    parser = argparse.ArgumentParser(prog="scripts/bench demo-texts", description=__doc__)
    parser.add_argument("--seed", type=int, default=2026)
    seed = parser.parse_args(argv).seed
    started = time.perf_counter()
    fair = build(seed)
    built = time.perf_counter()
    with TemporaryDirectory() as folder:
        files = write(fair, Path(folder))
    print(
        f"built in {built - started:.1f} s, {len(files)} workbooks written in {time.perf_counter() - built:.1f} s"
    )
    names = names_in(fair)
    started = time.perf_counter()
    print(f"seed {seed}: {len(fair.projects)} projects, {len(fair.organizations)} organizations")
    for label, texts in (
        ("project descriptions", [project.description for project in fair.projects]),
        ("organization capabilities", [organization.capability for organization in fair.organizations]),
    ):
        lengths = [len(text) for text in texts]
        share = share_of_duplicates(texts, names)
        print(f"{label}: {share:.2%} have a duplicate (5-gram Jaccard >= {THRESHOLD}); "
              f"{len(set(texts))} different texts of {min(lengths)}-{max(lengths)} characters")  # fmt: skip
    print(f"compared in {time.perf_counter() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
