"""One account: who it is, what it owes, since when, and every document of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import billpolicy
from billpolicy import ShownAccount
from billpolicy.report.html.charts.aging import aging_charts
from billpolicy.report.html.charts.balance import balance_charts_of
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, section, table, terms
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.accounts import document_path, overdue
from billpolicy.service.pages.frame import framed
from billpolicy.service.pages.kinds import kind_words
from billpolicy.service.pages.written import Written
from billpolicy.source.today import today

_ALL = 500
"""Documents that are listed at once, the newest first."""


def _show(asked: Asked) -> Answer:
    id, day = asked.path["id"], today()
    with asked.serving.documents() as on:
        shown = billpolicy.account(on, id)
        book = billpolicy.account_book(on, id)
    aging = billpolicy.accounting_report(book, "aging", account=id, as_of=day)
    written = Written(asked)
    body = joined(
        (
            _who(shown, written),
            section(2, "What it owes", [_money(shown, overdue(shown, day), written), aging_charts(aging, day)], "owes"),
            section(2, "How that came about", [balance_charts_of(book, id, day)], "balance"),
            section(2, "Documents", _documents(shown, written), "documents"),
            section(2, "Subscriptions", [_subscriptions(shown, written)], "subscribed") if shown.subscriptions else "",
        ),
        LINE,
    )
    title = f"{shown.account.name} ({id})" if shown.account.name else id
    return framed(asked, title, body, styles=["charts.css"], wide=True)


def _who(shown: ShownAccount, written: Written) -> Html:
    one = shown.account
    contacts = (
        joined((el("bdi", contact.name or contact.id), *((" ", el("code", contact.id)) if contact.name else ())))
        for contact in shown.contacts
    )
    about = {
        "currency": one.currency,
        "country": one.country or "",
        "region": one.region or "",
        **{key: el("bdi", str(value)) for key, value in sorted(one.attributes.items())},
        **{key: el("bdi", str(value)) for key, value in sorted(one.custom.items())},
        "contacts": joined(contacts, ", "),
        "created by": one.created_by or "",
    }
    return el("div", terms(about), class_="card about")


def _money(shown: ShownAccount, due: Mapping[str, Decimal], written: Written) -> Html:
    def told(amounts: Mapping[str, Decimal], currency: str) -> Html:
        found = amounts.get(currency)
        return Html("") if found is None else written.amount(found)

    currencies = sorted({*shown.open, *shown.unapplied, *shown.credit})
    rows = [
        (
            currency,
            told(shown.open, currency),
            told(due, currency),
            told(shown.unapplied, currency),
            told(shown.credit, currency),
        )
        for currency in currencies
    ]
    columns = ("currency", "owed", "of it overdue", "unapplied", "credit balance")
    return table(columns, rows, numbers=columns[1:]) if rows else el("p", "It has no documents.")


def _documents(shown: ShownAccount, written: Written) -> Iterator[Html]:
    newest = shown.documents[::-1]
    if len(newest) > _ALL:
        yield el("p", f"The newest {_ALL} of {len(newest):,}.", class_="soft")
    columns = ("number", "what", "date", "due", "amount", "open or unapplied", "currency")
    rows = (
        (
            el("a", el("bdi", one.number), href=document_path(one.number)),
            kind_words(one),
            written.day(one.date),
            written.day(getattr(one, "due_date", None)),
            written.amount(one.amount),
            written.amount(shown.balances[one.number]) if shown.balances[one.number] else "",
            one.currency,
        )
        for one in newest[:_ALL]
    )
    yield table(columns, rows, numbers=("amount", "open or unapplied")) if newest else el("p", "None.")


def _subscriptions(shown: ShownAccount, written: Written) -> Html:
    rows = (
        (
            el("bdi", one.id),
            written.day(one.start),
            written.day(one.canceled_on or one.term_end),
            ", ".join(charge.id for charge in one.charges),
        )
        for one in shown.subscriptions
    )
    return table(("subscription", "from", "until", "charges"), rows)


PAGE = Endpoint("GET", "/pages/accounts/{id}", "One account, with its documents.", "read", _show)
