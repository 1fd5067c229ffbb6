"""An explanation as Markdown, for a ticket or a review."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.report.explanation import Explanation
from billpolicy.report.explanation_text import candidate_text, place_text, value_text
from billpolicy.report.markdown_text import code, escaped


def explanations_markdown(explanations: Iterable[Explanation]) -> str:
    """One section for each document: a table of its decisions, then the rules that did not decide."""
    return "\n".join(_section(explanation) for explanation in explanations)


def _section(explanation: Explanation) -> str:
    lines = [
        f"## {escaped(explanation.step or explanation.operation_id)}: `{explanation.operation}` on {explanation.date}",
        "",
        *_follows(explanation),
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
        source = decision.tried[-1].label if decision.tried else "setting"
        rule = code(place_text(decision.rule), in_table=True)
        if decision.exception:
            rule = f"{escaped(decision.rule.id)}, {rule}"
        value = value_text(explanation, decision)
        cells = (f"`{decision.key}`", escaped(value), escaped(source), rule, escaped(decision.rule.because or ""))
        lines.append("| " + " | ".join(cells) + " |")
    if explanation.warnings:
        lines += ["", *(f"- Warning: {escaped(warning)}" for warning in explanation.warnings)]
    others = [
        f"- `{decision.key}`: {escaped(candidate_text(candidate))}"
        for decision in explanation.decisions
        for candidate in decision.candidates
        if candidate.outcome != "decides"
    ]
    others += [f"- follow-up: {escaped(candidate_text(candidate))}" for candidate in explanation.follow_ups]
    return "\n".join([*lines, "", *(["Rules that did not decide:", "", *others, ""] if others else [])])


def _follows(explanation: Explanation) -> list[str]:
    rule = explanation.step_rule
    if rule is None:
        return []
    because = f": {escaped(rule.because)}" if rule.because else ""
    return [
        f"Follows after {escaped(explanation.after or '')}, by {escaped(rule.id)}, {code(place_text(rule))}{because}.",
        "",
    ]
