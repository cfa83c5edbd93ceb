"""Two ways to look at pairs, one code for both.

Gates and factors are written once, against a `View`. A `Grid` shows them every project against every
organization as n×m arrays; `Pairs` shows a list of pairs as arrays of length q. Both do the same
elementwise arithmetic, so a pair has the same gates and points wherever it is looked at.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.columns import Columns

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
        """The organization's matrix at the column the project names; its last column when -1."""


class Grid:
    """Every project against every organization."""

    def __init__(self, projects: Columns, organizations: Columns) -> None:
        self.projects, self.organizations = projects, organizations

    def p(self, name: str) -> Array:
        return self.projects[name][:, None]

    def o(self, name: str) -> Array:
        return self.organizations[name][None, :]

    def dot(self, project_matrix: str, organization_matrix: str) -> Array:
        return self.projects[project_matrix] @ self.organizations[organization_matrix].T

    def at(self, organization_matrix: str, project_index: str) -> Array:
        return self.organizations[organization_matrix].T[self.projects[project_index]]


class Pairs:
    """A list of pairs, by row numbers."""

    def __init__(
        self, projects: Columns, organizations: Columns, rows: NDArray[np.intp], cols: NDArray[np.intp]
    ) -> None:
        self.projects, self.organizations, self.rows, self.cols = projects, organizations, rows, cols

    def p(self, name: str) -> Array:
        return self.projects[name][self.rows]

    def o(self, name: str) -> Array:
        return self.organizations[name][self.cols]

    def dot(self, project_matrix: str, organization_matrix: str) -> Array:
        left, right = self.projects[project_matrix], self.organizations[organization_matrix]
        return np.einsum("ij,ij->i", left[self.rows], right[self.cols])

    def at(self, organization_matrix: str, project_index: str) -> Array:
        return self.organizations[organization_matrix][self.cols, self.projects[project_index][self.rows]]
