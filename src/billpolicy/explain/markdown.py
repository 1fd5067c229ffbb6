"""An explanation as Markdown, for a ticket or a review."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.explain.model import Explanation
from billpolicy.explain.text import candidate_text, place_text, value_text


def explanations_markdown(explanations: Iterable[Explanation]) -> str:
    """One section for each document: a table of its decisions, then the rules that did not decide."""
    return "\n".join(_section(explanation) for explanation in explanations)


def _section(explanation: Explanation) -> str:
    lines = [
        f"## {_text(explanation.step or explanation.operation_id)}: `{explanation.operation}` on {explanation.date}",
        "",
        *_follows(explanation),
        *(
            [f"Makes {explanation.document.replace('_', ' ')} {_text(explanation.number or '')}.", ""]
            if explanation.document
            else []
        ),
        f"Policy {_text(explanation.policy)} (`{explanation.policy_digest[:12]}`), engine {explanation.engine}.",
        "",
        "| decision | value | from | rule | because |",
        "|---|---|---|---|---|",
    ]
    for decision in explanation.decisions:
        source = decision.tried[-1].label if decision.tried else "setting"
        rule = f"`{place_text(decision.rule)}`"
        if decision.exception:
            rule = f"{_text(decision.rule.id)}, {rule}"
        value = value_text(explanation, decision)
        cells = (f"`{decision.key}`", _text(value), _text(source), rule, _text(decision.rule.because or ""))
        lines.append("| " + " | ".join(cells) + " |")
    if explanation.warnings:
        lines += ["", *(f"- Warning: {_text(warning)}" for warning in explanation.warnings)]
    others = [
        f"- `{decision.key}`: {_text(candidate_text(candidate))}"
        for decision in explanation.decisions
        for candidate in decision.candidates
        if candidate.outcome != "decides"
    ]
    others += [f"- follow-up: {_text(candidate_text(candidate))}" for candidate in explanation.follow_ups]
    return "\n".join([*lines, "", *(["Rules that did not decide:", "", *others, ""] if others else [])])


def _follows(explanation: Explanation) -> list[str]:
    rule = explanation.step_rule
    if rule is None:
        return []
    because = f": {_text(rule.because)}" if rule.because else ""
    return [
        f"Follows after {_text(explanation.after or '')}, by {_text(rule.id)}, `{place_text(rule)}`{because}.",
        "",
    ]


def _text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")
