"""What commands answer as JSON, beside explanations, plans, the matrix and a ledger: findings, totals, refusals.

Each answer is a record. `source/write.py` writes it and `exchange/schemas.py` makes its schema, so both always agree:
a field without a default is always written, another one only where it is neither None nor empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from billpolicy import __version__
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Severity
from billpolicy.diagnostics.sentences import counted
from billpolicy.diagnostics.visible import visible
from billpolicy.policy.model import ALWAYS, Effective, Policy
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Date

if TYPE_CHECKING:  # `validate` and `matrix` need no books
    from billpolicy.posting.posting import Outcome

_T = TypeVar("_T")


@record
class Place:
    """A place in a file, its line and column counted from 1; without them the file as a whole.

    The end line and column are behind its last character.
    """

    file: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


@record
class Finding:
    """One thing that is wrong or odd, where it is, and what to do next."""

    code: str
    message: str
    position: Place | None = None
    hint: str | None = None
    severity: Severity


@record
class Findings:
    """What `ledger check` has found, and what any command answers that could not be done at all."""

    diagnostics: tuple[Finding, ...]


@record
class Refusal:
    """An operation that was refused, and every reason."""

    id: str
    diagnostics: tuple[Finding, ...]
    to_confirm: tuple[str, ...] = ()
    """The digests that its posting has to confirm, where nothing else is wrong."""


@record
class Total:
    """What one operation adds up to in a batch of which not each is told: its count, and what it is about."""

    operation: str
    done: int
    """How many were asked for and are planned or posted."""
    followed: int
    """How many followed others."""
    before: int
    """How many had been posted before."""
    refused: int
    amounts: dict[str, Amount]
    """By currency, what follows others included; what is credited on negative invoices is taken off."""


@record
class Period:
    """Days from the first one on, until the first that is outside."""

    from_: Date
    until: Date | None = None


@record
class Validation:
    """What `validate` says of a policy that is right."""

    policy: str
    in_force: Period
    digest: str
    files: tuple[str, ...]
    operations: int
    decisions: int
    exceptions: int
    follow_ups: int
    limits: int
    """Of what is posted in a day or a month."""
    standard: str | None = None
    """The digest of the standard policy that comes with billpolicy, where the policy stands on it, or is it."""
    diagnostics: tuple[Finding, ...]
    """Warnings; a policy with a mistake is not answered so."""


@record
class Affected:
    """What `affected` says: the policies that a change concerns."""

    policies: tuple[str, ...]


@record
class Validations:
    """What `validate` says of several policies: those that are right, and what is wrong with the others."""

    policies: tuple[Validation, ...]
    diagnostics: tuple[Finding, ...]


def told(kind: type[_T], of: Any, **other: Any) -> _T:
    """The record that tells of something: the fields that both have by the same name, and the others as given."""
    same = {one.name: getattr(of, one.name) for one in fields(kind) if one.name not in other}  # type: ignore[arg-type]
    return kind(**same, **other)


def findings(diagnostics: Iterable[Diagnostic]) -> tuple[Finding, ...]:
    """Diagnostics as they are told to programs."""
    return tuple(told(Finding, one, position=known_place(one.position)) for one in diagnostics)


def refusals(outcomes: Iterable[Outcome]) -> tuple[Refusal, ...]:
    """The operations that were refused."""
    return tuple(
        Refusal(
            id=one.job.id,
            diagnostics=findings(one.problems),
            to_confirm=tuple(closure.digest for closure in one.to_confirm),
        )
        for one in outcomes
        if one.problems
    )


def posted_before(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """The ids of the operations that a dry run has found in the ledger."""
    return tuple(sorted(one.job.id for one in outcomes if one.posted is not None))


def period_of(effective: Effective) -> Period:
    """The days on which something is in force, as they are told to programs."""
    return Period(from_=effective.from_, until=effective.until)


def known_place(position: Position | None) -> Place | None:
    """A place as it is told to programs, where one is known."""
    return None if position is None else place_of(position)


def place_of(position: Position) -> Place:
    """A place as it is told to programs."""
    return Place(
        file=position.file,
        line=position.line or None,
        column=position.column or None,
        end_line=position.end_line or None,
        end_column=position.end_column or None,
    )


def period(effective: Effective) -> Period | None:
    """The days on which a rule is in force; nothing where that is always."""
    return None if effective == ALWAYS else period_of(effective)


def validation(policy: Policy) -> Validation:
    """What a policy that is right consists of."""
    return Validation(
        policy=policy.name,
        in_force=period_of(policy.effective),
        digest=policy.digest,
        files=policy.files,
        operations=len({operation for operation, _ in policy.base}),
        decisions=len(policy.base),
        exceptions=len(policy.exceptions),
        follow_ups=len(policy.follow_ups),
        limits=len(policy.limits),
        standard=policy.standard or None,
        diagnostics=findings(policy.warnings),
    )


def days_text(days: Period | None) -> str:
    """The days in words; nothing for always."""
    return "" if days is None else str(Effective(days.from_, days.until))


def validation_text(found: Validation) -> str:
    """The same as text."""
    limits = f", {counted(found.limits, 'limit')} over time;\n" if found.limits else "; "
    of = f"on the standard policy that comes with billpolicy {__version__}, digest {(found.standard or '')[:12]}\n"
    return (
        f"policy {visible(found.policy)} is valid: {len(found.files)} files, {found.operations} operations, "
        f"{found.decisions} decisions,\n{counted(found.exceptions, 'exception')}, "
        f"{counted(found.follow_ups, 'follow-up')}{limits}in force {days_text(found.in_force)}, "
        f"digest {found.digest[:12]}\n"
        f"{of if found.standard not in (None, found.digest) else ''}"
    )
