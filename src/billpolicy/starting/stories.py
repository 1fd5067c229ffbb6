"""The stories that are shipped, each to be copied to a folder of its own, where it stands on its own."""

from __future__ import annotations

import re
from pathlib import Path

from billpolicy.exchange.schemas import schema_text
from billpolicy.source.files import shipped_folder

_STANDARD = re.compile(r"(?:\.\./)+policies/standard\b")
_SCHEMA = re.compile(r"(\$schema=)(?:\.\./)+(schemas/([a-z-]+)\.schema\.json)")
_PAGE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+docs/([^)]*)\)")
_EXPECTED = "expected.yaml"
"""What the tests of billpolicy hold a story against, in a form of their own."""


def stories() -> dict[str, str]:
    """Name of each -> what it tells, in one line."""
    found = sorted(path.parent for path in _folder().glob("*/README.md"))
    return {one.name: _title(one / "README.md") for one in found if list(one.rglob("policy.yaml"))}


def story_files(name: str) -> dict[str, str]:
    """Path in the new folder -> text. It stands on the standard policy of the program, and has schemas of its own."""
    source = _folder() / name
    made: dict[str, str] = {}
    for file in sorted(one for one in source.rglob("*") if one.is_file() and one.name != _EXPECTED):
        path = file.relative_to(source)
        up = "../" * (len(path.parts) - 1)
        text = file.read_text(encoding="utf-8")
        for wanted in _SCHEMA.finditer(text):
            made[wanted[2]] = schema_text(wanted[3])
        text = _SCHEMA.sub(rf"\g<1>{up}\g<2>", _STANDARD.sub("standard", text))
        text = _PAGE.sub(r"\1 (docs/\2)", text).replace(f"story=examples/{name}\n", "").replace("$story/", "")
        made[path.as_posix()] = text.replace(f"examples/{name}", ".")
    return made


def _folder() -> Path:
    return shipped_folder() / "examples"


def _title(page: Path) -> str:
    first = page.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip()
