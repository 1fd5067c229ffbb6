"""One document: what is on it and open of it, where its money went or came from, how it was decided, and who did it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import billpolicy
from billpolicy import Audit, ShownDocument
from billpolicy.report.html.charts.allocation import allocation_chart, allocation_of
from billpolicy.report.html.explain import posted_parts
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import section, table, terms
from billpolicy.report.in_effect import InEffect, in_effect
from billpolicy.report.texts import origin
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.naming import found
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.kinds import kind_words, open_words
from billpolicy.service.pages.links import (
    account_link,
    document_address,
    document_link,
    history_address,
    named,
    plan_links,
    with_query,
)
from billpolicy.service.pages.locale import money_page
from billpolicy.service.pages.waiting import waiting_links, waits_for_names
from billpolicy.service.pages.written import Written, written_for

if TYPE_CHECKING:
    from billpolicy.book.model import Application, Document

_DECIDED = "How it was decided"
_UNKNOWN = "It was imported, or stands in a book: no operation of this ledger made it, so nothing here decided it."


def _show(asked: Asked) -> Answer:
    number, written = asked.path["number"], written_for(asked)
    on = asked.serving.on
    with found():
        shown = billpolicy.document(on, number)
        spread = None
        if len({one.to for one in shown.applications_from}) > 1:
            spread = allocation_of(billpolicy.account_book(on, shown.document.account), number)
    waits = waits_for_names(asked, {number})
    parts: dict[str, Iterable[Html]] = {
        "What waits for approvals": [waiting_links(waits)] if waits else [],
        "What is on it": _items(shown, written),
        "Money put on it": [_applied(shown.applications_to, shown, written, on_it=True)],
        "Where its money went": [
            *([allocation_chart(spread, written)] if spread is not None else ()),
            _applied(shown.applications_from, shown, written, on_it=False),
        ],
        "What was made from it": _made(shown, written),
        "What it inherits": _inherited(shown),
        _DECIDED: _decided(asked, shown),
        "Who did it": _who(shown, written),
    }
    told = ((title, [*filter(None, each)]) for title, each in parts.items())
    sections = (section(2, title, each, _anchor(title), class_="figures") for title, each in told if each)
    title = f"{_capital(kind_words(shown.document))} {number}"
    operations = plan_links(_field(shown), number)
    return money_page(asked, title, _about(shown, written), operations, *sections, styles=["charts.css", "explain.css"])


def _field(shown: ShownDocument) -> str:
    """What operations call it that are done to it; of a canceled draft nothing is done."""
    if shown.document.status == "posted":
        return "adjustment" if shown.document.kind == "credit_adjustment" else shown.document.kind
    return "draft" if getattr(shown.document, "is_open_draft", False) else ""


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _due(one: Any, written: Written) -> Html | str:
    """When, and why then; nothing of a document that nobody owes."""
    if not hasattr(one, "due_date"):
        return ""
    if one.due_date is None:
        return "no day is said: the aging counts from its own"
    return joined((written.day(one.due_date), f", from {one.due_date_from}" if one.due_date_from else ""))


def _about(shown: ShownDocument, written: Written) -> Html:
    one = shown.document
    left, source = open_words(one), getattr(one, "related", None)
    name = (" · ", named(shown.account.name)) if shown.account.name else ()
    about = {
        "account": joined((account_link(one.account), *name)),
        "date": written.day(one.date),
        "due": _due(one, written),
        "amount": written.amount(one.amount, one.currency),
        **({left: el("strong", written.amount(shown.balance, one.currency))} if left else {}),
        "made from": document_link(str(source)) if source else "",
        "reason": named(getattr(one, "reason", None) or ""),
        "reversed for": named(getattr(one, "reversed_reason", None) or ""),
        "reference": named(getattr(one, "reference", None) or ""),
        "write-off": said("no money: only `undo_write_off` undoes it") if getattr(one, "write_off", False) else "",
        "expires on": written.day(getattr(one, "expires_on", None)),
        "rules may use it": "" if getattr(one, "auto_apply", True) else "no: only where it is named",
        "bill run": named(getattr(one, "bill_run", None) or ""),
        "comment": named(one.comment or ""),
    }
    return el("div", terms(about), class_="card about")


def _items(shown: ShownDocument, written: Written) -> Iterator[Html]:
    document = shown.document
    items = getattr(document, "items", ())
    if not items:
        return
    yield _lines(document, shown, written)  # type: ignore[arg-type]
    yield el("p", el("a", "What became of its lines", href=history_address(document.number)))


def _lines(document: Document, shown: ShownDocument, written: Written) -> Html:
    currency = document.currency
    open_ = {(place.item, place.tax): place.open for place in shown.open_places}

    def left(item: str, tax: str | None = None) -> Html:
        found = open_.get((item, tax))
        return Html("") if found is None else written.amount(found, currency)

    rows: list[tuple[str, ...]] = []
    for item in document.items:
        about = joined(
            (
                named(item.name or ""),
                *([el("div", named(item.subscription), class_="soft")] if item.subscription else ()),
                *(
                    el("div", f"of it {one.subscribed_charge}: ", written.amount(one.amount, currency), class_="soft")
                    for one in item.combines
                ),
            )
        )
        name = el("a", named(item.id), href=history_address(f"{document.number}/{item.id}"))
        days = written.days(item.service_start, item.service_end)
        quantity = "" if item.quantity is None else written.number(item.quantity)
        price = "" if item.unit_price is None else written.amount(item.unit_price, currency)
        rows.append((name, about, days, quantity, price, written.amount(item.amount, currency), left(item.id)))
        for tax in item.taxes:
            told = joined(("tax ", named(tax.name or tax.id)))
            amount = written.amount(tax.amount, currency)
            rows.append((el("span", "+ ", named(tax.id)), told, "", "", "", amount, left(item.id, tax.id)))
    columns = ("item", "what", "days", "quantity", "unit price", "amount", "open")
    return table(columns, rows, numbers=columns[3:])


def _applied(made: Iterable[Application], shown: ShownDocument, written: Written, *, on_it: bool) -> Html:
    """Money on one side of it, what was taken back as such, each with the document on the other side."""
    rows = [
        (
            document_link(other := one.from_ if on_it else one.to),
            shown.kinds.get(other, "").replace("_", " "),
            written.day(one.date),
            written.amount(one.amount, shown.document.currency),
            "taken back" if one.amount < 0 else "",
        )
        for one in made
    ]
    columns = ("from" if on_it else "on", "what that is", "date", "amount", "note")
    return table(columns, rows, numbers=("amount",)) if rows else Html("")


def _made(shown: ShownDocument, written: Written) -> Iterator[Html]:
    rows = [
        (
            document_link(one.number),
            kind_words(one),
            written.day(one.date),
            written.amount(one.amount, one.currency),
        )
        for one in (*shown.created, *shown.refunds)
    ]
    if rows:
        yield table(("number", "what", "date", "amount"), rows, numbers=("amount",))


def _inherited(shown: ShownDocument) -> Iterator[Html]:
    """Each attribute with the value that takes effect, the level that it is from, and the rule that says so."""
    rows = [
        (el("code", one.key), named(one.value or "none"), _from(one), el("code", one.rule) if one.rule else "")
        for one in in_effect(shown)
    ]
    if rows:
        yield table(("attribute", "value", "from", "by rule"), rows)


def _from(one: InEffect) -> Html:
    if one.label is None:
        return Html("it was imported so")
    label = one.label if one.level else f"as on {one.label}"
    notes = [said(origin(label, one.since, one.given_by))]
    if one.binding == "live":
        notes.append(Html("live: what it holds now counts"))
    if one.binding == "numbered":
        notes.append(Html("not stored"))
    if one.when_posted:
        notes.append(joined((named(one.when_posted), " when it was posted")))
    return joined(notes, "; ")


def _decided(asked: Asked, shown: ShownDocument) -> Iterator[Html]:
    ledger = asked.serving.ledger
    if ledger is None or shown.operation is None:
        yield el("p", _UNKNOWN, class_="note")
        return
    number = shown.document.number
    if asked.query.get("decided") != "yes":  # it takes longer than all else here
        address = with_query(document_address(number), decided="yes")
        text = "Every attribute and setting, its levels, and the rules that did not decide"
        yield el("p", el("a", text, href=f"{address}#{_anchor(_DECIDED)}"))
        return
    yield from posted_parts(billpolicy.explain_posted(ledger, number))


def _who(shown: ShownDocument, written: Written) -> Iterator[Html]:
    made = [(shown.operation.audit, "made it")] if shown.operation else []
    every = [*made, *((audit, "changed it") for audit in shown.changed_by)]
    if every:
        columns = ("when", "who", "what", "operation", "why", "approved by", "request")
        yield table(columns, (_audit(audit, what, written) for audit, what in every))
    if shown.operation is None:
        yield el("p", "Nobody here made it: it was imported, or stands in a book.", class_="note")


def _audit(audit: Audit, what: str, written: Written) -> tuple[Html | str, ...]:
    return (
        written.moment(audit.at),
        named(audit.who),
        what,
        el("code", audit.operation),
        named(audit.why or ""),
        joined(map(named, audit.approved_by), ", "),
        el("code", audit.request) if audit.request else "",
    )


PAGE = Endpoint("GET", "/pages/documents/{number}", "One document, and all that hangs on it.", "read", _show)
