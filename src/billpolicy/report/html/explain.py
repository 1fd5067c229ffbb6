"""How everything was decided as a page to keep or to send on: each attribute's chain of levels, the rule that won, and
what became of the others. All of it is there without a script; what few will ask for is folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from billpolicy.diagnostics.sentences import counted
from billpolicy.policy.model import Setting
from billpolicy.report.effect import Effect
from billpolicy.report.effect_text import COLUMNS, below, heading, rows
from billpolicy.report.explanation import Candidate, Decision, Explanation, ExplanationReport, Rule
from billpolicy.report.explanation_text import QUIET, is_asked, value_text
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.page import page
from billpolicy.report.html.pieces import LINE, Part, finding, listed, place, refused, section, sections, table, terms
from billpolicy.report.plan import Decided
from billpolicy.report.posted_explanation import PostedExplanation, ToldDecisions
from billpolicy.report.texts import origin

_BECAME = {
    "decides": "decides",
    "agrees": "says the same",
    "not_matched": "does not match",
    "not_in_force": "not in force",
    "overridden": "overridden",
    "less_specific": "less specific",
    "nothing_to_do": "nothing to do",
}
_TITLE = "How it is decided, and why"
Settled = Sequence[tuple[str, Sequence[Explanation]]]
"""A heading, and what would be decided then."""
Quote = Callable[[Rule], Html]
"""Gives the lines of a rule, where its text is at hand."""


def explain_html(report: ExplanationReport, settled: Settled = ()) -> str:
    """What `explain` answers. `settled`: of what was refused for a conflict of rules, what each of them would do."""
    return page(_TITLE, joined((el("h1", _TITLE), explain_body(report, settled)), LINE), styles=("explain.css",))


def explain_body(report: ExplanationReport, settled: Settled = (), quote: Quote = lambda rule: Html("")) -> Html:
    """The same without the frame of the page and its title."""
    parts = [*map(refused, report.refused), *map(_effect, report.effects)]
    parts += (_explanation(one, quote=quote) for one in report.explanations)
    for title, explanations in settled:
        below_it = (_explanation(one, level=3) for one in explanations)
        parts.append(Part(said(title), joined((section(3, one.title, [one.content]) for one in below_it), LINE)))
    summary = []
    if report.posted_before:
        summary.append(f"Posted before, and not explained again: {', '.join(report.posted_before)}.")
    return _body(summary, parts)


def posted_html(found: PostedExplanation, id: str) -> str:
    """What `ledger explain` answers about `id`."""
    title = f"How {id} was decided, and why"
    return page(title, joined((el("h1", title), posted_body(found)), LINE), styles=("explain.css",))


def posted_body(found: PostedExplanation) -> Html:
    """The same without the frame of the page and its title."""
    parts = [*map(_explanation, found.explanations), *map(_without_policy, found.decisions)]
    return _body([found.without_policy] if found.without_policy else [], parts)


def posted_parts(found: PostedExplanation) -> list[Html]:
    """The same as parts of a page that tells more of the document."""
    told = [el("p", said(found.without_policy))] if found.without_policy else []
    parts = (*map(_explanation, found.explanations), *map(_without_policy, found.decisions))
    return [*told, *(one.content for one in parts)]


def _body(summary: Iterable[str], parts: Iterable[Part]) -> Html:
    return joined((*(el("p", said(one)) for one in summary), sections(parts)), LINE)


def _effect(effect: Effect) -> Part:
    """What either option of a correction does to charges and periods, side by side."""
    told = [[joined(map(said, cell), Html("<br>")) for cell in row] for row in rows(effect, every_line=True)]
    return Part(heading(effect), joined((table(COLUMNS, told), listed(below(effect, every_line=True)))))


def _explanation(one: Explanation, level: int = 2, quote: Quote = lambda rule: Html("")) -> Part:
    """Its parts are one level below its heading."""
    step = one.step_rule
    made = f"{one.document.replace('_', ' ')} {one.number}" if one.document else ""
    about = {
        "makes": made,
        "about": said(one.about or ""),
        "after": said(one.after or ""),
        "by": joined((step.id, Html(" "), place(step))) if step else "",
        "because": said(step.because or "") if step else "",
        "policy": joined((one.policy, " ", el("code", one.policy_digest[:12]), f", engine {one.engine}")),
    }
    attributes = [_attribute(each, level + 2, quote) for each in one.decisions if each.kind == "attribute"]
    settings = [each for each in one.decisions if each.kind == "setting"]
    parts = [
        ("Attributes", attributes),
        ("Settings", [*_settings(one, settings)]),
        ("Follow-ups passed over", [_candidates(one.follow_ups)] if one.follow_ups else []),
        ("What to know", [finding(each) for each in one.warnings]),
        ("What conditions were asked about", [_facts(one.facts)] if one.facts else []),
    ]
    content = (section(level + 1, title, told) for title, told in parts if told)
    title = f"{one.step or one.operation_id}: {one.operation} on {one.date}"
    if made:
        title += f", {made}"
    return Part(title, joined((terms(about), *content), LINE))


def _attribute(one: Decision, level: int, quote: Quote) -> Html:
    """The value, the levels up to it with what each holds, and the rule that says so."""
    told = {"rule": _by(one), "because": said(one.rule.because or "")}
    return el(
        "article",
        el(f"h{level}", el("code", one.key), ": ", el("span", one.value, class_="now")),
        _chain(one),
        terms(told),
        quote(one.rule),
        _others(one),
        class_="card",
    )


def _chain(one: Decision) -> Html:
    """Every level in its order: what held nothing, what has the value, and what was not asked any more."""
    held = {tried.level: tried for tried in one.tried}
    steps = []
    for level in one.chain:
        name = el("span", level, class_="level")
        tried = held.get(level)
        if tried is None:
            steps.append(el("li", name, el("span", "not asked"), class_="unasked"))
        elif level == one.level:
            source = origin(tried.label, tried.since, tried.operation)
            value = el("strong", tried.value or "none")
            steps.append(el("li", name, value, el("span", said(source), class_="soft"), class_="found"))
        else:
            steps.append(el("li", name, el("span", tried.value or "none"), el("span", tried.label, class_="soft")))
    return el("ol", *steps, class_="chain", aria_label=f"Levels of {one.key}")


def _by(one: Decision) -> Html:
    name = joined(("exception ", el("strong", one.rule.id))) if one.exception else "base rule"
    return joined((name, ", ", place(one.rule)))


def _others(one: Decision) -> Html:
    """The other rules that speak of it: at hand where one of them applies, folded where none does."""
    others = [each for each in one.candidates if each.outcome != "decides"]
    return _folded(others, _candidates(others)) if others else Html("")


def _others_in_a_cell(one: Decision) -> Html:
    """The same where there is no room for a table."""
    others = [each for each in one.candidates if each.outcome != "decides"]
    told = (joined((el("strong", each.rule.id), ": ", said(each.reason), " ", place(each.rule))) for each in others)
    return _folded(others, listed(told)) if others else Html("")


def _folded(others: Sequence[Candidate], told: Html) -> Html:
    summary = el("summary", f"{counted(len(others), 'rule')} did not decide")
    return el("details", summary, told, open=any(each.outcome not in QUIET for each in others))


def _candidates(told: Iterable[Candidate]) -> Html:
    rows = (
        (
            one.rule.id,
            _BECAME[one.outcome],
            joined((said(one.reason), el("div", said(one.rule.because or ""), class_="soft"))),
            place(one.rule),
        )
        for one in told
    )
    return table(("rule", "what became of it", "why", "where"), rows)


def _settings(of: Explanation, settings: Sequence[Decision]) -> Iterator[Html]:
    """Those that somebody would ask about, and below the others, folded."""
    quiet = [one for one in settings if one.routine and not one.exception]
    loud = [one for one in settings if one not in quiet]
    columns = ("setting", "value", "rule", "because", "other rules")
    for few, told in ((loud, False), (quiet, True)):
        if few:
            rows = (
                (
                    el("code", one.key),
                    joined((said(value_text(of, one)), _instead(of, one))),
                    _by(one),
                    said(one.rule.because or ""),
                    _others_in_a_cell(one),
                )
                for one in few
            )
            made = table(columns, rows)
            yield el("details", el("summary", f"{counted(len(few), 'setting')} as usual"), made) if told else made


def _instead(of: Explanation, one: Decision) -> Html:
    return el("div", f"instead of {one.instead_of}", class_="soft") if is_asked(of, one) else Html("")


def _facts(facts: dict[str, str]) -> Html:
    told = table(("fact", "value"), ((el("code", name), value) for name, value in facts.items()))
    return el("details", el("summary", counted(len(facts), "fact")), told)


def _without_policy(one: ToldDecisions) -> Part:
    """What is known without the text of the policy."""
    decisions = one.decisions
    about = {
        "made": one.number or "",
        "policy": joined((one.policy, " ", el("code", one.policy_digest[:12]))),
        "matched": ", ".join(decisions.exceptions),
    }
    rows = (
        (
            el("code", each.key),
            value_of(each),
            _from(each),
            each.rule,
        )
        for each in sorted(decisions.decided, key=lambda each: each.level is None)
    )
    content = (terms(about), table(("what", "value", "from", "rule"), rows), _facts(decisions.facts))
    return Part(f"{one.operation_id}: {decisions.operation} on {decisions.date}", joined(content, LINE))


def _from(one: Decided) -> Html:
    return said(origin(one.label, one.since, one.given_by) if one.label else "")


def value_of(one: Decided) -> str:
    """The value that counts, as a policy writes it."""
    return str(Setting(one.value))
