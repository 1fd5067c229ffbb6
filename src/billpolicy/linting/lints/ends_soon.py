"""What ends within some days and has no successor: afterwards other rules decide, and nobody changed a thing."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.model import ExceptionRule, TaxCode, TaxRate


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    last = subject.today + datetime.timedelta(days=options["days"])
    for what, until, at in _ends(subject):
        if subject.today < until <= last:
            # Never how many days are left: a baseline knows a finding by its sentence, tomorrow as well.
            message = f"the last day of {what} is {until - datetime.timedelta(days=1)}, and nothing follows it"
            yield Finding(message, at, "let it last longer, or add what holds from that day on")


def _ends(subject: Subject) -> Iterator[tuple[str, datetime.date, Position]]:
    until = subject.policy.effective.until
    for file, tree in subject.files:
        if file.effective is not None and until is not None:
            yield "this policy", until, tree.at("effective", "until")
    beginning: dict[tuple[str, datetime.date], list[ExceptionRule]] = {}
    for rule in subject.policy.conditional:
        for operation in rule.operations:
            beginning.setdefault((operation, rule.effective.from_), []).append(rule)
    for rule in subject.conditional:
        if rule.effective.until is not None and not _followed(rule, rule.effective.until, beginning):
            yield f"`{rule.id}`", rule.effective.until, subject.texts[rule.id].at("effective", "until")
    for code in subject.policy.tax_rates.values():
        for rate in code.rates:
            if rate.position.file in subject.own and rate.effective.until and not _goes_on(code, rate):
                what = f"the tax rate of `{rate.name}` in {rate.jurisdiction} for `{code.name}`"
                yield what, rate.effective.until, rate.position


def _followed(
    rule: ExceptionRule, until: datetime.date, beginning: Mapping[tuple[str, datetime.date], Sequence[ExceptionRule]]
) -> bool:
    """Whether another rule takes over on that day."""
    others = (other for operation in rule.operations for other in beginning.get((operation, until), ()))
    return any(set(other.then) >= set(rule.then) for other in others)


def _goes_on(code: TaxCode, rate: TaxRate) -> bool:
    same = (other for other in code.rates if (other.jurisdiction, other.name) == (rate.jurisdiction, rate.name))
    return any(other.effective.from_ == rate.effective.until for other in same)


LINT = Lint("ends-soon", "hint", "dates", _check, {"days": 30})
