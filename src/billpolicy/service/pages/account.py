"""One account: who it is, how it stands and has stood, what waits, and every document of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import billpolicy
from billpolicy import ShownAccount
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.changes import given_text
from billpolicy.report.history_text import on_record_text
from billpolicy.report.html.charts.aging import aging_charts
from billpolicy.report.html.charts.balance import balance_charts_of
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import listed, section, table, terms
from billpolicy.report.standing import account_standings, is_open
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.naming import found
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.accounts import AMOUNTS, standing_cells
from billpolicy.service.pages.kinds import kind_words, open_words
from billpolicy.service.pages.links import account_address, document_link, named, plan_links, with_query
from billpolicy.service.pages.locale import money_page
from billpolicy.service.pages.waiting import waiting_links, waits_for
from billpolicy.service.pages.written import Written, written_for
from billpolicy.source.today import today

if TYPE_CHECKING:
    from billpolicy.book.model import Account, Contact, Numbered, Subscription

_AT_ONCE = 50
"""Documents that are listed on one page, the newest first."""
_WAYS = {"": "All", "open": "With something open"}


def _show(asked: Asked) -> Answer:
    id, day = asked.path["id"], asked.today or today()
    on = asked.serving.on
    with found():
        shown = billpolicy.account(on, id)
        book = billpolicy.account_book(on, id)
    aging = billpolicy.accounting_report(book, "aging", account=id, as_of=day)
    written, waits = written_for(asked), waits_for(asked, shown)
    parts = {
        "How it stands": [
            _standing(shown, asked, written),
            el("div", aging_charts(aging, day, written), class_="charts"),
        ],
        "What waits for approvals": [waiting_links(waits)] if waits else [],
        "Documents": _documents(asked, shown, written),
        "Subscriptions": _subscriptions(shown, written),
        "What it owed, day by day": [el("div", balance_charts_of(book, id, day, written), class_="charts")],
        "Values from a day on": [listed(_given(shown))],
    }
    told = ((title, [one for one in content if one]) for title, content in parts.items())
    body = (section(2, title, content, _anchor(title), class_="figures") for title, content in told if content)
    return money_page(asked, f"Account {id}", _lead(shown), _who(shown, written), *body, styles=["charts.css"])


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-").replace(",", "")


def _lead(shown: ShownAccount) -> Html:
    name = (named(shown.account.name),) if shown.account.name else ()
    links = plan_links("account", shown.account.id)
    return joined((el("p", *name, class_="lead") if name else "", links))


def _who(shown: ShownAccount, written: Written) -> Html:
    one = shown.account
    about = {
        "currency": one.currency,
        "country": ", ".join(filter(None, (one.country, one.region))),
        "contacts": joined(el("div", _contact(each, written)) for each in shown.contacts),
        **{key.replace("_", " "): named(str(value)) for key, value in sorted(one.attributes.items()) if value},
        **{key.replace("_", " "): named(str(value)) for key, value in sorted(one.custom.items()) if value},
        "created by": el("code", one.created_by) if one.created_by else "",
    }
    return el("div", terms(about), class_="card about")


def _contact(one: Contact, written: Written) -> Html:
    told = [named(one.name or ""), el("code", one.id), one.country or "", named(one.email or "")]
    gone = (", retired on ", written.day(one.retired_on)) if one.retired_on else ()
    return joined((joined(filter(None, told), " "), *gone))


def _standing(shown: ShownAccount, asked: Asked, written: Written) -> Html:
    standings = account_standings(shown, asked.today or today())
    if not standings:
        return el("p", "It has no documents.")
    rows = ((one.currency, *standing_cells([one], written)) for one in standings)
    return table(("currency", *AMOUNTS), rows, numbers=AMOUNTS)


def _documents(asked: Asked, shown: ShownAccount, written: Written) -> Iterator[Html]:
    way = "open" if asked.query.get("show") == "open" else ""
    documents = [one for one in reversed(shown.documents) if not way or is_open(shown, one)]
    pages = max(1, -(-len(documents) // _AT_ONCE))
    page = min(_page(asked.query.get("page", "")), pages)
    here = account_address(shown.account.id)
    links = (
        el(
            "li",
            el("a", text, href=with_query(here, show=one) + "#documents", aria_current="page" if one == way else None),
        )
        for one, text in _WAYS.items()
    )
    if not shown.documents:
        return
    yield el("nav", el("ul", *links), class_="ways", aria_label="Which documents")
    first = (page - 1) * _AT_ONCE
    count = counted(len(documents), "document")
    if pages > 1:
        count += f", {first + 1:,} to {min(first + _AT_ONCE, len(documents)):,} of them here, the newest first"
    yield el("p", count, class_="soft")
    yield _listed(shown, documents[first : first + _AT_ONCE], written)
    if pages > 1:
        yield _pages(here, way, page, pages)


def _page(said: str) -> int:
    return max(1, int(said)) if said.isascii() and said.isdigit() and len(said) < 7 else 1


def _listed(shown: ShownAccount, documents: Sequence[Numbered], written: Written) -> Html:
    rows = (
        (
            document_link(one.number),
            kind_words(one),
            written.day(one.date),
            written.day(getattr(one, "due_date", None)),
            written.amount(one.amount, one.currency),
            _left(shown, one, written),
        )
        for one in documents
    )
    columns = ("number", "what", "date", "due", "amount", "open or unapplied")
    return table(columns, rows, numbers=columns[4:]) if documents else el("p", "None.")


def _left(shown: ShownAccount, one: Numbered, written: Written) -> Html:
    if open_words(one) is None:
        return Html("")
    left = shown.balances[one.number]
    told = written.amount(left, one.currency)
    return told if left else el("span", told, class_="soft")


def _pages(here: str, way: str, page: int, pages: int) -> Html:
    def link(to: int, text: str, rel: str) -> Html:
        return el("li", el("a", text, href=with_query(here, show=way, page=str(to)) + "#documents", rel=rel))

    links = [link(page - 1, "Newer documents", "prev")] if page > 1 else []
    links += [link(page + 1, "Older documents", "next")] if page < pages else []
    return el("nav", el("ul", *links), class_="pages", aria_label="More documents")


def _subscriptions(shown: ShownAccount, written: Written) -> Iterator[Html]:
    rows = (
        (
            named(one.id),
            named(one.plan or ""),
            written.day(one.start),
            written.day(one.canceled_on or one.term_end),
            joined(el("div", named(charge.id)) for charge in one.charges),
            _held(one.attributes),
        )
        for one in shown.subscriptions
    )
    if shown.subscriptions:
        columns = ("subscription", "plan", "from", "no service from", "charges", "its own values")
        yield table(columns, rows)
    yield listed(on_record_text(shown.charge_periods))


def _held(attributes: Mapping[str, str | None]) -> Html:
    told = (el("div", el("code", key), " ", named(value)) for key, value in sorted(attributes.items()) if value)
    return joined(told)


def _given(shown: ShownAccount) -> Iterator[Html]:
    """What it, its contacts and its subscriptions were given from a day on."""
    records: tuple[Account | Contact | Subscription, ...] = (shown.account, *shown.contacts, *shown.subscriptions)
    for one in records:
        yield from map(said, given_text(one))


PAGE = Endpoint("GET", "/pages/accounts/{id}", "One account, with its documents.", "read", _show)
