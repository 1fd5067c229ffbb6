"""The baseline: findings that are known, so that only new ones are told. It can but shrink.

A finding is known again by its code, its file and its sentence; where it stands may change. Places of other lines
that a sentence names are left out.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from billpolicy.catalogue.entry import theme_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.source.plain_file import is_there
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.scalars import AsWritten, Integer, Prose, Text
from billpolicy.source.tree import parse
from billpolicy.source.write import to_json

MAX_MEGABYTES = 16
_PLACE = re.compile(r"(?<=\S):\d+(:\d+)?\b")


@record
class KnownText:
    """A finding that is known."""

    code: Text
    file: AsWritten
    """Seen from the folder of the baseline."""
    message: Prose
    """Its sentence, without lines and columns."""
    count: Integer = 1
    """How many of these there are in the file."""


@record
class BaselineFile:
    """What may stand in a baseline; `--update-baseline` writes it."""

    known: tuple[KnownText, ...]


class Fingerprint(NamedTuple):
    """By which a finding is known again."""

    file: str
    code: str
    message: str


class Baseline:
    """The findings that are known, and how many of each were met again."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Read the file; a `new` one need not be there. Raises `Refused` where it is no baseline."""
        self.path = path
        self._left: Counter[Fingerprint] = Counter()
        self._at: dict[Fingerprint, Position] = {}
        if not new and not is_there(path):
            hint = "check the path; `--update-baseline` writes the first one"
            raise Refused([Diagnostic("file-missing", "there is no such file", Position(str(path)), hint)])
        if is_there(path):
            tree = parse(path, max_megabytes=MAX_MEGABYTES, look=lambda begun: read_record(BaselineFile, begun))
            file = read_record(BaselineFile, tree)
            self._left.update({Fingerprint(one.file, one.code, one.message): one.count for one in file.known})
            self._at = {
                Fingerprint(one.file, one.code, one.message): tree.at("known", index)
                for index, one in enumerate(file.known)
            }

    def unknown(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """What is not known. Each that is known is met, and counts no longer."""
        new = []
        for one in found:
            fingerprint = self._fingerprint(one)
            if self._left[fingerprint] > 0:
                self._left[fingerprint] -= 1
            else:
                new.append(one)
        return new

    def gone(self, themes: Collection[str], files: Collection[str]) -> Iterator[Diagnostic]:
        """What is known, was looked for and not met: of these themes, in these files or in one that is not there."""
        for fingerprint, count in self._left.items():
            if count > 0 and self._looked_for(fingerprint, themes, files):
                message = f"the baseline has `{fingerprint.code}` in {fingerprint.file}, which is no longer found"
                hint = "well done: `--update-baseline` takes it out"
                yield Diagnostic("baseline-gone", message, self._at[fingerprint], hint, "hint")

    def updated(self, found: Iterable[Diagnostic], themes: Collection[str], files: Collection[str]) -> str:
        """The text of the file with what was found now, and with what others looked for as it was."""
        known = Counter(
            {one: count for one, count in self._left.items() if count and not self._looked_for(one, themes, files)}
        )
        known.update(self._fingerprint(one) for one in found)
        return to_json(
            BaselineFile(
                known=tuple(
                    KnownText(code=one.code, file=one.file, message=one.message, count=known[one])
                    for one in sorted(known)
                )
            )
        )

    def _looked_for(self, fingerprint: Fingerprint, themes: Collection[str], files: Collection[str]) -> bool:
        if theme_of(fingerprint.code) not in themes:
            return False
        return fingerprint.file in map(self._seen, files) or not is_there(self.path.parent / fingerprint.file)

    def _fingerprint(self, one: Diagnostic) -> Fingerprint:
        file = self._seen(one.position.file) if one.position is not None else "."
        return Fingerprint(file, one.code, " ".join(_PLACE.sub("", one.message).split()))

    def _seen(self, file: str) -> str:
        """A file as seen from the folder of the baseline, wherever the command runs."""
        return Path(os.path.relpath(file, self.path.parent)).as_posix()
