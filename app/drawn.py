"""Documents drawn from the code: `scripts/draw` writes them, a test fails when they are stale."""

import importlib
import json
import pkgutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import app
from app.kernel.lifecycle import Lifecycle, picture
from app.main import create_app
from app.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"


def lifecycles() -> Iterator[Lifecycle[Any]]:
    """Every table of moves in the house, by name."""
    found: dict[str, Lifecycle[Any]] = {}
    for package in pkgutil.iter_modules(app.__path__, "app."):
        if not package.ispkg or package.name == "app.kernel":
            continue
        for module in pkgutil.iter_modules([str(Path(app.__path__[0]) / package.name.split(".")[1])]):
            if "lifecycle" in module.name:
                names = vars(importlib.import_module(f"{package.name}.{module.name}"))
                found.update({v.name: v for v in names.values() if isinstance(v, Lifecycle)})
    return iter(sorted(found.values(), key=lambda lifecycle: lifecycle.name))


def documents() -> Mapping[Path, str]:
    """Every drawn document and what it must hold now."""
    drawn = {DOCS / "lifecycles" / f"{life.name}.md": _page(life) for life in lifecycles()}
    drawn[DOCS / "api" / "openapi.json"] = openapi()
    return drawn


def openapi() -> str:
    """The API description, the same on every machine."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data=Path(folder), database_url="postgresql://nowhere/none", given_secret="-" * 16
        )
        described = create_app(settings).openapi()
    return json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _page(lifecycle: Lifecycle[Any]) -> str:
    rows = [
        f"| {line.source} | `{line.event}` | {line.target} | {line.zh} {line.en} | "
        f"{', '.join(rule.__name__ for rule in line.rules)}{' + note' if line.note_required else ''} |"
        for line in lifecycle.lines
    ]
    return "\n".join(
        [
            f"# The life of a {lifecycle.name.replace('_', ' ')}",
            "",
            "Drawn from the table of moves by `scripts/draw`; do not edit.",
            "",
            "```mermaid",
            picture(lifecycle).rstrip(),
            "```",
            "",
            "| from | event | to | meaning | must hold |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Write every document anew, and drop pictures of lifecycles that are gone."""
    drawn = documents()
    for old in (DOCS / "lifecycles").glob("*.md"):
        if old not in drawn:
            old.unlink()
    for path, content in drawn.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
