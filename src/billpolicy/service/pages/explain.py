"""How an operation would be decided, and why: one that is loaded, typed, filled in as a form, or written as YAML."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.operations_file import operation_at, operations_of
from billpolicy.exchange.typed_operation import operation_names, typed_operation
from billpolicy.report.explanation import ExplanationReport, Rule
from billpolicy.report.html.explain import Quote, explain_body, posted_body
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, table
from billpolicy.report.results import refusals
from billpolicy.service.asked.parameters import TODAY
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.editor import SCRIPTS, STYLES, editor, findings_in
from billpolicy.service.pages.forms import buttons, choice_field, filled_in, hidden, press, text_field
from billpolicy.service.pages.frame import framed, is_for_part, part, wrong
from billpolicy.service.pages.operation_form import operation_fields, words_of
from billpolicy.service.pages.policy_text import quoted
from billpolicy.service.pages.written import Written, written_for
from billpolicy.source.today import today
from billpolicy.source.tree import parse_raw

if TYPE_CHECKING:
    from billpolicy import Instruction

_PATH = "/pages/explain"
_POSTED = "posted"
_WAYS = {
    "loaded": "Choose one",
    _POSTED: "What was posted",
    "typed": "Type one",
    "fields": "Fill in a form",
    "yaml": "Write YAML",
}
_MOST_SHOWN = 25
_MOST_BEFORE = 500
"""Operations that are planned before the one that is asked about, so that it meets what they leave."""
_EXAMPLE = """\
id: try-it
operation: write_off_invoice
date: {today}
invoice: INV00000001
"""
_NAME = "operation.yaml"


Words = Callable[[], list[str]]
"""Gives the words that were typed; raises `ValueError` where they cannot be told apart."""


class _Told(NamedTuple):
    """What is below the form."""

    body: Html
    problems: Mapping[str, list[Diagnostic]] = {}
    """What is wrong with what was typed, by the word that it is about."""


_NOTHING = _Told(Html(""))


def _show(asked: Asked) -> Answer:
    filled = filled_in(asked)
    way = filled.get("by", "")
    ways = [one for one in _WAYS if one != _POSTED or asked.serving.ledger is not None]
    if way not in ways:
        way = "loaded" if asked.serving.operations else "typed"
    told = _WAYS_TO_ASK[way](asked, filled)
    body = el("div", joined((_ways(ways, way), told), LINE), id="ask")
    if is_for_part(asked):
        return part(body)
    lead = el("p", "What each attribute and setting would be, which rule says so, and why no other does.")
    return framed(
        asked, "Explain an operation", joined((lead, body), LINE), styles=["explain.css", *STYLES], scripts=SCRIPTS
    )


def _ways(ways: Sequence[str], chosen: str) -> Html:
    links = (
        el("li", el("a", _WAYS[way], href=f"{_PATH}?by={way}", aria_current="page" if way == chosen else None))
        for way in ways
    )
    return el("nav", el("ul", *links), class_="ways", aria_label="Ways to name an operation")


def _form(*content: Html, method: str = "get") -> Html:
    """A form whose answer takes the place of what is asked, and of what was told before."""
    return el(
        "form",
        *content,
        action=_PATH,
        method=method,
        hx_get=_PATH if method == "get" else None,
        hx_post=_PATH if method == "post" else None,
        hx_target="#ask",
        hx_swap="outerHTML",
    )


# -- one that is loaded --------------------------------------------------------------------------------------------


def _by_choice(asked: Asked, filled: Mapping[str, str]) -> Html:
    operations = asked.serving.operations
    if not operations:
        hint = "None is loaded: begin the service with `--operations FILE`, or type one."
        return el("p", hint, class_="note")
    wanted = filled.get("q", "").strip()
    found = [one for one in operations if _is_meant(one, wanted)]
    search = text_field(
        "q",
        "Find by id, operation, account or document",
        wanted,
        type="search",
        size=40,
        hx_get=f"{_PATH}?by=loaded",
        hx_trigger="input changed delay:300ms",
        hx_target="#choices",
        hx_select="#choices",
        hx_swap="outerHTML",
        hx_sync="this:replace",
    )
    id = filled.get("id", "")
    written = written_for(asked)
    rows = [_row(one, wanted, id, written) for one in found[:_MOST_SHOWN]]
    count = f"{len(found):,} of {len(operations):,} operations"
    if len(found) > _MOST_SHOWN:
        count += f"; the first {_MOST_SHOWN} are shown"
    listed = el(
        "section",
        el("h2", "Loaded operations"),
        el("p", count, class_="soft", data_say=count),
        table(("operation id", "operation", "date", "about"), rows) if rows else el("p", "Nothing is called so."),
        id="choices",
    )
    told = _explained_at(asked, id).body if id else Html("")
    return joined((el("form", hidden("by", "loaded"), search, action=_PATH, class_="fields"), listed, told), LINE)


def _is_meant(one: Instruction, wanted: str) -> bool:
    words = wanted.casefold().split()
    text = f"{one.request.id} {one.request.operation} {_about(one)}".casefold()
    return all(word in text for word in words)


def _about(one: Instruction) -> str:
    """The documents or accounts that it names."""
    names = ("account", "invoice", "credit_memo", "debit_memo", "payment", "subscription", "charge", "document")
    found = (getattr(one.request, name, None) for name in names)
    return ", ".join(str(each) for each in found if isinstance(each, str))


def _row(one: Instruction, wanted: str, chosen: str, written: Written) -> tuple[str, ...]:
    address = f"{_PATH}?{urlencode({'by': 'loaded', 'q': wanted, 'id': one.request.id})}"
    link = el(
        "a",
        one.request.id,
        href=f"{address}#told",
        hx_get=address,
        hx_target="#ask",
        hx_swap="outerHTML",
        aria_current="true" if one.request.id == chosen else None,
    )
    date = one.request.date
    return link, el("code", one.request.operation), written.day(date) if date else "today", _about(one)


def _explained_at(asked: Asked, id: str) -> _Told:
    at = next((at for at, one in enumerate(asked.serving.operations) if one.request.id == id), None)
    if at is None:
        return _Told(el("p", f"No operation `{id}` is loaded.", class_="note"))
    before = asked.serving.operations[max(0, at - _MOST_BEFORE) : at]
    return _explained(asked, [asked.serving.operations[at]], before)


def _by_posted(asked: Asked, filled: Mapping[str, str]) -> Html:
    """How something was decided then, by the policy as it was."""
    ledger, name = asked.serving.ledger, filled.get(_POSTED, "").strip()
    told, problems = Html(""), list[Diagnostic]()
    if ledger is not None and name:
        try:
            found = billpolicy.explain_posted(ledger, name)
            title = el("h2", f"How {name} was decided, and why", id="told", tabindex="-1", data_focus=True)
            told = joined((title, posted_body(found)), LINE)
        except Refused as refused:
            problems += refused.diagnostics
    control = text_field(
        _POSTED,
        "Operation or document",
        name,
        help="the id of an operation, or the number of a document",
        required=True,
        problems=problems,
        data_focus=bool(problems),
    )
    return joined((_form(hidden("by", _POSTED), control, buttons(press("Explain", main=True))), told), LINE)


# -- one that is typed, filled in or written -----------------------------------------------------------------------


def _typed(asked: Asked, filled: Mapping[str, str]) -> Html:
    line = filled.get("typed", "")
    told = _explained_words(asked, lambda: shlex.split(line)) if line.strip() else _NOTHING
    control = text_field(
        "typed",
        "Operation",
        line,
        code=True,
        required=True,
        help="its name, and each field with its value, like: write_off_invoice invoice=INV00000001",
        problems=[one for found in told.problems.values() for one in found],
        data_focus=bool(told.problems),
        list="operation-names",
    )
    names = el("datalist", *(el("option", value=name) for name in operation_names()), id="operation-names")
    form = _form(hidden("by", "typed"), control, names, buttons(press("Explain", main=True)))
    return joined((form, told.body), LINE)


def _by_fields(asked: Asked, filled: Mapping[str, str]) -> Html:
    names = operation_names()
    name = filled.get("operation", "")
    choice = choice_field("operation", "Operation", names, name if name in names else "write_off_invoice")
    choose = _form(el("div", hidden("by", "fields"), choice, press("Show its fields"), class_="fields"))
    if name not in names:
        return choose
    is_sent = "explain" in filled
    told = _explained_words(asked, lambda: [name, *words_of(filled)]) if is_sent else _NOTHING
    attributes = dict.fromkeys(key for policy in asked.versions.policies for key in policy.attributes)
    form = _form(
        hidden("by", "fields"),
        hidden("operation", name),
        hidden("explain", "yes"),
        operation_fields(name, attributes, filled, told.problems),
        _elsewhere(told.problems),
        buttons(press("Explain", main=True)),
    )
    return joined((choose, el("h2", name.replace("_", " ")), form, told.body), LINE)


def _elsewhere(problems: Mapping[str, list[Diagnostic]]) -> Html:
    """What is wrong with no field that a form has."""
    found = [one for word, each in problems.items() if "=" not in word for one in each]
    return wrong(found) if found else Html("")


def _explained_words(asked: Asked, words: Words) -> _Told:
    try:
        name, *fields = words()
        one = typed_operation(name, fields, asked.today or today())
    except ValueError as error:
        at = Diagnostic("argument-form", f"this cannot be read: {str(error).lower()}", Position("typed"))
        return _Told(Html(""), {"typed": [at._replace(hint="close every quote that is opened")]})
    except Refused as refused:
        problems: dict[str, list[Diagnostic]] = {}
        for found in refused.diagnostics:
            problems.setdefault(found.position.file if found.position else "", []).append(found)
        return _Told(Html(""), problems)
    return _explained(asked, [one])


def _yaml(asked: Asked, filled: Mapping[str, str]) -> Html:
    text = filled.get("yaml", "")
    told, problems = Html(""), Html("")
    if text.strip():
        try:
            tree = parse_raw(text.encode(), _NAME)
            alone = isinstance(tree.data, dict) and "operation" in tree.data
            told = _explained(asked, [operation_at(tree, ())] if alone else operations_of(tree)).body
        except Refused as refused:
            head = el("h2", "This cannot be read as operations", tabindex="-1", data_focus=True)
            problems = joined((head, findings_in(_NAME, "yaml", refused.diagnostics)), LINE)
    help = "one operation, or several of them below `operations`, as in an operations file"
    area = editor("yaml", "Operation", text or _EXAMPLE.format(today=today()), help)
    form = _form(hidden("by", "yaml"), area, buttons(press("Explain", main=True)), method="post")
    return joined((form, problems, told), LINE)


# -- what is told --------------------------------------------------------------------------------------------------


def _explained(asked: Asked, operations: Sequence[Instruction], before: Sequence[Instruction] = ()) -> _Told:
    """How these are decided after those `before` them. Who asks is whoever looks, where they name nobody."""
    actor = asked.caller.actor
    own = [replace(one, request=replace(one.request, actor=one.request.actor or actor)) for one in operations]
    wanted = {one.request.id for one in own}
    with asked.serving.documents() as on:
        each = billpolicy.plan_all(asked.versions, on, [*before, *own], today=asked.today, instead=True)
        outcomes = [one for one in each if one.job.asked.id in wanted]
    effects = (billpolicy.effect(one) for one in outcomes)
    report = ExplanationReport(
        explanations=tuple(
            told
            for one in outcomes
            if one.plan is not None and one.posted is None
            for told in billpolicy.explain(asked.versions, one.plan)
        ),
        effects=tuple(one for one in effects if one is not None),
        posted_before=(),
        refused=refusals(outcomes),
    )
    count = f"{len(report.refused)} refused" if report.refused else f"{len(report.explanations)} explained"
    title = el("h2", "How it is decided, and why", id="told", tabindex="-1", data_focus=True, data_say=count)
    return _Told(joined((title, explain_body(report, quote=_quote(asked))), LINE))


def _quote(asked: Asked) -> Quote:
    """The lines of a rule, folded."""

    def lines(rule: Rule) -> Html:
        found = (quoted(policy, rule.file, rule.line) for policy in asked.versions.policies)
        shown = next((one for one in found if one), None)
        return el("details", el("summary", "Its lines"), shown) if shown is not None else Html("")

    return lines


_WAYS_TO_ASK: Mapping[str, Callable[[Asked, Mapping[str, str]], Html]] = {
    "loaded": _by_choice,
    _POSTED: _by_posted,
    "typed": _typed,
    "fields": _by_fields,
    "yaml": _yaml,
}
_SAYS = "How an operation would be decided, and why."
PAGE = Endpoint("GET", _PATH, _SAYS, "plan", _show, parameters=(TODAY,))
WRITTEN = Endpoint("POST", _PATH, "The same of what is written as YAML in its form.", "plan", _show)
