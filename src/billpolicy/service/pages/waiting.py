"""Operations that wait for approvals: those first that wait for whoever looks, each with what it would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import billpolicy
from billpolicy import Instruction, ShownAccount, Waiting
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.diagnostics.sentences import any_of, counted
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE, section, terms
from billpolicy.report.waiting import asked_text, awaited_in, awaited_text
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.operations import actor_of, ledger_of
from billpolicy.service.callers.caller import Scope
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.endpoints.withdraw import ENDPOINT as WITHDRAW
from billpolicy.service.pages.forms import buttons, field, filled_in, hidden, press
from billpolicy.service.pages.frame import wrong
from billpolicy.service.pages.links import document_link, named, with_query
from billpolicy.service.pages.locale import money_page
from billpolicy.service.pages.planned import planned, reported, shown
from billpolicy.service.pages.written import Written, written_for
from billpolicy.service.problems import Problem
from billpolicy.source.scalars import read_prose
from billpolicy.source.today import today

if TYPE_CHECKING:
    from billpolicy import Outcome
    from billpolicy.posting.store import Approved

ADDRESS = "/pages/waiting"
_TITLE = "Waiting for approvals"
_AT_ONCE = 20
"""Operations that are planned on one page; more are told in brief, each with a link."""
_LONGEST = 500
"""Letters of a comment."""
_NO_NAMES = ("id", "actor", "comment", "reason", "operation")
"""What names no document and no account, whatever it says."""


# -- what other pages tell of it -----------------------------------------------------------------------------------


def waits_for(asked: Asked, account: ShownAccount) -> list[Waiting]:
    """What waits and names the account, one of its documents, or one of its subscriptions."""
    names = {account.account.id, *account.balances, *(one.id for one in account.subscriptions)}
    return waits_for_names(asked, names)


def waits_for_names(asked: Asked, names: AbstractSet[str]) -> list[Waiting]:
    """What waits and names one of these."""
    if asked.serving.ledger is None:
        return []
    return [one for one in billpolicy.waiting(asked.serving.ledger) if not names.isdisjoint(_named_in(one.request))]


def _named_in(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            if key not in _NO_NAMES:
                yield from _named_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from _named_in(value)


def waiting_links(waits: Iterable[Waiting]) -> Html:
    """Each, with what it is and whose it is."""
    told = (
        el(
            "li",
            _link(one),
            f", {_words(one)}, asked by ",
            named(one.actor),
            ": ",
            said(asked_text(one)),
        )
        for one in waits
    )
    return el("ul", *told)


def _words(one: Waiting) -> str:
    return one.operation.replace("_", " ")


def _link(one: Waiting) -> Html:
    return el("a", named(one.id), href=with_query(ADDRESS, id=one.id))


# -- the page ------------------------------------------------------------------------------------------------------


def _show(asked: Asked) -> Answer:
    return _page(asked, asked.query.get("id", ""))


def _page(asked: Asked, id: str = "", told: Html | None = None, status: int = 200) -> Answer:
    """All that waits, or one of it. `told`: what became of what somebody did."""
    ledger = asked.serving.ledger
    if ledger is None:
        note = "Nothing waits in a book: begin the service with `--ledger`."
        return money_page(asked, _TITLE, el("p", said(note), class_="note"), status=status)
    every = billpolicy.waiting(ledger)
    body = [told] if told is not None else []
    found = [one for one in every if one.id == id] if id else every
    if id:
        body.append(el("p", el("a", "All that waits", href=ADDRESS)))
        status = status if found or told is not None else 404
    if not found:
        says = f"Nothing waits as `{id}`: it was posted or withdrawn, or never waited." if id else "Nothing waits."
        body.append(el("p", said(says), class_="note"))
    mine = [one for one in found if _why_not(asked, one) is None]
    for title, waiting in (("For you", mine), ("For others", [one for one in found if one not in mine])):
        if waiting:
            planned_ones = (_one(asked, one, whole=bool(id)) for one in waiting[:_AT_ONCE])
            rest = waiting_links(waiting[_AT_ONCE:]) if waiting[_AT_ONCE:] else ""
            heading = f"{title}: {counted(len(waiting), 'operation')}"
            body.append(section(2, heading, (*planned_ones, rest), title.lower().replace(" ", "-")))
    return money_page(asked, _TITLE, *body, styles=["charts.css"], status=status)


def _why_not(asked: Asked, one: Waiting) -> str | None:
    """Why it is not for whoever looks to approve, in a sentence; None where it is."""
    actor = asked.caller.actor
    if not asked.caller.may("approve"):
        return f"You are `{asked.caller.name}`, and may look but not approve: that takes the scope `approve`."
    if actor is None:
        return f"`{asked.caller.name}` is nobody to the policy: whoever approves needs an actor."
    try:
        person = asked.versions.on(one.date).policy.person
    except Refused as refused:  # the policy in force has no version for that day
        return f"{refused.diagnostics[0].message[:1].upper()}{refused.diagnostics[0].message[1:]}."
    if person(actor) == person(one.actor):
        return "You asked for it yourself, so somebody else approves it."
    if person(actor) in (person(each.person) for each in one.approvals):
        return "You have approved it."
    asked_for = billpolicy.people_asked(asked.versions, one)
    if person(actor) in asked_for:
        return None
    who = f": {any_of(f'`{name}`' for name in asked_for)} can" if asked_for else ""
    return f"It is not for you to approve{who}."


def _one(asked: Asked, one: Waiting, *, whole: bool) -> Html:
    written = written_for(asked)
    try:
        outcomes, problems = _planned(asked, one), []
    except Refused as refused:
        outcomes, problems = [], list(refused.diagnostics)
    missing = [each for outcome in outcomes if outcome.plan is not None for each in awaited_in(outcome.plan)]
    problems += (problem for outcome in outcomes for problem in outcome.problems)
    stale = [problem._replace(position=None) for problem in problems]
    about = {
        "what": said(asked_text(one)),
        "date": written.day(one.date),
        "asked by": named(one.actor),
        "since": joined((written.moment(one.at), ", put there by ", named(one.who))),
        "approved by": joined((_approval(each, written) for each in one.approvals), Html("<br>")),
        "still missing": joined((said(awaited_text(each)) for each in missing), Html("<br>")),
        "who can": joined(map(named, billpolicy.people_asked(asked.versions, one)), ", ") if missing else "",
    }
    anchor = f"waits-{one.digest[:12]}"
    plan = shown(asked, reported(asked, _instruction(asked, one), outcomes), 4, anchor) if not stale else Html("")
    content = (
        el("h3", _link(one), f" {_words(one)}"),
        terms(about),
        wrong(stale) if stale else el("details", el("summary", "What it would do"), plan, open=whole),
        *_forms(asked, one, is_complete=not missing and not stale),
    )
    return el("article", joined(content, LINE), class_="card waits", id=anchor)


def _approval(one: Approved, written: Written) -> Html:
    comment = (": ", named(one.comment)) if one.comment else ()
    return joined((named(one.person), ", ", written.moment(one.at), *comment))


def _instruction(asked: Asked, one: Waiting) -> Instruction:
    (found,) = billpolicy.asked_waiting(ledger_of(asked), [one.id])
    return replace(found, apart=True, dated=one.date)


def _planned(asked: Asked, one: Waiting) -> list[Outcome]:
    """What would be done now: approvals that it lacks are told, and are no reason to refuse."""
    return planned(asked, _instruction(asked, one), asked.today or today())


# -- what somebody does --------------------------------------------------------------------------------------------


def _forms(asked: Asked, one: Waiting, *, is_complete: bool) -> Iterator[Html]:
    fields = (hidden("id", one.id), hidden("digest", one.digest))
    why_not = _why_not(asked, one)
    at = f"comment-{one.digest[:12]}"
    box = el("input", type="text", id=at, name="comment", maxlength=_LONGEST, aria_describedby=f"{at}-help")
    comment = field(at, "Comment", box, help="It stays on record with what you do.")
    pressed = []
    if why_not is None and not is_complete:
        pressed.append(press("Approve", main=True, name="do", value="approve"))
    elif why_not is not None and not is_complete:
        yield el("p", said(why_not), class_="note")
    if is_complete:
        yield el("p", "It has all the approvals that it needs.", class_="note")
    may_act = asked.caller.actor is not None
    if is_complete and may_act and asked.caller.may("post"):
        pressed.append(press("Post", main=True, name="do", value="post"))
    elif is_complete:
        yield el("p", said("To post it takes the scope `post`."), class_="note")
    if may_act and asked.caller.may(*WITHDRAW.scopes):
        pressed.append(press("Withdraw", name="do", value="withdraw"))
    if pressed:
        yield el("form", *fields, comment, buttons(*pressed), method="post", action=ADDRESS)


def _act(asked: Asked) -> Answer:
    """Approve, withdraw or post what waits, as whoever calls; refused, it changes nothing and says why."""
    form = filled_in(asked)
    id, act = form.get("id", ""), _ACTS.get(form.get("do", ""))
    try:
        if act is None:
            raise Refused([Diagnostic("value-wrong", "nothing is to be done", hint="press one of the buttons")])
        scopes, does = act
        asked.caller.expect(*scopes)
        _expect_as_shown(asked, id, form.get("digest", ""))
        done = does(asked, id, _comment(form.get("comment", "")))
    except (Refused, Problem) as refused:
        problems = refused.diagnostics
        told = wrong(problems) if problems else el("p", said(str(refused)), class_="card wrong")
        status = refused.status if isinstance(refused, Problem) else 422
        return _page(asked, told=_told(told), status=status)
    return _page(asked, told=_told(el("p", done, class_="card good")))


def _comment(text: str) -> str | None:
    """What was filled in. Raises `Refused` for what an API would not take either, such as a control character."""
    try:
        return read_prose(text) or None
    except ValueError as error:
        raise Refused([Diagnostic("value-wrong", f"the comment: {error}", hint="type it anew")]) from None


def _told(what: Html) -> Html:
    return el("div", what, role="status", class_="done")


def _expect_as_shown(asked: Asked, id: str, digest: str) -> None:
    """Raises `Refused` where by now something else waits under the id than what was looked at."""
    found = next((one for one in billpolicy.waiting(ledger_of(asked)) if one.id == id), None)
    if found is not None and found.digest != digest:
        message = f"what waits as `{id}` is something else by now than what you looked at"
        raise Refused([Diagnostic("approval-stale", message, hint="look at it again, as it is below")])


def _approve(asked: Asked, id: str, comment: str | None) -> Html:
    actor = actor_of(asked)
    found = billpolicy.approve(
        asked.versions, ledger_of(asked), id, actor=actor, comment=comment, request=asked.id, today=asked.today
    )
    asked.tell_decided(id, found.plan.operation, "approved")
    if found.complete:
        return joined(
            (
                said(f"`{id}` is approved, and has all the approvals that it needs: "),
                _link(found.waiting),
                " can be posted.",
            )
        )
    missing = "; ".join(awaited_text(one) for one in found.awaited)
    return said(f"`{id}` is approved by you. Still missing: {missing}.")


def _withdraw(asked: Asked, id: str, comment: str | None) -> Html:
    gone = billpolicy.withdraw(ledger_of(asked), id, who=actor_of(asked), why=comment, request=asked.id)
    asked.tell_decided(id, gone.operation, "withdrawn")
    return said(f"`{id}` is withdrawn, and waits no more. That it did stays on record.")


def _post(asked: Asked, id: str, comment: str | None) -> Html:
    ledger, who = ledger_of(asked), actor_of(asked)
    (one,) = billpolicy.asked_waiting(ledger, [id])
    posted = billpolicy.post(asked.versions, ledger, one, who=who, request=asked.id, today=asked.today)
    asked.tell_posted(posted)
    links = joined((document_link(each.document.number) for each in posted.plan.documents), ", ")
    return joined((said(f"`{id}` is posted"), *((": ", links) if links else ()), "."))


_ACTS: dict[str, tuple[tuple[Scope, ...], Callable[[Asked, str, str | None], Html]]] = {
    "approve": (("approve",), _approve),
    "withdraw": (WITHDRAW.scopes, _withdraw),
    "post": (("post",), _post),
}
"""What can be pressed -> the scopes any of which it takes, and what does it."""
PAGE = Endpoint("GET", ADDRESS, "What waits for approvals.", "read", _show)
ACTS = Endpoint("POST", ADDRESS, "Approve, withdraw or post what waits.", "read", _act)
