"""One document: what is on it and open of it, where its money went or came from, how it was decided, and who did it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import billpolicy
from billpolicy import Audit, ShownDocument
from billpolicy.report.html.charts.allocation import allocation_chart, allocation_of
from billpolicy.report.html.explain import posted_parts
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE, section, table, terms
from billpolicy.report.in_effect import in_effect
from billpolicy.report.texts import origin
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.accounts import account_path, document_links, document_path
from billpolicy.service.pages.frame import framed
from billpolicy.service.pages.history import history_path
from billpolicy.service.pages.kinds import kind_words
from billpolicy.service.pages.written import Written

if TYPE_CHECKING:
    from billpolicy.book.model import Application


def _show(asked: Asked) -> Answer:
    number, written = asked.path["number"], Written(asked)
    with asked.serving.documents() as on:
        shown = billpolicy.document(on, number)
        book = billpolicy.account_book(on, shown.document.account)
        ledger = asked.serving.ledger
        posted = None if ledger is None or shown.operation is None else billpolicy.explain_posted(ledger, number)
    spread = allocation_of(book, number) if shown.applications_from else None
    parts: dict[str, Iterable[Html]] = {
        "What is on it": _items(shown, written),
        "Where its money went": (
            *([allocation_chart(spread)] if spread is not None and len(spread.shares) > 1 else ()),
            *_applied(shown, written),
        ),
        "What it inherits": [] if posted is not None else _inherited(shown),
        "How it was decided": [] if posted is None else posted_parts(posted),
        "What was made from it": [document_links(one.number for one in (*shown.created, *shown.refunds))],
        "Who did it": _who(shown, written),
    }
    told = ((title, [*filter(None, each)]) for title, each in parts.items())
    body = joined((_about(shown, written), *(section(2, title, each) for title, each in told if each)), LINE)
    title = f"{kind_words(shown.document).capitalize()} {number}"
    return framed(asked, title, body, styles=["charts.css", "explain.css"])


def _about(shown: ShownDocument, written: Written) -> Html:
    one = shown.document
    left = {"invoice": "open", "debit_memo": "open", "credit_memo": "unapplied", "payment": "unapplied"}.get(one.kind)
    about = {
        "account": el("a", el("bdi", one.account), href=account_path(one.account)),
        "date": written.day(one.date),
        "due": written.day(getattr(one, "due_date", None)),
        "amount": written.amount(one.amount, one.currency),
        **({left: written.amount(shown.balance, one.currency)} if left else {}),
        "reason": getattr(one, "reason", None) or "",
        "comment": el("bdi", comment) if (comment := getattr(one, "comment", None)) else "",
        "made from": document_links([source] if (source := getattr(one, "source", None)) else []),
    }
    return el("div", terms(about), class_="card about")


def _items(shown: ShownDocument, written: Written) -> Iterator[Html]:
    items = getattr(shown.document, "items", ())
    if not items:
        return
    open_ = {(place.item, place.tax): place.open for place in shown.open_places}
    rows = (
        (
            el("a", el("bdi", item.id), href=history_path(f"{shown.document.number}/{item.id}")),
            el("bdi", item.name or ""),
            written.days(item.service_start, item.service_end),
            written.amount(item.amount),
            joined((joined((written.amount(tax.amount), " ", tax.name or "tax")) for tax in item.taxes), Html("<br>")),
            written.amount(left) if (left := open_.get((item.id, None))) is not None else "",
        )
        for item in items
    )
    columns = ("item", "what", "days", "amount", "taxes", "open")
    yield table(columns, rows, numbers=("amount", "taxes", "open"))
    yield el("p", el("a", "What became of its lines", href=history_path(shown.document.number)))


def _applied(shown: ShownDocument, written: Written) -> Iterator[Html]:
    rows = [
        (
            joined((f"{verb} ", el("a", el("bdi", other), href=document_path(other)))),
            shown.kinds[other].replace("_", " "),
            written.day(made.date),
            written.amount(abs(made.amount), shown.document.currency),
        )
        for made, other, verb in _sides(shown)
    ]
    if rows:
        yield table(("money", "what that is", "date", "amount"), rows, numbers=("amount",))


def _sides(shown: ShownDocument) -> Iterator[tuple[Application, str, str]]:
    for made in shown.applications_from:
        yield made, made.to, "back from" if made.amount < 0 else "on"
    for made in shown.applications_to:
        yield made, made.from_, "back to" if made.amount < 0 else "from"


def _inherited(shown: ShownDocument) -> Iterator[Html]:
    rows = [
        (
            el("code", one.key),
            el("bdi", one.value or "none"),
            said(origin(one.label or "", one.since, one.given_by)) if one.label else "it was imported",
            el("code", one.rule) if one.rule else "",
        )
        for one in in_effect(shown)
    ]
    if rows:
        yield table(("attribute", "value", "from", "by rule"), rows)


def _who(shown: ShownDocument, written: Written) -> Iterator[Html]:
    if shown.operation is None and not shown.changed_by:
        yield el("p", "It was imported, or stands in a book: no operation of this ledger has made or changed it.")
        return
    made: Sequence[tuple[Audit, str]] = [(shown.operation.audit, "made it")] if shown.operation else []
    rows = (
        (
            written.moment(audit.at),
            el("bdi", audit.who),
            what,
            el("code", audit.operation),
            el("bdi", audit.why or ""),
            ", ".join(audit.approved_by),
            el("code", audit.request) if audit.request else "",
        )
        for audit, what in (*made, *((audit, "changed it") for audit in shown.changed_by))
    )
    yield table(("when", "who", "what", "operation", "why", "approved by", "request"), rows)


PAGE = Endpoint("GET", "/pages/documents/{number}", "One document, and all that hangs on it.", "read", _show)
