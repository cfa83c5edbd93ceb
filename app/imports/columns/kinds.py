"""The kinds of lists that can be imported, exported and given out as templates."""

from collections.abc import Mapping
from types import MappingProxyType

from app.imports.columns.column import Kind
from app.imports.columns.needs import NEEDS
from app.imports.columns.organizations import ORGANIZATIONS
from app.imports.columns.projects import PROJECTS

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (PROJECTS, ORGANIZATIONS, NEEDS)})
