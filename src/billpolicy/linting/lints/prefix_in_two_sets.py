"""One prefix in two sequence sets: they share one counter, so each has gaps, and no number tells whose it is."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.checks import DEFAULT_SET


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for one in sorted(subject.policy.sequence_sets.values(), key=lambda one: (one.name != DEFAULT_SET, one.name)):
        for kind, series in one.series.items():
            other = first.setdefault(series.prefix, one.name)
            if other != one.name and series.position.file in subject.own:
                what = kind.replace("_", " ")
                message = (
                    f"{what}s of `{other}` and `{one.name}` are numbered by one counter, that of `{series.prefix}`"
                )
                hint = "give each set its own prefix: legal entities number their documents without gaps"
                yield Finding(message, series.position, hint)


LINT = Lint("prefix-in-two-sets", "warning", "names", _check)
