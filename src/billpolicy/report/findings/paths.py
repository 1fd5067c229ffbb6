"""The path of a file as services that show a change want it: seen from the root of its repository."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from billpolicy.source.files import STANDARD_AT, Files


def path_in_repository(file: str, sources: Sequence[Files]) -> str:
    """The path from the root of the repository that the file is in, wherever the command is run.

    Of a file that stood in a revision, where it stood. Where there is no repository, and of the
    standard policy that comes with the program, the file as it is named.
    """
    path = Path(next((files.was_read[file].path for files in sources if file in files.was_read), file))
    if STANDARD_AT in path.parents:
        return path.as_posix()
    try:
        whole = Path(os.path.abspath(path))  # noqa: PTH100  a link is where it stands, not where it leads
        for folder in whole.parents:
            if os.path.lexists(folder / ".git"):
                return whole.relative_to(folder).as_posix()
    except (OSError, ValueError):  # no working folder, or no file can have such a name
        pass
    return path.as_posix()
