"""Two ways to look at pairs, one code for both.

Gates and factors are written once, against a `View`. A `Grid` shows them every project against every
organization as n×m arrays; `Pairs` shows a list of pairs as arrays of length q. Both do the same
elementwise arithmetic, so a pair has the same gates and points wherever it is looked at.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from matching.columns import Columns
from matching.text import DENSE_SCALE, WORD_SCALE, WORD_SHARE

Array = NDArray[Any]


class View(Protocol):
    """Pairs of projects and organizations as broadcastable arrays."""

    def p(self, name: str) -> Array:
        """A project column: n×1 or q."""

    def o(self, name: str) -> Array:
        """An organization column: 1×m or q."""

    def dot(self, project_matrix: str, organization_matrix: str) -> Array:
        """Inner product of the two rows of each pair: n×m or q, float32."""

    def at(self, organization_matrix: str, project_index: str) -> Array:
        """The organization's matrix at the column the project names."""

    def like(self) -> Array:
        """How alike the texts of each pair are, before any scaling: n×m or q, float32."""


class Grid:
    """Every project against every organization."""

    def __init__(self, projects: Columns, organizations: Columns) -> None:
        self.projects, self.organizations = projects, organizations
        self._like: Array | None = None

    def p(self, name: str) -> Array:
        return np.asarray(self.projects[name][:, None])

    def o(self, name: str) -> Array:
        return np.asarray(self.organizations[name][None, :])

    def dot(self, project_matrix: str, organization_matrix: str) -> Array:
        left, right = self.projects[project_matrix], self.organizations[organization_matrix]
        if not issparse(left):
            return np.asarray(left @ right.T)
        # One row against many: multiplying by a dense vector spares turning the many around.
        if left.shape[0] == 1:
            return np.asarray(right @ left.toarray()[0])[None, :]
        if right.shape[0] == 1:
            return np.asarray(left @ right.toarray()[0])[:, None]
        return np.asarray((left @ right.T).toarray())

    def at(self, organization_matrix: str, project_index: str) -> Array:
        matrix, index = self.organizations[organization_matrix], self.projects[project_index]
        picked = matrix.T.tocsr()[index].toarray() if issparse(matrix) else matrix.T[index]
        return np.asarray(picked)

    def like(self) -> Array:
        if self._like is None:
            dense = self.dot("dense", "dense") * np.float32(1 / DENSE_SCALE**2)
            self._like = dense + self.dot("words", "words") * np.float32(WORD_SHARE / WORD_SCALE**2)
        return self._like


class Pairs:
    """A list of pairs, by row numbers; likenesses are handed over from the grid where they were computed."""

    def __init__(
        self,
        projects: Columns,
        organizations: Columns,
        rows: NDArray[np.intp],
        cols: NDArray[np.intp],
        like: Array | None = None,
    ) -> None:
        self.projects, self.organizations, self.rows, self.cols = projects, organizations, rows, cols
        self._like = like

    def p(self, name: str) -> Array:
        return np.asarray(self.projects[name][self.rows])

    def o(self, name: str) -> Array:
        return np.asarray(self.organizations[name][self.cols])

    def dot(self, project_matrix: str, organization_matrix: str) -> Array:
        left = self.projects[project_matrix][self.rows]
        right = self.organizations[organization_matrix][self.cols]
        if issparse(left):
            return np.asarray(left.multiply(right).sum(axis=1)).ravel()
        return np.asarray(np.einsum("ij,ij->i", left, right))

    def at(self, organization_matrix: str, project_index: str) -> Array:
        matrix, index = self.organizations[organization_matrix], self.projects[project_index]
        if not len(self.rows):  # a sparse matrix answers an empty question with a matrix
            return np.zeros(0, dtype=np.float32)
        return np.asarray(matrix[self.cols, index[self.rows]]).ravel()

    def like(self) -> Array:
        if self._like is None:
            raise ValueError("these pairs were listed without their likenesses")
        return self._like
