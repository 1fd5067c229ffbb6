"""One decision said of each operation that has it: a new operation would be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.forms import Decided


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    said: dict[str, dict[str, tuple[Decided, Position]]] = {}
    everywhere = {key for file, _ in subject.files for key in file.every_operation}
    for file, tree in subject.files:
        for operation, decisions in file.operations.items():
            for key, decided in decisions.items():
                at = tree.at("operations", operation, key, key=True)
                said.setdefault(key, {})[operation] = (decided, at)
    for key, by_operation in said.items():
        having = {operation for operation, decided in subject.policy.base if decided == key}
        ways = {decided for decided, _ in by_operation.values()}
        if key not in everywhere and len(having) >= options["least"] and having == set(by_operation) and len(ways) == 1:
            at = min(at for _, at in by_operation.values())
            message = f"all {len(having)} operations that have `{key}` say the same of it, one by one"
            yield Finding(message, at, f"say `{key}` once, under `every_operation`")


LINT = Lint("every-operation-listed", "hint", "layers", _check, {"least": 3})
