"""What a record holds on which day. The model of the properties goes through all that was given, day by day."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book import history
from billpolicy.book.load import book_of, quick_book
from billpolicy.book.model import Account, AccountingPeriod, Contact, Held, SubscribedCharge, Subscription
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.tree import parse_text
from tests.helpers.refusals import refused

DAY = datetime.date(2026, 3, 1)
ACME = Account(id="acme", currency="EUR", name="Acme", attributes={"payment_term": "Net 30"})
TERM = "attributes.payment_term"


def on(number: int) -> datetime.date:
    return datetime.date(2026, 3, number)


def term(value: str | None, since: datetime.date) -> Held:
    return Held(field=TERM, value=value, since=since, operation="op")


def held(record: Account, day: datetime.date) -> str | None:
    return history.on_day(record, day).attributes.get("payment_term")


# -- days ----------------------------------------------------------------------------------------------------------


def test_a_value_holds_from_its_first_day_on() -> None:
    record = history.given(ACME, term("Net 60", on(10)))
    assert [held(record, on(day)) for day in (9, 10, 11)] == ["Net 30", "Net 60", "Net 60"]
    assert record.attributes == {"payment_term": "Net 60"}


def test_of_one_day_the_value_that_came_last_counts() -> None:
    record = history.with_history(ACME, [term("Net 60", on(10)), term("Net 7", on(10))])
    assert held(record, on(10)) == "Net 7"


def test_a_back_dated_value_holds_until_the_one_that_holds_later() -> None:
    record = history.with_history(ACME, [term("Net 60", on(20)), term("Net 7", on(10))])
    assert [held(record, on(day)) for day in (9, 10, 19, 20)] == ["Net 30", "Net 7", "Net 7", "Net 60"]
    assert record.attributes == {"payment_term": "Net 60"}
    assert history.value_after(record, TERM, on(10)) == term("Net 60", on(20))


def test_a_value_that_is_cleared_is_none() -> None:
    record = history.given(ACME, term(None, on(10)))
    assert (held(record, on(9)), held(record, on(10))) == ("Net 30", None)
    assert record.attributes == {}


def test_a_yes_and_a_number_come_back_as_such() -> None:
    subscription = Subscription(id="s", account="acme")
    given_ = [
        Held(field="invoice_separately", value="true", since=on(5)),
        Held(field="bill_day", value="15", since=on(5)),
    ]
    record = history.with_history(subscription, given_)
    assert (record.invoice_separately, record.bill_day) == (True, 15)
    before = history.on_day(record, on(4))
    assert (before.invoice_separately, before.bill_day) == (False, None)
    assert history.values_in_turn(record, "bill_day") == [(None, None), (15, on(5))]


@pytest.mark.parametrize(
    ("record", "field", "first", "last"),
    [
        (AccountingPeriod(from_=DAY, until=on(31)), "status", "closed", "open"),
        (Subscription(id="s", account="a", term_end=on(1)), "term_end", "2027-03-01", "2028-03-01"),
        (
            Subscription(id="s", account="a", charges=(SubscribedCharge(id="c"),)),
            "charges.c.until",
            "2026-05-01",
            "2026-04-01",
        ),
    ],
)
def test_what_says_its_days_itself_is_what_came_last(
    record: AccountingPeriod | Subscription, field: str, first: str, last: str
) -> None:
    """Whoever posts on an earlier date takes back what was posted on a later one."""
    entries = [Held(field=field, value=first, since=on(20)), Held(field=field, value=last, since=on(10))]
    after = history.with_history(record, entries)
    assert history.value_of(after, field) == last
    assert history.value_of(history.on_day(after, on(25)), field) == last
    assert history.as_it_came(after) == record


def test_a_contact_is_retired_on_its_days() -> None:
    ann = history.given(Contact(id="ann", account="a"), Held(field="retired_on", value="2026-03-10", since=on(10)))
    back = history.given(ann, Held(field="retired_on", since=on(20)))
    assert [history.on_day(back, on(day)).retired_on for day in (9, 10, 20)] == [None, on(10), None]


# -- properties ----------------------------------------------------------------------------------------------------

FIELDS = ("name", "country", TERM, "custom.segment")
GIVEN = st.lists(
    st.builds(
        Held,
        field=st.sampled_from(FIELDS),
        value=st.sampled_from([None, "x", "y", "z"]),
        since=st.integers(1, 9).map(on),
        operation=st.sampled_from(["op-1", "op-2"]),
    ),
    max_size=8,
)
CREATED_BY = st.sampled_from([None, "op-0"])


@given(GIVEN, st.integers(1, 10).map(on))
def test_a_record_holds_what_the_last_of_all_that_was_given_says(entries: list[Held], day: datetime.date) -> None:
    record = history.with_history(ACME, entries)
    for field in FIELDS:
        value = history.value_of(ACME, field)
        for since in map(on, range(1, day.day + 1)):
            for one in entries:
                if (one.field, one.since) == (field, since):
                    value = one.value
        assert history.value_on(record, field, day) == value
        assert history.value_of(history.on_day(record, day), field) == value
    assert history.on_day(record, on(31)) == record


@given(GIVEN, CREATED_BY)
def test_what_came_and_what_was_given_since_make_the_record(entries: list[Held], created_by: str | None) -> None:
    came = replace(ACME, created_by=created_by)
    record = history.with_history(came, entries)
    assert history.as_it_came(record) == came
    assert list(history.given_since(record)) == entries
    assert history.with_history(history.as_it_came(record), history.given_since(record)) == record


# -- in a book -----------------------------------------------------------------------------------------------------

BOOK = """
accounts: [{{id: acme, currency: EUR, country: DE, history: [{account}]}}]
contacts: [{{id: ann, account: acme, history: [{contact}]}}]
subscriptions:
- {{id: s, account: acme, bill_day: 15, charges: [{{id: c, until: 2026-05-01{charge}}}], history: [{subscription}]}}
accounting_periods: [{{from: 2026-01-01, until: 2026-02-01, history: [{period}]}}]
"""


def written(**said: str) -> str:
    return BOOK.format(**{"account": "", "contact": "", "subscription": "", "period": "", "charge": "", **said})


FROM = "since: 2026-03-01"
WRONG = {
    ("account", "{field: colour}"): "history-field",
    ("account", "{field: id}"): "history-field",
    ("contact", "{field: attributes.payment_term}"): "history-field",
    ("subscription", "{field: charges.c.rate}"): "history-field",
    ("subscription", "{field: charges.d.until}"): "history-field",
    ("subscription", "{field: bill_day, value: x}"): "history-value",
    ("subscription", "{field: invoice_separately, value: maybe}"): "history-value",
    ("subscription", "{field: charges.c.until, value: May}"): "history-value",
    ("account", "{field: currency, value: euro}"): "history-value",
    ("account", "{field: currency}"): "history-value",
    ("period", "{field: status, value: shut}"): "history-value",
    ("account", f"{{field: country, value: DE, {FROM}}}"): "history-first",
    ("account", "{field: country, value: AT}, {field: country, value: DE}"): "history-first",
    ("account", f"{{field: country, value: DE}}, {{field: country, value: AT, {FROM}}}"): "history-differs",
    ("subscription", '{field: bill_day, value: "1"}'): "history-differs",
    ("charge", ", continues: d"): "reference-unknown",
}
RIGHT = {
    "account": f"{{field: country}}, {{field: country, value: DE, {FROM}}}",
    "contact": f"{{field: retired_on}}, {{field: retired_on, value: 2026-03-01, {FROM}}}, "
    "{field: retired_on, since: 2026-04-01}",
    "subscription": f"{{field: bill_day}}, {{field: charges.c.until}}, {{field: bill_day, value: 15, {FROM}}}, "
    f"{{field: charges.c.until, value: 2026-05-01, {FROM}}}",
    "period": f"{{field: status, value: closed}}, {{field: status, value: open, {FROM}}}",
}


@pytest.mark.parametrize(("where", "text"), WRONG)
def test_a_history_that_cannot_be_is_told_at_its_line(where: str, text: str) -> None:
    book = written(**{where: text})
    with pytest.raises(Unsure):
        quick_book(book, "book.yaml")
    (problem,) = refused(lambda: book_of(parse_text(book, "book.yaml"))).diagnostics
    assert problem.code == WRONG[where, text]
    assert problem.position is not None
    assert problem.position.line == {"account": 2, "contact": 3, "subscription": 5, "charge": 5, "period": 6}[where]


def test_a_history_that_can_be() -> None:
    book = written(**RIGHT)
    assert quick_book(book, "book.yaml") == book_of(parse_text(book, "book.yaml"))
