"""An explanation as text for an 80-column terminal: one screen, the answer first, then the reason."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from billpolicy.explain.model import Candidate, Decision, Explanation

WIDTH = 80
_QUIET = ("not_matched", "not_in_force")


def explanation_text(explanation: Explanation, *, every_candidate: bool = False) -> str:
    """The whole explanation. Rules that did not match are only counted unless `every_candidate`."""
    document = explanation.document.replace("_", " ")
    lines = [
        f"{explanation.operation_id}: {explanation.operation} on {explanation.date}",
        f"  makes {document} {explanation.number}",
        f"  policy {explanation.policy} ({explanation.policy_digest[:12]}), engine {explanation.engine}",
    ]
    for decision in explanation.decisions:
        if decision.kind == "attribute":
            lines += ["", *_attribute(decision, every_candidate)]
    settings = [decision for decision in explanation.decisions if decision.kind == "setting"]
    if settings:
        lines += ["", "  settings"]
        width = max(len(decision.key) for decision in settings)
        for decision in settings:
            lines.append(f"    {decision.key:<{width}}  {decision.value}")
            lines += _labelled("", f"{_by(decision)}", indent=width + 6)
            lines += _candidates(decision, every_candidate, indent=width + 6)
    return "\n".join(lines) + "\n"


def _attribute(decision: Decision, every_candidate: bool) -> Iterator[str]:
    chosen = decision.tried[-1]
    yield f"  {decision.key}: {decision.value}"
    yield f"    from     {chosen.label}"
    tried = [f"{tried.label} ({tried.value or 'none'})" for tried in decision.tried]
    yield from _labelled("tried", " > ".join(tried))
    yield from _labelled("rule", _by(decision, because=False))
    if decision.rule.because:
        yield from _labelled("because", decision.rule.because)
    yield from _candidates(decision, every_candidate)


def _by(decision: Decision, *, because: bool = True) -> str:
    kind = f"exception {decision.rule.id}" if decision.exception else "base rule"
    reason = f": {decision.rule.because}" if because and decision.rule.because else ""
    return f"{kind}, {decision.rule.file}:{decision.rule.line}{reason}"


def _candidates(decision: Decision, every_candidate: bool, indent: int = 4) -> Iterator[str]:
    quiet = 0
    for candidate in decision.candidates:
        if candidate.outcome == "decides":
            continue
        if candidate.outcome in _QUIET and not every_candidate:
            quiet += 1
            continue
        yield from _labelled("not", candidate_text(candidate), indent=indent)
    if quiet:
        rules = "1 other rule does" if quiet == 1 else f"{quiet} other rules do"
        yield from _labelled("not", f"{rules} not apply here (--verbose says why)", indent=indent)


def candidate_text(candidate: Candidate) -> str:
    """A rule that did not decide, where it stands, and why."""
    return f"{candidate.rule.id}, {candidate.rule.file}:{candidate.rule.line}: {candidate.reason}"


def _labelled(label: str, text: str, *, indent: int = 4) -> list[str]:
    start = " " * indent + (f"{label:<9}" if label else "")
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def why_not_text(explanations: Iterable[Explanation], rule: str) -> str:
    """For each document, what became of one rule."""
    lines = []
    for explanation in explanations:
        lines.append(f"{explanation.operation_id}: {explanation.operation} on {explanation.date}")
        for decision in explanation.decisions:
            lines += _about(decision, rule)
        if not any(True for decision in explanation.decisions for _ in _about(decision, rule)):
            lines.append(f"  `{rule}` does not speak of this operation")
    return "\n".join(lines) + "\n"


def _about(decision: Decision, rule: str) -> list[str]:
    if decision.rule.id == rule:
        return _labelled("", f"{decision.key}: `{rule}` decides: {decision.value}", indent=2)
    for candidate in decision.candidates:
        if candidate.rule.id == rule:
            return _labelled("", f"{decision.key}: no, {candidate.reason}", indent=2)
    return []
