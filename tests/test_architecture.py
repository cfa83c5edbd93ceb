"""The shape of the house, held on every run: who may import whom, the same names everywhere, no giant files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = ROOT / "app"
LINES = 400

GROUND = {"kernel", "web", "identity", "areas", "editions", "catalogue", "settings"}
"""What every domain may use."""

ARROWS: dict[str, set[str]] = {
    "areas": set(),
    "editions": set(),
    "catalogue": set(),
    "parties": set(),
    "organizations": {"parties"},
    "funding": {"parties"},
    "needs": {"parties"},
    "projects": {"needs", "funding", "parties"},
    "donations": {"projects", "parties"},
    "fairs": {"organizations", "projects"},
    "matches": {"organizations", "projects", "matching"},
    "negotiations": {"matches", "projects", "organizations", "funding"},
    "timetables": {"fairs", "negotiations", "projects", "parties", "matching"},
    "contracts": {"negotiations", "matches", "projects", "organizations", "funding", "parties"},
    "evaluations": {"contracts", "projects", "organizations", "parties"},
    "volunteers": {"contracts", "parties"},
    "complaints": {"negotiations", "contracts", "evaluations"},
    "imports": {"organizations", "needs", "projects"},
    "learning": {
        "matches",
        "negotiations",
        "contracts",
        "evaluations",
        "projects",
        "organizations",
        "matching",
    },
    "live": set(),
}
"""The arrows between domains (decision 0004). A new one needs a decision record."""

READERS = {"dashboards", "opendata"}
"""These may read the models and permissions of any domain, and nothing else of it."""

OPEN_DOORS = {"service", "models", "schemas", "permissions"}
"""What a domain shows to others. Everything else is its own business."""

TOP = {"main", "worker", "cli", "connect", "settings", "demo", "drawn", "installation", "logs"}
"""The roof: these may use anything."""

PACKAGE_DATA = {
    "areas": {"gazetteer", "finding"},
    "catalogue": {"codes", "process_codes", "trade_codes", "lists"},
    "editions": {"calendar", "settings"},
    "identity": {"roles", "authentication", "masking"},
}
"""Facts and small tools without a table of their own, open to all."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted([*APP.rglob("*.py"), *(ROOT / "matching").rglob("*.py")]):
        yield path, ast.parse(path.read_text(), str(path))


def imports(path: Path, tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Every imported module of app and matching, as its parts; names imported from a package count as modules when they are."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [
                f"{node.module}.{alias.name}"
                if (ROOT / Path(*node.module.split("."), alias.name)).with_suffix(".py").exists()
                or (ROOT / Path(*node.module.split("."), alias.name)).is_dir()
                else node.module
                for alias in node.names
            ]
        for name in names:
            parts = tuple(name.split("."))
            if parts[0] in ("app", "matching"):
                yield parts


def domain_of(path: Path) -> str:
    relative = path.relative_to(APP)
    return relative.parts[0].removesuffix(".py")


def violations() -> Iterator[str]:
    for path, tree in sources():
        if path.is_relative_to(ROOT / "matching"):
            continue
        here = domain_of(path)
        if here in TOP or here == "__init__":
            continue
        for parts in imports(path, tree):
            there = parts[1] if parts[0] == "app" and len(parts) > 1 else parts[0]
            if there == here or there in ("app", "kernel"):
                continue
            line = f"{path.relative_to(ROOT)} imports {'.'.join(parts)}"
            if here == "kernel":
                yield f"{line}: the kernel knows nobody"
            elif here in READERS:
                if there not in GROUND and (len(parts) < 3 or parts[2] not in {"models", "permissions"}):
                    yield f"{line}: readers use models and permissions only"
            elif there in GROUND or there in ARROWS.get(here, set()):
                open_doors = OPEN_DOORS | PACKAGE_DATA.get(there, set())
                if there not in ("web", "matching") and len(parts) > 2 and parts[2] not in open_doors:
                    yield f"{line}: not an open door"
                if (
                    there == "web"
                    and path.stem not in ("router", "authentication")
                    and here != "web"
                    and "router" not in path.stem
                ):
                    yield f"{line}: only routers speak HTTP"
            else:
                yield f"{line}: no such arrow"


def test_every_arrow_between_domains_is_drawn() -> None:
    assert list(violations()) == []


def test_the_arrows_themselves_run_one_way() -> None:
    order: list[str] = []
    left = {name: targets - {"matching"} for name, targets in ARROWS.items()}
    while left:
        ready = sorted(name for name, targets in left.items() if targets <= set(order))
        assert ready, f"a circle among {sorted(left)}"
        order += ready
        for name in ready:
            del left[name]


@pytest.mark.parametrize("folder", ["app", "matching"])
def test_no_file_is_a_giant(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > LINES
    }
    assert long == {}


def test_packages_hold_a_docstring_only() -> None:
    crowded = [
        str(path.relative_to(ROOT))
        for path, tree in sources()
        if path.name == "__init__.py" and path.is_relative_to(APP) and len(tree.body) > 1
    ]
    assert crowded == []


def test_there_is_no_junk_drawer() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc", "manager"}
    assert [
        str(p) for folder in (APP, ROOT / "matching") for p in folder.rglob("*") if p.stem in drawers
    ] == []


def test_states_are_written_by_the_lifecycle_alone() -> None:
    """`thing.state = …` anywhere else would be a move without guard, lock or journal."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in sources()
        if path.is_relative_to(APP) and path.name not in ("lifecycle.py", "jobs.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AugAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute)
        and target.attr == "state"
        and "self" not in ast.dump(target.value)
        and "request" not in ast.dump(target.value)
        and "app" not in ast.dump(target.value)
    ]
    assert found == []


def test_services_never_commit() -> None:
    """The edge commits (decision 0002). Committing an import is an act of the trade, not of a transaction."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in sources()
        if path.is_relative_to(APP)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("imports", "service"))
    ]
    assert found == []
