"""Accounts, found by what they or their contacts are called, with what each owes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from decimal import Decimal
from urllib.parse import quote, urlencode

import billpolicy
from billpolicy import ShownAccount
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, table
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.pages.forms import buttons, press, text_field
from billpolicy.service.pages.frame import framed, is_for_part, part
from billpolicy.service.pages.written import Written
from billpolicy.source.today import today

_AT_ONCE = 50


def _show(asked: Asked) -> Answer:
    called, after = asked.query.get("called", ""), asked.query.get("after", "")
    with asked.serving.documents() as on:
        found = billpolicy.accounts(on, after=after, most=_AT_ONCE + 1, called=called)
    listed = el("div", *_listed(asked, found, called, after), id="accounts")
    if is_for_part(asked):
        return part(listed)
    search = el(
        "form",
        text_field(
            "called",
            "Find",
            called,
            type="search",
            help="an id or a name, or that of a contact, or a part of one",
            hx_get="/pages/accounts",
            hx_trigger="input changed delay:300ms",
            hx_target="#accounts",
            hx_swap="outerHTML",
        ),
        buttons(press("Find")),
        method="get",
        action="/pages/accounts",
        role="search",
        aria_label="Accounts",
        class_="fields",
    )
    return framed(asked, "Accounts", joined((search, listed), LINE))


def _listed(asked: Asked, found: list[ShownAccount], called: str, after: str) -> Iterator[Html]:
    if not found:
        what = f"No account is called so: {called}" if called else "There are no more accounts." if after else "None."
        yield el("p", what, data_say=what)
        return
    written, shown = Written(asked), found[:_AT_ONCE]
    count = f"{len(shown)} accounts" if len(shown) != 1 else "One account"
    yield el("p", f"{count}{', and there are more' if len(found) > len(shown) else ''}.", class_="soft", data_say=count)
    columns = ("account", "name", "country", "owes", "of it overdue", "unapplied", "credit balance")
    rows = (
        (
            el("a", el("bdi", one.account.id), href=account_path(one.account.id)),
            el("bdi", one.account.name or ""),
            one.account.country or "",
            written.amounts(one.open),
            written.amounts(overdue(one, today())),
            written.amounts(one.unapplied),
            written.amounts(one.credit),
        )
        for one in shown
    )
    yield el("section", table(columns, rows, numbers=columns[3:]), aria_label="Accounts")
    if len(found) > len(shown):
        more = urlencode({"called": called, "after": shown[-1].account.id})
        yield el("p", el("a", f"The next {_AT_ONCE}", href=f"/pages/accounts?{more}", rel="next"))


def overdue(shown: ShownAccount, day: datetime.date) -> dict[str, Decimal]:
    """Currency -> what is open of its invoices and debit memos that were due before a day."""
    found: dict[str, Decimal] = {}
    for document in shown.documents:
        due = getattr(document, "due_date", None)
        left = shown.balances[document.number]
        is_posted = document.status == "posted" and not getattr(document, "reversed_", False)
        if document.kind in ("invoice", "debit_memo") and due is not None and due < day and left > 0 and is_posted:
            found[document.currency] = found.get(document.currency, Decimal(0)) + left
    return found


def account_path(id: str) -> str:
    """Where an account is shown."""
    return f"/pages/accounts/{quote(id, safe='')}"


def document_path(number: str) -> str:
    """Where a document is shown."""
    return f"/pages/documents/{quote(number, safe='')}"


def document_links(numbers: Iterable[str]) -> Html:
    """Documents, each a link."""
    return joined((el("a", el("bdi", one), href=document_path(one)) for one in numbers), ", ")


PAGE = Endpoint("GET", "/pages/accounts", "Accounts, and what each owes.", "read", _show)
