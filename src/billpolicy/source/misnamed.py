"""Names of files that somebody sends as texts: each is one of the folder of a policy, and leads nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from billpolicy.diagnostics.diagnostic import Diagnostic, Position

MOST_FILES = 1_000
"""Of one folder."""
_AT = Position("files")


def misnamed(names: Collection[str]) -> Iterator[Diagnostic]:
    """What is wrong with names that are paths in that folder, and with how many there are."""
    if len(names) > MOST_FILES:
        yield Diagnostic("value-wrong", f"these are more than {MOST_FILES:,} files", _AT, "send those that differ")
        return
    for name in names:
        path = PurePosixPath(name)
        inside = name and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
        if not inside or path.suffix not in (".yaml", ".yml") or ":" in path.parts[0]:
            hint = "name a YAML file as seen from the folder of the policy, like `policy.yaml` or `brands/kiefer.yaml`"
            yield Diagnostic("value-wrong", f"`{name[:80]}` names no file of this policy", _AT, hint)
