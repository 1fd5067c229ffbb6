"""Accounts by what they are called, and how each stands in each currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import billpolicy
from billpolicy import ShownAccount
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, table
from billpolicy.report.standing import Standing, account_standings, added_up
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.forms import press, text_field
from billpolicy.service.pages.frame import is_for_part, part
from billpolicy.service.pages.links import account_link, named, with_query
from billpolicy.service.pages.locale import money_page
from billpolicy.service.pages.written import Written, written_for
from billpolicy.source.today import today

ADDRESS = "/pages/accounts"
_MOST = 50
_LONGEST = 200
"""Letters of what is searched for; no name is longer."""
AMOUNTS = ("open", "overdue", "unapplied", "credit balance")


def _show(asked: Asked) -> Answer:
    called, after = asked.query.get("called", "").strip()[:_LONGEST], asked.query.get("after", "")
    found = _found(asked, called, after)
    if is_for_part(asked):
        return part(found)
    search = text_field(
        "called",
        "Name, id or contact",
        called,
        type="search",
        size=40,
        maxlength=_LONGEST,
        autocomplete="off",
        hx_get=ADDRESS,
        hx_trigger="input changed delay:250ms, search",
        hx_target="#found",
        hx_swap="outerHTML",
        hx_sync="this:replace",
        hx_indicator="#searching",
    )
    waits = el("span", "One moment …", id="searching", class_="htmx-indicator")
    form = el("form", search, press("Search"), waits, action=ADDRESS, class_="fields", role="search")
    return money_page(asked, "Accounts", form, found)


def _found(asked: Asked, called: str, after: str) -> Html:
    found = billpolicy.accounts(asked.serving.on, after=after, most=_MOST + 1, called=called)
    day, written = asked.today or today(), written_for(asked)
    shown, more = found[:_MOST], len(found) > _MOST
    if not shown:
        says = f"No account is called “{called}”." if called else "There are no accounts."
        says = "These were all." if after and not called else says
        return el("div", el("p", says, data_say=says), _pages(called, after, ""), id="found")
    standings = [account_standings(one, day) for one in shown]
    rows = [_row(one, each, written) for one, each in zip(shown, standings, strict=True)]
    count = counted(len(shown), "account")
    if more or after:
        count += f", {shown[0].account.id} to {shown[-1].account.id}" + (", and more behind" if more else "")
    listed = el(
        "section",
        el("h2", "Found" if called else "All accounts"),
        el("p", count, class_="soft", data_say=count),
        table(("account", "name", *AMOUNTS), rows, numbers=AMOUNTS),
        class_="figures",
    )
    of_all = [one for each in standings for one in each]
    next_ = shown[-1].account.id if more else ""
    return el("div", joined((listed, _pages(called, after, next_), _totals(of_all, written)), LINE), id="found")


def _row(shown: ShownAccount, standings: Sequence[Standing], written: Written) -> tuple[Html, ...]:
    account = shown.account
    return (account_link(account.id), named(account.name or ""), *standing_cells(standings, written))


def standing_cells(standings: Sequence[Standing], written: Written) -> Iterable[Html]:
    """A cell for each of `AMOUNTS`, and in each a line for each currency."""
    columns: tuple[Callable[[Standing], Decimal | None], ...] = (
        lambda one: one.open,
        _overdue,
        lambda one: one.unapplied,
        lambda one: one.credit,
    )
    for column in columns:
        told = (
            (_amount(column(one), one.currency, written), column is _overdue and bool(one.overdue)) for one in standings
        )
        yield joined(el("div", amount, class_="overdue" if is_late else None) for amount, is_late in told)


def _overdue(one: Standing) -> Decimal | None:
    return one.overdue


def _amount(amount: Decimal | None, currency: str, written: Written) -> Html:
    """An amount; of none a dash, of zero one that is soft."""
    if amount is None:
        return el("span", "–", class_="soft")
    told = written.amount(amount, currency)
    return told if amount else el("span", told, class_="soft")


def _totals(standings: Iterable[Standing], written: Written) -> Html:
    """Currency by currency: nothing is added up across two."""
    sums = added_up(standings)
    if not sums:
        return Html("")
    rows = ((one.currency, *standing_cells([one], written)) for one in sums)
    made = table(("currency", *AMOUNTS), rows, numbers=AMOUNTS)
    return el("section", el("h2", "These accounts together"), made, class_="figures")


def _pages(called: str, after: str, next_: str) -> Html:
    links = []
    if after:
        links.append(el("a", "First accounts", href=with_query(ADDRESS, called=called)))
    if next_:
        links.append(
            el("a", f"Next {_MOST} accounts", href=with_query(ADDRESS, called=called, after=next_), rel="next")
        )
    return (
        el("nav", el("ul", *(el("li", one) for one in links)), aria_label="More accounts", class_="pages")
        if links
        else Html("")
    )


PAGE = Endpoint("GET", ADDRESS, "Accounts by what they are called, and how each stands.", "read", _show)
