"""Operations that wait for approvals: those first that wait for whoever looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import billpolicy
from billpolicy import Waiting
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE, section, terms
from billpolicy.report.html.plan import plan_parts
from billpolicy.report.plan import planning_report
from billpolicy.report.waiting import asked_text, awaited_text
from billpolicy.service.asking import actor_of, ledger_of
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.forms import buttons, filled_in, press
from billpolicy.service.pages.frame import framed, wrong
from billpolicy.service.pages.written import Written

if TYPE_CHECKING:
    from billpolicy.posting.store import Approved

_PATH = "/pages/waiting"
_TITLE = "Waiting for approvals"


def _show(asked: Asked) -> Answer:
    return _listed(asked)


def _decide(asked: Asked) -> Answer:
    """Approve or withdraw what waits, as whoever calls."""
    form = filled_in(asked)
    ledger, actor = ledger_of(asked), actor_of(asked)
    id, comment = form.get("id", ""), form.get("comment", "").strip() or None
    try:
        if form.get("do") == "withdraw":
            gone = billpolicy.withdraw(ledger, id, who=actor, why=comment, request=asked.id)
            asked.tell_decided(id, gone.operation, "withdrawn")
            return _listed(asked, el("p", said(f"`{id}` waits no more."), class_="card good"))
        found = billpolicy.approve(asked.versions, ledger, id, actor=actor, comment=comment, request=asked.id)
    except Refused as refused:
        return _listed(asked, wrong(refused.diagnostics), status=422)
    asked.tell_decided(id, found.plan.operation, "approved")
    if not found.complete:
        return _listed(asked, el("p", said(f"`{id}` is approved by you, and waits for others."), class_="card good"))
    told = f"`{id}` is approved by you, and has all the approvals that it needs: it can be posted."
    return _listed(asked, el("p", said(told), class_="card good"))


def _post(asked: Asked) -> Answer:
    """Post what has all its approvals."""
    form = filled_in(asked)
    ledger, who = ledger_of(asked), actor_of(asked)
    id = form.get("id", "")
    try:
        (one,) = billpolicy.asked_waiting(ledger, [id])
        posted = billpolicy.post(asked.versions, ledger, one, who=who, request=asked.id)
    except Refused as refused:
        return _listed(asked, wrong(refused.diagnostics), status=422)
    asked.tell_posted(posted)
    numbers = ", ".join(each.document.number for each in posted.plan.documents)
    return _listed(asked, el("p", said(f"`{id}` is posted: {numbers}."), class_="card good"))


def _listed(asked: Asked, told: Html | None = None, status: int = 200) -> Answer:
    ledger = asked.serving.ledger
    if ledger is None:
        return framed(asked, _TITLE, el("p", "Nothing waits in a book: serve a ledger.", class_="note"), status=status)
    every = billpolicy.waiting(ledger)
    mine = [one for one in every if _is_for(asked, one)]
    parts = {"Waiting for you": mine, "Waiting for others": [one for one in every if one not in mine]}
    body = [told] if told is not None else []
    if not every:
        body.append(el("p", "Nothing waits for approvals."))
    for title, waiting in parts.items():
        if waiting:
            shown = (_one(asked, one, is_mine=one in mine) for one in waiting)
            body.append(section(2, title, shown, title.lower().replace(" ", "-")))
    return framed(asked, _TITLE, joined(body, LINE), styles=["charts.css"], status=status)


def _is_for(asked: Asked, one: Waiting) -> bool:
    actor = asked.caller.actor
    return actor is not None and actor in billpolicy.people_asked(asked.versions, one)


def _one(asked: Asked, one: Waiting, *, is_mine: bool) -> Html:
    written = Written(asked)
    about = {
        "what": said(asked_text(one)),
        "date": written.day(one.date),
        "asked by": el("bdi", one.actor),
        "since": written.moment(one.at),
        "for": joined((said(awaited_text(each)) for each in one.awaited), Html("<br>")),
        "approved by": joined((_approval(each, written) for each in one.approvals), Html("<br>")),
        "could approve": ", ".join(billpolicy.people_asked(asked.versions, one)),
    }
    content = (
        el("h3", el("code", one.id), f" {one.operation.replace('_', ' ')}"),
        terms(about),
        el("details", el("summary", "What it would do"), *_plan(asked, one)),
        *_forms(asked, one, is_mine=is_mine),
    )
    return el("article", joined(content, LINE), class_="card")


def _approval(one: Approved, written: Written) -> Html:
    comment = (": ", el("bdi", one.comment)) if one.comment else ()
    return joined((el("bdi", one.person), ", ", written.moment(one.at), *comment))


def _plan(asked: Asked, one: Waiting) -> Iterator[Html]:
    ledger = ledger_of(asked)
    for each in billpolicy.asked_waiting(ledger, [one.id]):
        for outcome in billpolicy.plan_all(asked.versions, ledger, [each]):
            report = planning_report([outcome], asked.versions, (), ())
            yield from (part.content for part in plan_parts(report))


def _forms(asked: Asked, one: Waiting, *, is_mine: bool) -> Iterator[Html]:
    id = el("input", type="hidden", name="id", value=one.id)
    if "approve" in asked.caller.scopes and asked.caller.actor is not None:
        at = f"comment-{one.digest[:12]}"
        box = el("input", type="text", id=at, name="comment")
        comment = el("div", el("label", f"Comment on {one.id}", for_=at), box, class_="field")
        approve = press("Approve", main=is_mine, name="do", value="approve")
        withdraw = press("Withdraw", name="do", value="withdraw")
        yield el("form", id, comment, buttons(approve, withdraw), method="post", action=_PATH)
    else:
        yield el("p", f"{asked.caller.name} may not approve.", class_="note")
    if "post" in asked.caller.scopes and asked.caller.actor is not None:
        yield el("form", id, buttons(press("Post, if it is approved")), method="post", action=f"{_PATH}/post")


PAGE = Endpoint("GET", _PATH, "What waits for approvals.", "read", _show)
DECIDES = Endpoint("POST", _PATH, "Approve or withdraw what waits.", "approve", _decide)
POSTS = Endpoint("POST", f"{_PATH}/post", "Post what has all its approvals.", "post", _post)
