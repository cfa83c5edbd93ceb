"""The ranker: organizations for projects, projects for organizations, from one score."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import date
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from matching.columns import Columns, Vocabulary, organization_columns, project_columns
from matching.encoder import TextEncoder, VectorStore
from matching.explain import Explainer
from matching.gates import GateRules
from matching.model import Organization, Project
from matching.ranking import Ranking
from matching.scoring import EXCLUDED, ROWS, STEPS, Best, best_of_rows, block_totals, pair_scores
from matching.text import TextModel, has_body, organization_text, project_text, record_text
from matching.threads import one_thread
from matching.track import project_services, work_done
from matching.weights import COLUMNS, FACTORS, Weights


class Ranker:
    """Ranks by gates, eight factors and open adjustments, as of a given day.

    A scikit-learn style estimator: parameters are only kept by `__init__`, `get_params`, `set_params` and
    `clone` work, and what `fit` learns ends with an underscore. `store` keeps text vectors between runs.
    `n_jobs` and `backend` ('loky' or any joblib backend, such as 'dask') share out blocks of `block` rows.
    """

    def __init__(
        self,
        as_of: date,
        *,
        weights: Weights | None = None,
        rules: GateRules | None = None,
        encoder: TextEncoder | None = None,
        store: VectorStore | None = None,
        n_jobs: int = 1,
        backend: str = "loky",
        block: int = ROWS,
        random_state: int | None = None,
    ) -> None:
        self.as_of = as_of
        self.weights = weights
        self.rules = rules
        self.encoder = encoder
        self.store = store
        self.n_jobs = n_jobs
        self.backend = backend
        self.block = block
        self.random_state = random_state

    @classmethod
    def _parameters(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters given to `__init__`."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name. Raises ValueError for a name that is not one."""
        known = self._parameters()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"no parameter {name!r}; there are {known}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"Ranker(as_of={self.as_of!r})"

    def fit(self, organizations: Sequence[Organization], projects: Sequence[Project] = ()) -> Self:
        """Learn the organizations, and optionally the projects that `rank_projects` is to rank.

        Raises ValueError when two organizations share an id.
        """
        self.weights_ = self.weights or Weights()
        self.rules_ = self.rules or GateRules()
        self.text_ = TextModel(self.encoder, self.store)
        self.vocabulary_ = Vocabulary()
        self.organizations_ = _by_id(organizations, ordered=True)
        self.projects_ = _by_id(projects, ordered=True)
        self.vocabulary_.learn(self.organizations_.values())
        self.columns_ = self.encode_organizations(list(self.organizations_.values()))
        self.project_columns_ = self.encode_projects(list(self.projects_.values()))
        return self

    def encode_organizations(
        self, organizations: Sequence[Organization], vocabulary: Vocabulary | None = None
    ) -> Columns:
        """Organizations as columns, in the order given, under the fitted vocabulary unless another is given."""
        columns = organization_columns(organizations, vocabulary or self.vocabulary_, self.as_of)
        texts = [organization_text(org) for org in organizations]
        titles = [record_text(record) for org in organizations for record in org.track_record]
        columns.arrays["work_done"], columns.arrays["work_graded"] = work_done(
            organizations, self.text_.profiles(self.text_.vectors(titles)), self.as_of
        )
        return self._with_texts(columns, self.text_.vectors(texts), texts)

    def encode_projects(self, projects: Sequence[Project], vocabulary: Vocabulary | None = None) -> Columns:
        """Projects as columns, in the order given, under the fitted vocabulary unless another is given."""
        columns = project_columns(projects, vocabulary or self.vocabulary_)
        texts = [project_text(project) for project in projects]
        vectors = self.text_.vectors(texts)
        columns.arrays["services"] = project_services(self.text_.profiles(vectors), columns["main_category"])
        return self._with_texts(columns, vectors, texts)

    def _with_texts(self, columns: Columns, vectors: NDArray[np.int16], texts: list[str]) -> Columns:
        columns.arrays["dense"], columns.arrays["words"] = self.text_.parts(vectors)
        columns.arrays["has_text"] = np.array([has_body(text) for text in texts], dtype=np.bool_)
        return columns

    def rank(self, projects: Sequence[Project | str], limit: int = 20) -> Ranking:
        """The best organizations of each project; rows keep the order of `projects`.

        A string names a project that was given to `fit`. Raises KeyError for an unknown id.
        """
        self._check_fitted()
        known, columns = self._project_rows(projects)
        return self._ranking(known, self.organizations_, columns, self.columns_, limit, of_projects=True)

    def rank_projects(
        self,
        organizations: Sequence[Organization | str] | None = None,
        limit: int = 20,
        *,
        projects: Sequence[Project] | None = None,
    ) -> Ranking:
        """The best projects of each organization, from the same score.

        Without `organizations` all fitted ones are meant, without `projects` those given to `fit`. An
        organization need not be among the fitted. Raises KeyError for an unknown id.
        """
        self._check_fitted()
        if projects is None:
            known, columns = self.projects_, self.project_columns_
        else:
            known = _by_id(projects, ordered=True)
            columns = self.encode_projects(list(known.values()))
        if organizations is None:
            return self._ranking(known, self.organizations_, columns, self.columns_, limit, of_projects=False)
        named = [self.organizations_[o] if isinstance(o, str) else o for o in organizations]
        if all(self.organizations_.get(o.id) is o for o in named):
            rows = self.columns_.take([self.columns_.row_of[o.id] for o in named])
            return self._ranking(known, _by_id(named, ordered=False), columns, rows, limit, of_projects=False)
        other = Ranker(**self.get_params()).fit(named)
        return other.rank_projects([o.id for o in named], limit, projects=list(known.values()))

    def table(self, projects: Sequence[Project | str]) -> NDArray[np.float64]:
        """Every score of these projects, n×m with organizations in the order of their ids; NaN where a gate excludes."""
        self._check_fitted()
        _, columns = self._project_rows(projects)
        parts = [np.zeros((0, len(self.columns_)))]
        for start in range(0, len(columns), self.block):
            block = columns.rows(start, min(start + self.block, len(columns)))
            with one_thread():
                totals, _ = block_totals(block, self.columns_, self.weights_, self.rules_)
            parts.append(np.where(totals > EXCLUDED, totals.astype(np.float64) / STEPS, np.nan))
        return np.concatenate(parts)

    def _project_rows(self, projects: Sequence[Project | str]) -> tuple[dict[str, Project], Columns]:
        named = [self.projects_[p] if isinstance(p, str) else p for p in projects]
        known = _by_id(named, ordered=False)
        if all(self.projects_.get(p.id) is p for p in named):
            return known, self.project_columns_.take([self.project_columns_.row_of[p.id] for p in named])
        return known, self.encode_projects(named)

    def _check_fitted(self) -> None:
        if not hasattr(self, "columns_"):
            raise ValueError("fit the ranker on organizations first")

    def _ranking(
        self,
        projects: dict[str, Project],
        organizations: dict[str, Organization],
        project_columns: Columns,
        organization_columns: Columns,
        limit: int,
        *,
        of_projects: bool,
    ) -> Ranking:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        rows = project_columns if of_projects else organization_columns
        candidates = organization_columns if of_projects else project_columns
        found = self._best(project_columns, organization_columns, limit, of_projects)
        n = len(rows)
        shown = np.full((n, limit), -1, dtype=np.intp)
        shown[:, : found.cols.shape[1]] = np.where(found.totals > EXCLUDED, found.cols, -1)
        at, place = np.nonzero(shown >= 0)
        picked = shown[at, place]
        pair_rows, pair_cols = (at, picked) if of_projects else (picked, at)
        pairs = pair_scores(
            project_columns,
            organization_columns,
            pair_rows,
            pair_cols,
            found.like[at, place],
            self.weights_,
            self.rules_,
        )

        def spread(values: NDArray[Any], fill: Any, dtype: Any) -> NDArray[Any]:
            out = np.full((n, limit), fill, dtype=dtype)
            out[at, place] = values
            return out

        ids = np.array(candidates.ids, dtype=object)
        explainer = Explainer(self, projects, organizations, project_columns, organization_columns)
        return Ranking(
            tuple(rows.ids),
            spread(ids[picked], None, object),
            spread(pairs.scores, np.nan, np.float64),
            {name: spread(pairs.factors[name], np.nan, np.float64) for name in COLUMNS},
            {name: spread(pairs.shares[name], np.nan, np.float64) for name in FACTORS},
            {name: spread(pairs.no_data[name], False, np.bool_) for name in COLUMNS},
            of_projects,
            explainer.explain,
            explainer.excluded_from_project if of_projects else explainer.excluded_from_organization,
            explainer.reasons,
        )

    def _best(self, projects: Columns, organizations: Columns, limit: int, of_projects: bool) -> Best:
        rows = projects if of_projects else organizations
        tasks = []
        for start in range(0, len(rows), self.block):
            block = rows.rows(start, min(start + self.block, len(rows)))
            pair = (block, organizations) if of_projects else (projects, block)
            tasks.append((*pair, self.weights_, self.rules_, limit, of_projects))
        if self.n_jobs == 1 or len(tasks) <= 1:
            done = [best_of_rows(*task) for task in tasks]
        else:
            from joblib import Parallel, delayed, parallel_config

            # The candidates are the same for every block: an engine with a cluster is sent them once.
            shared = (
                {"scatter": [organizations if of_projects else projects]} if self.backend == "dask" else {}
            )
            with parallel_config(backend=self.backend, n_jobs=self.n_jobs, **shared):
                done = Parallel()(delayed(best_of_rows)(*task) for task in tasks)
        return Best.stacked(done)


def _by_id(things: Sequence[Any], *, ordered: bool) -> dict[str, Any]:
    """Things by id. Candidates are kept in the order of their ids, which is the rule for breaking ties."""
    known = {thing.id: thing for thing in things}
    if len(known) != len(things):
        raise ValueError("two of the things given share an id")
    return dict(sorted(known.items())) if ordered else known
