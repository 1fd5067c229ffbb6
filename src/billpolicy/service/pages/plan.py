"""What one operation would do, and then, if that is what is wanted, posted: exactly so, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import billpolicy
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, section
from billpolicy.report.html.plan import plan_parts
from billpolicy.report.plan import planning_report
from billpolicy.service.asking import actor_of, ledger_of
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.accounts import document_path
from billpolicy.service.pages.asking import HELP, typed
from billpolicy.service.pages.forms import area_field, buttons, filled_in, press
from billpolicy.service.pages.frame import framed, wrong
from billpolicy.service.problems import Problem
from billpolicy.source.today import today

if TYPE_CHECKING:
    from billpolicy import Instruction, Outcome

_PATH = "/pages/plan"
_TITLE = "Plan an operation"


def _show(asked: Asked) -> Answer:
    text = filled_in(asked).get("text", "")
    if not text.strip():
        return framed(asked, _TITLE, _form(text))
    try:
        one = typed(asked, text, today())
        outcome = _planned(asked, one)
    except (Refused, Problem) as refused:
        return _refused(asked, text, refused)
    return _answered(asked, text, one, outcome)


def _post(asked: Asked) -> Answer:
    """Post what was shown. The form has the digest of it: what would come out otherwise by now is shown instead."""
    form = filled_in(asked)
    text, shown = form.get("text", ""), form.get("shown", "")
    ledger, who = ledger_of(asked), actor_of(asked)
    try:
        one = typed(asked, text, today())
        outcome = _planned(asked, one)
        if "wait" in form:
            billpolicy.wait(asked.versions, ledger, one, who=who, request=asked.id)
            return _done(asked, "It waits for approvals", el("a", "What waits", href="/pages/waiting"))
        if outcome.plan is None:
            return _answered(asked, text, one, outcome, status=422)
        if outcome.posted is None and shown != _digest(asked, one, outcome):
            note = el(
                "p",
                "This is not what was shown before: something has changed since. Look at it again.",
                class_="card odd",
            )
            return _answered(asked, text, one, outcome, note, status=409)
        confirm = [outcome.plan.closure.digest] if outcome.plan.closure is not None else []
        what = one if outcome.posted is not None else outcome.plan  # a plan is refused if the ledger has moved on
        posted = billpolicy.post(asked.versions, ledger, what, who=who, request=asked.id, confirm=confirm)
    except (Refused, Problem) as refused:
        return _refused(asked, text, refused)
    asked.tell_posted(posted)
    numbers = [each.document.number for each in posted.plan.documents]
    links = (el("li", el("a", el("bdi", number), href=document_path(number))) for number in numbers)
    told = "It was posted before" if posted.repeated else "It is posted"
    made = joined((el("p", "What it made:"), el("ul", *links))) if numbers else Html("")
    return _done(asked, f"{told}, by {posted.audit.who}", made)


def _planned(asked: Asked, one: Instruction) -> Outcome:
    with asked.serving.documents() as on:
        (outcome,) = billpolicy.plan_all(asked.versions, on, [one], today=today())
    return outcome


def _digest(asked: Asked, one: Instruction, outcome: Outcome) -> str:
    """What stands for all that a plan would do."""
    return hashlib.sha256(billpolicy.plan_file(asked.versions, today(), [one], [outcome]).encode()).hexdigest()


def _form(text: str, problems: Html | None = None) -> Html:
    return joined(
        (
            el(
                "form",
                area_field("text", "Operation", text, rows=8, help=HELP),
                buttons(press("Show what it would do", main=True)),
                method="get",
                action=_PATH,
            ),
            problems or Html(""),
        ),
        LINE,
    )


def _refused(asked: Asked, text: str, refused: Refused | Problem) -> Answer:
    told = wrong(refused.diagnostics) if refused.diagnostics else el("p", str(refused), class_="card wrong")
    body = _form(text, section(2, "It cannot be done", [told], "refused"))
    status = refused.status if isinstance(refused, Problem) else 422
    return framed(asked, _TITLE, body, status=status)


def _answered(
    asked: Asked, text: str, one: Instruction, outcome: Outcome, note: Html | None = None, status: int = 200
) -> Answer:
    report = planning_report([outcome], asked.versions, (), ())
    parts = [section(2, part.title, [part.content], f"plan-{at}") for at, part in enumerate(plan_parts(report))]
    if outcome.posted is not None:
        parts.append(el("p", f"`{one.request.id}` was posted before, and is not posted again.", class_="note"))
    body = joined((_form(text), note or "", *parts, *_to_post(asked, text, one, outcome)), LINE)
    return framed(asked, _TITLE, body, styles=["charts.css"], status=status)


def _to_post(asked: Asked, text: str, one: Instruction, outcome: Outcome) -> Iterator[Html]:
    """What posts it, where the service has a ledger; else why it cannot be posted."""
    if outcome.posted is not None:
        return
    if asked.serving.ledger is None:
        yield el("p", "Nothing can be posted here: the documents are a book, and no ledger.", class_="note")
    elif "post" not in asked.caller.scopes or asked.caller.actor is None:
        yield el("p", f"{asked.caller.name} may not post.", class_="note")
    elif outcome.plan is not None or outcome.lacks_approvals:
        waits = outcome.plan is None
        said = (
            "It lacks approvals, and nothing else: it can wait for them in the ledger."
            if waits
            else "What is shown above is posted so, and not otherwise: what has changed by then is shown again."
        )
        fields = {"text": text} | ({"wait": "1"} if waits else {"shown": _digest(asked, one, outcome)})
        hidden = (el("input", type="hidden", name=name, value=value) for name, value in fields.items())
        label = "Let it wait for approvals" if waits else f"Post {one.request.id}"
        form = el("form", *hidden, buttons(press(label, main=True)), method="post", action=_PATH)
        yield section(2, "Post it", [el("p", said), form], "post")


def _done(asked: Asked, title: str, told: Html) -> Answer:
    back = el("p", el("a", "Another operation", href=_PATH))
    return framed(asked, title, joined((el("div", told, class_="card good"), back), LINE), status=201)


PAGE = Endpoint("GET", _PATH, "What an operation would do.", "plan", _show)
POSTS = Endpoint("POST", _PATH, "Post what was shown.", "post", _post)
