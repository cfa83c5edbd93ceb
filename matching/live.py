"""An index that follows the market: change one thing, ask about one thing, never start again."""

from __future__ import annotations

from collections.abc import Sequence

from matching.model import Organization, Project
from matching.ranker import Ranker
from matching.ranking import Ranking


class LiveIndex:
    """Organizations and projects of this moment, ranked on request in either direction.

    Answers are the same as those of a `Ranker` fitted anew on the same things. Not safe for use by several
    threads at once; the owner serializes changes and questions.
    """

    def __init__(
        self, ranker: Ranker, organizations: Sequence[Organization] = (), projects: Sequence[Project] = ()
    ) -> None:
        self.ranker = ranker.fit(organizations, projects)

    def put_organization(self, organization: Organization) -> None:
        """Add an organization or replace the one with its id."""
        ranker = self.ranker
        ranker.organizations_[organization.id] = organization
        if ranker.vocabulary_.learn([organization]):
            self._encode_again()
        else:
            ranker.columns_.put(ranker.encode_organizations([organization]))

    def drop_organization(self, organization_id: str) -> None:
        """Take an organization out. Raises KeyError when it is not there."""
        del self.ranker.organizations_[organization_id]
        self.ranker.columns_.drop(organization_id)

    def put_project(self, project: Project) -> None:
        """Add a project or replace the one with its id."""
        self.ranker.projects_[project.id] = project
        self.ranker.project_columns_.put(self.ranker.encode_projects([project]))

    def drop_project(self, project_id: str) -> None:
        """Take a project out. Raises KeyError when it is not there."""
        del self.ranker.projects_[project_id]
        self.ranker.project_columns_.drop(project_id)

    def organizations_for(self, project: str | Project, limit: int = 20) -> Ranking:
        """The best organizations for one project, known by id or given as it would be posted."""
        return self.ranker.rank([project], limit)

    def projects_for(self, organization: str | Organization, limit: int = 20) -> Ranking:
        """The best projects for one organization, known by id or given as it would be registered."""
        return self.ranker.rank_projects([organization], limit)

    def _encode_again(self) -> None:
        """A term nobody used before widens the vocabulary; rare, and cheap once texts are in the store."""
        ranker = self.ranker
        organizations = [ranker.organizations_[key] for key in sorted(ranker.organizations_)]
        projects = [ranker.projects_[key] for key in sorted(ranker.projects_)]
        ranker.organizations_ = {org.id: org for org in organizations}
        ranker.projects_ = {project.id: project for project in projects}
        ranker.columns_ = ranker.encode_organizations(organizations)
        ranker.project_columns_ = ranker.encode_projects(projects)
