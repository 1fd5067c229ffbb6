"""Rows that no part decides, as their operation is none of those asked for, or no version is in force on their day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from billpolicy.bulk.batch import Batch
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, did_you_mean


class NoOperation(NamedTuple):
    """Who decides rows of another operation than these: nobody."""

    known: Sequence[str]
    column: str
    reason: Code = "operation-unknown"

    def objections(self, batch: Batch, row: int) -> list[Diagnostic]:
        """Which operation the row says it is."""
        said = batch.texts(self.column).text(row) or ""
        message = f"`{said:.40}` is none of those asked for" if said else "there is none"
        hint = did_you_mean(said, self.known)
        return [Diagnostic(self.reason, f"`{self.column}` of a row: {message}", None, hint)]


class NoVersion(NamedTuple):
    """Who decides rows of a day on which no version of the policy is in force: nobody."""

    column: str
    reason: Code = "policy-not-in-force"

    def objections(self, batch: Batch, row: int) -> list[Diagnostic]:
        """Which day that is."""
        message = f"no version of the policy is in force on {batch.value(self.column, row)}"
        return [Diagnostic(self.reason, message)]
