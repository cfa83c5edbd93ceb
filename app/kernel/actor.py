"""Who acts. Every service function takes one; a machine signs as a machine."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, bound to an area subtree (`area_path`, "" is everywhere) or to one party (`party_id`)."""

    role: str
    area_path: str | None = None
    party_id: UUID | None = None

    def covers(self, path: str) -> bool:
        """Whether `path` lies in this grant's area subtree. Paths look like '3201/320106/320106001'."""
        if self.area_path is None:
            return False
        return self.area_path == "" or path == self.area_path or path.startswith(self.area_path + "/")


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, a machine of the service, or the anonymous public (`account_id` None)."""

    account_id: UUID | None
    label: str
    grants: tuple[Grant, ...] = ()
    kind: str = "person"

    @property
    def is_system(self) -> bool:
        return self.kind == "system"

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(grant.role for grant in self.grants)

    @property
    def party_ids(self) -> frozenset[UUID]:
        """The parties (organizations, evaluators, buyers, funders) this actor may speak for."""
        return frozenset(grant.party_id for grant in self.grants if grant.party_id is not None)

    def holds(self, *roles: str, area: str | None = None, party: UUID | None = None) -> bool:
        """Whether one of `roles` is held, covering `area` and bound to `party` where these are given."""
        return any(
            grant.role in roles
            and (area is None or grant.covers(area))
            and (party is None or grant.party_id == party)
            for grant in self.grants
        )

    def area_paths(self, *roles: str) -> frozenset[str]:
        """Area subtrees in which one of `roles` (any role when none is named) is held."""
        return frozenset(
            grant.area_path
            for grant in self.grants
            if grant.area_path is not None and (not roles or grant.role in roles)
        )


PUBLIC = Actor(account_id=None, label="public", kind="public")


def machine(name: str) -> Actor:
    """The service itself, named after the part that acts ('clock', 'import', 'matcher')."""
    return Actor(account_id=None, label=f"system:{name}", kind="system")
