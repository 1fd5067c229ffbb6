"""An explanation as text for an 80-column terminal, the answer first, then the reason; and as Markdown for a review."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from billpolicy.diagnostics.visible import visible
from billpolicy.report.columns import width
from billpolicy.report.explanation import Candidate, Decision, Explanation, Rule
from billpolicy.report.texts import code, escaped, in_lines, origin, wrapped

QUIET = ("not_matched", "not_in_force")
"""What becomes of rules that do not apply: said of each only where it is asked for, or they are few."""
_FEW = 3
"""Rules that do not apply and are still worth a line each."""


def explanation_text(explanation: Explanation, *, every_candidate: bool = False) -> str:
    """The whole explanation. Rules that did not match are only counted when they are many, unless `every_candidate`."""
    makes = f"  makes {explanation.document.replace('_', ' ')} {explanation.number}" if explanation.document else ""
    lines = [
        *_heading(explanation),
        *([f"  about {explanation.about}"] if explanation.about else []),
        *_follows(explanation),
        *([makes] if makes else []),
        f"  policy {explanation.policy} ({explanation.policy_digest[:12]}), engine {explanation.engine}",
    ]
    for decision in explanation.decisions:
        if decision.kind == "attribute":
            lines += ["", *_attribute(decision, every_candidate)]
    lines += _settings(explanation, every_candidate)
    lines += _passed_over(explanation, every_candidate)
    if explanation.warnings:
        told = [f"{warning.message} [{warning.code}]" for warning in explanation.warnings]
        lines += ["", *(line for text in told for line in _labelled("!", text, indent=2, width=2))]
    return in_lines(lines)


def decisions_text(explanation: Explanation) -> str:
    """Only how each attribute and setting came about, with everything that is known of it."""
    lines: list[str] = []
    for decision in explanation.decisions:
        if decision.kind == "attribute":
            lines += _attribute(decision, every_candidate=True)
    lines += (line[2:] for line in [*_settings(explanation, every_candidate=True)][2:])
    return in_lines(lines)


def _heading(explanation: Explanation) -> list[str]:
    """An operation by its id; a step that follows it by its own, which begins with that id."""
    asked = f"{explanation.step or explanation.operation_id}:"
    lines = textwrap.wrap(f"{asked} {explanation.operation} on {explanation.date}", width(), break_on_hyphens=False)
    return [lines[0], *(f"    {line}" for line in lines[1:])]


def _follows(explanation: Explanation) -> Iterator[str]:
    """Of a step: what it came after, and by which rule."""
    if explanation.step_rule is not None:
        yield from _labelled("after", explanation.after or "", indent=2)
        yield from _labelled("rule", f"{explanation.step_rule.id}, {place_text(explanation.step_rule)}", indent=2)
        if explanation.step_rule.because:
            yield from _labelled("because", explanation.step_rule.because, indent=2)


def _attribute(decision: Decision, every_candidate: bool) -> Iterator[str]:
    yield f"  {decision.key}: {decision.value}"
    yield from _labelled("from", origin_text(decision))
    yield from _labelled("chain", _chain(decision))
    yield from _labelled("rule", _by(decision))
    if decision.rule.because:
        yield from _labelled("because", decision.rule.because)
    yield from _candidates(decision, every_candidate)


def origin_text(decision: Decision) -> str:
    """The level that had the value, and since when."""
    source = decision.tried[-1]
    return origin(source.label, source.since, source.operation)


def _chain(decision: Decision) -> str:
    """The levels in order, each that was asked with what it held: `request (none) > invoice (ann) > account`."""
    held = {tried.level: tried.value or "none" for tried in decision.tried}
    return " > ".join(f"{level} ({held[level]})" if level in held else level for level in decision.chain)


def _settings(explanation: Explanation, every_candidate: bool) -> Iterator[str]:
    """One line each; where it stands and why only when an exception decided, or when everything is asked for."""
    settings = [
        decision
        for decision in explanation.decisions
        if decision.kind == "setting" and (every_candidate or decision.exception or not decision.routine)
    ]
    width = max((len(decision.key) for decision in settings), default=0)
    if settings:
        yield ""
        yield "  settings"
    for decision in settings:
        yield f"    {decision.key:<{width}}  {value_text(explanation, decision)}"
        if decision.exception or every_candidate:
            instead = "" if decision.instead_of is None else f"instead of {decision.instead_of}, by "
            yield from _labelled("", f"{instead}{_by(decision)}", indent=width + 6)
            if decision.rule.because:
                yield from _labelled("", decision.rule.because, indent=width + 6)
        yield from _candidates(decision, every_candidate, indent=6)


def _passed_over(explanation: Explanation, every_candidate: bool) -> Iterator[str]:
    """Follow-ups whose condition did not hold; those that had nothing to do only where everything is asked for."""
    told = [one for one in explanation.follow_ups if every_candidate or one.outcome != "nothing_to_do"]
    if told:
        yield ""
        yield "  follow-ups passed over"
    for candidate in told:
        yield from _labelled("not", f"{candidate.rule.id}, {place_text(candidate.rule)}")
        yield from _labelled("", candidate.reason, indent=13)


def _by(decision: Decision) -> str:
    kind = f"exception {decision.rule.id}" if decision.exception else "base rule"
    return f"{kind}, {place_text(decision.rule)}"


def place_text(rule: Rule) -> str:
    """The file and the line of a rule."""
    return f"{visible(rule.file)}:{rule.line}"


def _candidates(decision: Decision, every_candidate: bool, indent: int = 4) -> Iterator[str]:
    quiet = sum(candidate.outcome in QUIET for candidate in decision.candidates)
    all_named = every_candidate or quiet <= _FEW
    for candidate in decision.candidates:
        if candidate.outcome != "decides" and (all_named or candidate.outcome not in QUIET):
            yield from _labelled("not", f"{candidate.rule.id}, {place_text(candidate.rule)}", indent=indent)
            yield from _labelled("", candidate.reason, indent=indent + 9)
    if not all_named:
        yield from _labelled("not", f"{quiet} other rules do not apply here (--verbose says why)", indent=indent)


def value_text(explanation: Explanation, decision: Decision) -> str:
    """The value that counts, and whether the request itself says so; a step says only what is not the rule's value."""
    if decision.except_on:
        return f"{decision.value}, but for what is named of {', '.join(decision.except_on)}"
    if not is_asked(explanation, decision):
        return decision.value
    return f"{decision.value}, as {'the step says' if explanation.step else 'requested'}"


