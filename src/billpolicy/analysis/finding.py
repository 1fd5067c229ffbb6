"""What an analysis finds: a diagnostic, and the facts that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.domain import Case
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.vocabulary.spec import Level


class Shown(NamedTuple):
    """An operation that shows it: of which a book can be made (`witness/`)."""

    operation: str
    facts: Case
    """Those that matter, its document date among them where the days matter."""
    levels: Mapping[Level, bool] = {}
    """Which levels hold a value of the attribute, where that matters."""
    attribute: str | None = None
    event: str | None = None
    """Of a follow-up: what it comes after."""


class Finding(NamedTuple):
    """One thing that was proven of a policy, and what shows it."""

    diagnostic: Diagnostic
    shown: Shown | None = None


Look = Callable[[Analysed], Iterator[Finding]]
"""One kind of thing that is looked for."""
