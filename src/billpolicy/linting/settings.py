"""`billpolicy.toml`: how severe each finding is taken, the options of lints, what is known already, and which policy
and book are meant where a command names none.

It is searched from the folder of a policy, or from where a command is typed, upwards to the root of its repository, so
that everybody who checks the policy, by hand or in CI, is told the same. It is closed: a word that is not known is
refused where it stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, Severity, did_you_mean
from billpolicy.source.files import Place, place
from billpolicy.source.plain_file import is_there
from billpolicy.source.record import record
from billpolicy.source.scalars import AsWritten, Integer, Plain, Text

if TYPE_CHECKING:
    from billpolicy.source.tree import Tree

NAME = "billpolicy.toml"
Taken = Literal["off", "hint", "warning", "error"]
"""How severe a finding is taken; `off`: it is not told."""
_WORST_FIRST: tuple[Severity, ...] = get_args(Severity)


@record
class TestSettings:
    """What tests of a policy must reach."""

    __test__ = False  # pytest takes every class that is called so for tests
    threshold: Integer | None = None
    """In percent: how much of it the tests must cover, where `test --coverage` has no `--threshold`."""


@record
class SettingsFile:
    """What may stand in a `billpolicy.toml`."""

    policy: AsWritten | None = None
    """The policy of commands that name none with `--policy`, seen from the folder of this file."""
    book: AsWritten | None = None
    """The book of `explain` and `plan` where neither `--book` nor `--ledger` is named, seen from there, too."""
    fail_level: Severity | None = None
    """The least severe finding for which `validate`, `analyze` and `lint` exit with 1."""
    baseline: AsWritten | None = None
    """The file of findings that are known, seen from the folder of this file."""
    severity: dict[Text, Taken] = field(default_factory=dict)
    """Code of a warning or hint -> how severe it is taken."""
    options: dict[Text, dict[Text, Integer]] = field(default_factory=dict)
    """Code of a lint -> its options."""
    tests: TestSettings = field(default_factory=TestSettings)


@dataclass(frozen=True)
class Settings:
    """What holds of findings. Without a file it is all as the catalogue says."""

    path: Path | None = None
    policy: Path | None = None
    book: Path | None = None
    fail_level: Severity | None = None
    baseline: Path | None = None
    severity: Mapping[str, Taken] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    tests: TestSettings = field(default_factory=TestSettings)

    def taken(self, diagnostic: Diagnostic) -> Diagnostic | None:
        """The diagnostic in the severity that was chosen for its code; None where it is off."""
        taken = self.severity.get(diagnostic.code, diagnostic.severity)
        return None if taken == "off" else diagnostic._replace(severity=taken)


def settings_for(policy: str | Path | Place) -> Settings:
    """The settings of a policy: those of the nearest file above it. Raises `Refused` where they are wrong.

    Those of a revision or of standard input are those that are on the disk, where the policy would be.
    """
    path = place(policy).path
    for folder in _folders_above(path):
        if is_there(folder / NAME):
            # Told as the policy is: by a whole path, or as seen from the working folder.
            return read_settings(folder / NAME if path.is_absolute() else Path(os.path.relpath(folder / NAME)))
        if is_there(folder / ".git"):
            break
    return Settings()


def read_settings(path: str | Path) -> Settings:
    """The settings of one file. Raises `Refused` with every mistake in it."""
    # What reads and checks a file is loaded where there is one only.
    from billpolicy.source.read import read_record
    from billpolicy.source.toml import parse_toml

    path = Path(path)
    tree = parse_toml(path)
    file = read_record(SettingsFile, tree)
    problems = list(_wrong(file, tree))
    if problems:
        raise Refused(problems)

    def seen(file: str | None) -> Path | None:
        return None if file is None else Path(os.path.normpath(path.parent / file))

    return Settings(
        path=path,
        policy=seen(file.policy),
        book=seen(file.book),
        fail_level=file.fail_level,
        baseline=seen(file.baseline),
        severity=file.severity,
        options=file.options,
        tests=file.tests,
    )


def worst_first(severity: Severity) -> int:
    """The rank of a severity: 0 is an error."""
    return _WORST_FIRST.index(severity)


def _folders_above(policy: Path) -> Iterator[Path]:
    start = Path(os.path.abspath(policy))  # noqa: PTH100  links are not followed: what counts is where it was named
    yield from (start, *start.parents) if start.is_dir() else start.parents


def _wrong(file: SettingsFile, tree: Tree) -> Iterator[Diagnostic]:
    from billpolicy.catalogue.entry import codes, entry
    from billpolicy.linting.registry import LINTS

    for code in file.severity:
        at = tree.at("severity", code, key=True)
        found = entry(code)
        if found is None:
            yield Diagnostic("code-unknown", f"no diagnostic has the code `{code}`", at, did_you_mean(code, codes()))
        elif found.text.severity == "error":
            message = f"`{code}` is an error, and stays one"
            hint = "only warnings and hints can be taken for more, for less or for nothing; remove this line"
            yield Diagnostic("severity-fixed", message, at, hint)
    for key in ("policy", "book", "baseline"):
        if isinstance(tree.data.get(key), Plain):
            said = tree.data[key]
            message = f"the path of a file or a folder is wanted here, and `{said}` is no text in TOML"
            yield Diagnostic("value-wrong", message, tree.at(key), f'write it between quotes: `{key} = "{said}"`')
    lints = {lint.code: lint.options for lint in LINTS}
    for code, options in file.options.items():
        at = tree.at("options", code, key=True)
        if code not in lints:
            known = [code for code, has in lints.items() if has]
            yield Diagnostic("code-unknown", f"no lint has the code `{code}`", at, did_you_mean(code, known))
            continue
        for option, value in options.items():
            at = tree.at("options", code, option, key=True)
            if option not in lints[code]:
                message = f"`{code}` has no option `{option}`"
                yield Diagnostic("key-unknown", message, at, did_you_mean(option, lints[code]) or "remove it")
            elif value < 0:
                yield Diagnostic("value-wrong", f"`{option}` cannot be {value}", at, "write 0 or above")
    share = file.tests.threshold
    if share is not None and not 0 <= share <= 100:
        at = tree.at("tests", "threshold")
        yield Diagnostic("value-wrong", f"{share} is no share in percent", at, "write 0 to 100")