def is_asked(explanation: Explanation, decision: Decision) -> bool:
    """Whether the request says what counts, and of a step, something else than the rule."""
    return decision.instead_of is not None and not (explanation.step and decision.instead_of == decision.value)


def candidate_text(candidate: Candidate) -> str:
    """A rule that did not decide, where it stands, and why."""
    return f"{candidate.rule.id}, {place_text(candidate.rule)}: {candidate.reason}"


def _labelled(label: str, text: str, *, indent: int = 4, width: int = 9) -> list[str]:
    return wrapped(" " * indent + (f"{label:<{width}}" if label else ""), text)


def why_not_text(explanations: Iterable[Explanation], rule: str) -> str:
    """For each document, what became of one rule."""
    lines = []
    for explanation in explanations:
        lines += _heading(explanation)
        found = [line for decision in explanation.decisions for line in _about(decision, rule, explanation.operation)]
        if explanation.step_rule is not None and explanation.step_rule.id == rule:
            found += _labelled("", f"`{rule}` asked for this step, after {explanation.after}", indent=2)
        for candidate in explanation.follow_ups:
            if candidate.rule.id == rule:
                found += _labelled("", f"not followed, {candidate.reason}", indent=2)
        lines += found or [f"  `{rule}` does not speak of this"]
    return in_lines(lines)


def _about(decision: Decision, rule: str, of: str) -> list[str]:
    if decision.rule.id == rule:
        return _labelled("", f"{decision.key}: `{rule}` decides: {decision.value}", indent=2)
    for candidate in decision.candidates:
        if candidate.rule.id == rule:
            return _labelled("", f"{decision.key}: no, {candidate.reason}", indent=2)
    operation, _, key = rule.partition(".")
    if decision.exception and operation == of and key == decision.key:
        return _labelled("", f"{decision.key}: no, exception `{decision.rule.id}` decides instead", indent=2)
    return []


def explanation_markdown(explanation: Explanation) -> str:
    """A section: a table of the decisions, then the rules that did not decide."""
    lines = [
        f"## {escaped(explanation.step or explanation.operation_id)}: `{explanation.operation}` on {explanation.date}",
        "",
        *_follows_markdown(explanation),
        *([f"About {escaped(explanation.about)}.", ""] if explanation.about else []),
        *(
            [f"Makes {explanation.document.replace('_', ' ')} {escaped(explanation.number or '')}.", ""]
            if explanation.document
            else []
        ),
        f"Policy {escaped(explanation.policy)} (`{explanation.policy_digest[:12]}`), engine {explanation.engine}.",
        "",
        "| decision | value | from | rule | because |",
        "|---|---|---|---|---|",
    ]
    for decision in explanation.decisions:
        source = origin_text(decision) if decision.tried else "setting"
        if is_asked(explanation, decision):
            source = f"the {'step' if explanation.step else 'request'}, instead of {decision.instead_of}"
        rule = code(place_text(decision.rule), in_table=True)
        if decision.exception:
            rule = f"{escaped(decision.rule.id)}, {rule}"
        cells = (
            f"`{decision.key}`",
            escaped(value_text(explanation, decision)),
            escaped(source),
            rule,
            escaped(decision.rule.because or ""),
        )
        lines.append("| " + " | ".join(cells) + " |")
    if explanation.warnings:
        lines += ["", *(f"- Warning: {escaped(f'{one.message} [{one.code}]')}" for one in explanation.warnings)]
    others = [
        f"- `{decision.key}`: {escaped(candidate_text(candidate))}"
        for decision in explanation.decisions
        for candidate in decision.candidates
        if candidate.outcome != "decides"
    ]
    others += [f"- follow-up: {escaped(candidate_text(candidate))}" for candidate in explanation.follow_ups]
    return "\n".join([*lines, "", *(["Rules that did not decide:", "", *others, ""] if others else [])])


def _follows_markdown(explanation: Explanation) -> list[str]:
    rule = explanation.step_rule
    if rule is None:
        return []
    because = f": {escaped(rule.because)}" if rule.because else ""
    return [
        f"Follows after {escaped(explanation.after or '')}, by {escaped(rule.id)}, {code(place_text(rule))}{because}.",
        "",
    ]
