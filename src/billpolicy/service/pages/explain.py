"""How an operation would be decided, and why: one that is loaded, typed, filled in as a form, or written as YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.typed_operation import is_operation
from billpolicy.report.explanation import Rule
from billpolicy.report.html.explain import Quote, explain_body, posted_body
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, table
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.endpoints.explain import explained
from billpolicy.service.pages.asking import FIELDS, NAME, TYPED, YAML, Wanted, new_id, read_all
from billpolicy.service.pages.editor import SCRIPTS, STYLES, editor, findings_in
from billpolicy.service.pages.forms import buttons, filled_in, hidden, press, text_field
from billpolicy.service.pages.frame import framed, is_for_part, part
from billpolicy.service.pages.operation_form import operation_choice, operation_fields, typed_control
from billpolicy.service.pages.policy_text import quoted
from billpolicy.service.pages.written import Written, written_for
from billpolicy.service.problems import Problem
from billpolicy.source.today import today

if TYPE_CHECKING:
    from billpolicy import Instruction

_PATH = "/pages/explain"
_POSTED = "posted"
_WAYS = {
    "loaded": "Choose one",
    _POSTED: "What was posted",
    TYPED: "Type one",
    FIELDS: "Fill in a form",
    YAML: "Write YAML",
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


class _Told(NamedTuple):
    """What is below the form."""

    body: Html
    problems: Sequence[Diagnostic] = ()
    """What is wrong with what somebody said."""


_NOTHING = _Told(Html(""))


def _show(asked: Asked) -> Answer:
    filled = filled_in(asked)
    way = filled.get("by", "")
    ways = [one for one in _WAYS if one != _POSTED or asked.serving.ledger is not None]
    if way not in ways:
        way = "loaded" if asked.serving.operations else TYPED
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
        href=f"{address}#told",  # a page of its own, which can be sent to somebody, and gone back from
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
    told = _explained_of(asked, Wanted(TYPED, filled, _new_id(asked)))
    control = typed_control(filled.get(TYPED, ""), told.problems, focused=bool(told.problems))
    form = _form(hidden("by", TYPED), control, buttons(press("Explain", main=True)))
    return joined((form, told.body), LINE)


def _by_fields(asked: Asked, filled: Mapping[str, str]) -> Html:
    name = filled.get("operation", "")
    choose = _form(operation_choice(name))
    if not is_operation(name):
        return choose
    told = _explained_of(asked, Wanted(FIELDS, filled, _new_id(asked)))
    form = _form(
        hidden("by", FIELDS),
        hidden("operation", name),
        hidden("plan", "yes"),
        operation_fields(name, asked.versions, filled, told.problems),
        buttons(press("Explain", main=True)),
    )
    return joined((choose, el("h2", name.replace("_", " ")), form, told.body), LINE)


def _yaml(asked: Asked, filled: Mapping[str, str]) -> Html:
    text = filled.get(YAML, "")
    told, problems = _explained_of(asked, Wanted(YAML, filled, _new_id(asked))), Html("")
    if told.problems:
        head = el("h2", "This cannot be read as operations", tabindex="-1", data_focus=True)
        problems = joined((head, findings_in(NAME, YAML, told.problems)), LINE)
    help = "one operation, or several of them below `operations`, as in an operations file"
    area = editor(YAML, "Operation", text or _EXAMPLE.format(today=today()), help)
    form = _form(hidden("by", YAML), area, buttons(press("Explain", main=True)), method="post")
    return joined((form, problems, told.body), LINE)


def _new_id(asked: Asked) -> str:
    return new_id(asked.today or today())


def _explained_of(asked: Asked, wanted: Wanted) -> _Told:
    """What somebody says is explained, or what is wrong with it; nothing where nobody has said anything."""
    if not wanted.is_asked:
        return _NOTHING
    try:
        return _explained(asked, read_all(asked, wanted, asked.today or today()))
    except (Refused, Problem) as refused:
        return _Told(Html(""), refused.diagnostics)


# -- what is told --------------------------------------------------------------------------------------------------


def _explained(asked: Asked, operations: Sequence[Instruction], before: Sequence[Instruction] = ()) -> _Told:
    """How these are decided after those `before` them. Who asks is whoever looks, where they name nobody."""
    actor = asked.caller.actor
    own = [replace(one, request=replace(one.request, actor=one.request.actor or actor)) for one in operations]
    wanted = {one.request.id for one in own}
    each = billpolicy.plan_all(asked.versions, asked.serving.on, [*before, *own], today=asked.today, instead=True)
    outcomes = [one for one in each if one.job.asked.id in wanted]
    report = explained(asked, outcomes)
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
    TYPED: _typed,
    FIELDS: _by_fields,
    YAML: _yaml,
}
_SAYS = "How an operation would be decided, and why."
PAGE = Endpoint("GET", _PATH, _SAYS, "plan", _show)
WRITTEN = Endpoint("POST", _PATH, "The same of what is written as YAML in its form.", "plan", _show)
