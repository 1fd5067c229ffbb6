"""Names that differ only in capitals and spaces: whoever types one gets the other, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    policy = subject.policy
    kinds: list[tuple[str, dict[str, Position]]] = [
        ("payment terms", {name: term.position for name, term in policy.payment_terms.items()}),
        ("sequence sets", {name: one.position for name, one in policy.sequence_sets.items()}),
        ("tax codes", {name: code.position for name, code in policy.tax_rates.items()}),
        ("roles", _roles(subject)),
        *((f"reason codes of {category}", found) for category, found in _reason_codes(subject)),
    ]
    for what, names in kinds:
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(_read(name), []).append(name)
        for group in alike.values():
            own = sorted((name for name in group if names[name].file in subject.own), key=lambda name: names[name])
            for name in own if len(own) < len(group) else own[1:]:
                other = next(one for one in group if one != name)
                message = f"the {what} `{other}` and `{name}` differ only in capitals or spaces"
                yield Finding(message, names[name], "keep one of the two")


def _read(name: str) -> str:
    """A name as people read it."""
    return "".join(name.casefold().split())


def _roles(subject: Subject) -> dict[str, Position]:
    return {name: tree.at("roles", name, key=True) for file, tree in subject.files for name in file.roles}


def _reason_codes(subject: Subject) -> Iterator[tuple[str, dict[str, Position]]]:
    for file, tree in subject.files:
        for category, codes in file.reason_codes.items():
            at = {code: tree.at("reason_codes", category, index) for index, code in enumerate(codes)}
            yield category.replace("_", " "), at


LINT = Lint("names-alike", "warning", "names", _check)
