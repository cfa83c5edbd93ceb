"""Rules of accounts and roles. Pure: each returns all broken ones."""

from uuid import UUID

from app.identity.roles import BOUND_TO_PARTY, Role
from app.kernel.errors import Problem


def grant_is_bound(
    role: Role, area_path: str | None, party_id: UUID | None, pointer: str = ""
) -> list[Problem]:
    """A role is bound to an area subtree or to a party, whichever it needs, and to nothing else."""
    if role in BOUND_TO_PARTY and (party_id is None or area_path is not None):
        return [
            Problem(
                "grant_needs_party",
                f"角色 {role} 须绑定一个机构（party_id），不绑定区域。",
                f"Role {role} is bound to one party (party_id) and to no area.",
                f"{pointer}/party_id",
            )
        ]
    if role not in BOUND_TO_PARTY and (area_path is None or party_id is not None):
        return [
            Problem(
                "grant_needs_area",
                f"角色 {role} 须绑定一个区域（area_path，空字符串表示全部），不绑定机构。",
                f"Role {role} is bound to an area subtree (area_path, '' is everywhere) and to no party.",
                f"{pointer}/area_path",
            )
        ]
    return []
