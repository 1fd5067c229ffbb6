"""`billpolicy validate`: a policy is right, or here is everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import click

from billpolicy.cli.options import format_option
from billpolicy.cli.output import write
from billpolicy.deciding.proven import load_proven


@click.command("validate")
@click.argument("policy", type=click.Path(path_type=Path))
@format_option("text", "json")
def command(policy: Path, format: str) -> None:
    """Read, type and prove POLICY, a folder of YAML files or one file.

    Reports all problems of form, then all of words, then all of the whole, each with file:line:col
    and a hint. A policy that passes has no unknown word, decides everything it must, and no two of
    its exceptions can ever conflict.
    """
    found = load_proven(policy)
    if format == "json":
        from billpolicy.source.write import to_json

        summary = {
            "policy": found.name,
            "digest": found.digest,
            "files": list(found.files),
            "operations": len({operation for operation, _ in found.base}),
            "decisions": len(found.base),
            "exceptions": len(found.exceptions),
            "follow_ups": len(found.follow_ups),
            "diagnostics": [],
        }
        write(to_json(summary))
        return
    operations = len({operation for operation, _ in found.base})
    exceptions, follow_ups = len(found.exceptions), len(found.follow_ups)
    write(
        f"policy {found.name} is valid: {len(found.files)} files, {operations} operations, "
        f"{len(found.base)} decisions,\n{exceptions} exception{'' if exceptions == 1 else 's'}, "
        f"{follow_ups} follow-up{'' if follow_ups == 1 else 's'}; "
        f"in force {found.effective}, digest {found.digest[:12]}\n"
    )
