"""What operations use of the limits over time, as text and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billpolicy.posting.over_time import Used, days_in_words
from billpolicy.posting.posting import Outcome
from billpolicy.report.results import told
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Date


@record
class LimitReport:
    """What is used of a limit before an operation and with it; nothing of it is told where the operation is refused."""

    operation: str
    """The id of the operation."""
    limit: str
    first: Date
    """The first day that counts: a day is that of posting, in UTC."""
    until: Date
    """The first day that does not count any more."""
    whose: str | None = None
    """The actor or the account that it is counted for; without it, all together."""
    currency: Currency | None = None
    """Without it, the number of operations is meant."""
    before: Amount
    after: Amount
    most: Amount


def limit_reports(outcomes: Iterable[Outcome]) -> tuple[LimitReport, ...]:
    """What operations that are not refused use of limits, in their order."""
    return tuple(
        told(LimitReport, used, operation=one.job.id, currency=used.what) for one in outcomes for used in one.used
    )


def used_text(used: Sequence[Used]) -> str:
    """What an operation uses of limits, a line each."""
    return in_lines(line for one in used for line in wrapped("  . ", _used_in_words(one)))


def _used_in_words(one: Used) -> str:
    what = "operations" if one.what is None else one.what
    whose = f" for {one.whose}" if one.whose else ""
    used = f"{one.after:,} of {one.most:,} {what}{whose} {days_in_words(one)}"
    before = f"{one.before:,}" if one.before else "nothing"
    return f"limit {one.limit}: {used}, {before} before it"
