"""Imports point one way (design section 4). A new room gets its line here, in its place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import billpolicy

SOURCE = Path(__file__).parents[1] / "src" / "billpolicy"

# Each room may import those above it, and itself.
ROOMS = [
    "money",
    "diagnostics",
    "source",
    "book",
    "vocabulary",
    "policy",
    "deciding",
    "allocation",
    "billing",
    "planning",
    "operations",
    "posting",
    "ledger",
    "report",
    "exchange",
    "api",
    "cli",
    "__main__",
]

# Heavy libraries: only these rooms may import them, so that the others start at once and can be replaced.
HEAVY = {
    "sqlalchemy": {"ledger"},
    "alembic": {"ledger"},
    "rich": {"report"},
    "click": {"cli"},
    "yaml": {"source"},
    "pydantic": {"source", "exchange"},
    "pydantic_core": {"source"},
    "durable_rules_engine": {"deciding"},
    "msgspec": {"source"},
}


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


FILES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    rank = ROOMS.index(room_of(path))
    for name in imports_of(path):
        package, _, rest = name.partition(".")
        if package == "billpolicy" and rest and rest not in billpolicy.__all__ and rest != "__version__":
            assert ROOMS.index(rest.partition(".")[0]) <= rank, f"{path} imports {name}"
        assert room_of(path) in HEAVY.get(package, {room_of(path)}), f"{path} imports {name}"


def test_only_one_file_imports_the_rules_engine() -> None:
    importers = [path.name for path in FILES if "durable_rules_engine" in path.read_text(encoding="utf-8")]
    assert importers == ["durable.py"]
