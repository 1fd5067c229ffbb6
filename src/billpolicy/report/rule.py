"""An entry of the catalogue as programs are told it: `billpolicy rule CODE --format json`."""

from __future__ import annotations

from billpolicy.catalogue.entry import Entry, Example
from billpolicy.diagnostics.diagnostic import Severity
from billpolicy.source.record import record


@record
class RuleReport:
    """What a code means. Each example has all of its files, by name, and the lines that are typed beside them."""

    code: str
    theme: str
    severity: Severity
    sentence: str
    why: str
    bad: Example
    mended: Example


def rule_report(found: Entry) -> RuleReport:
    """The entry, each example whole."""
    return RuleReport(
        code=found.code,
        theme=found.theme,
        severity=found.text.severity,
        sentence=found.text.sentence,
        why=found.text.why,
        bad=found.bad,
        mended=found.mended,
    )
