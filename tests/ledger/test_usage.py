"""Usage on a ledger: imported, recorded from a file, billed by slices, and held against the journal."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import billpolicy as api
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange import usage_file
from billpolicy.exchange.usage_file import UsageFile
from billpolicy.ledger import replay
from billpolicy.ledger.store import Ledger
from billpolicy.planning.request import Instruction
from billpolicy.posting.store import Store
from tests.helpers.books import book_from
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.ledgers import by_hand, dump, file_of, ledger_of, post, told, url_of, whole
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import refused
from tests.helpers.sample import NOW
from tests.helpers.scenes import operations, versions

TODAY = datetime.date(2026, 3, 1)
BOOK = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions:
- id: s1
  account: a
  start: 2026-01-01
  charges: [{id: calls, rate: 0.10, usage: true, included: 100}, {id: line, rate: 31.00, charged_through: 2026-03-01}]
- {id: s2, account: a, start: 2026-01-01, charges: [{id: calls, rate: 0.10, usage: true}]}
invoices:
- number: INV00000001
  account: a
  date: 2026-02-01
  currency: USD
  items: [{id: 1, amount: 2.00, subscription: s1, subscribed_charge: calls, service_start: 2026-01-01}]
usage:
- {id: old, subscription: s1, charge: calls, date: 2026-01-03, quantity: 120, billed_by: INV00000001, amount: 2.00}
- {id: new, subscription: s1, charge: calls, date: 2026-01-04, quantity: 5}
"""
RUN = "id: run\noperation: bill_run\ndate: 2026-03-01"
RECORD = """id: more
operation: record_usage
records:
- {id: m1, subscription: s1, charge: calls, date: 2026-02-10, quantity: 130}
- {id: m2, subscription: s2, charge: calls, date: 2026-02-10, quantity: 7.5}
"""


def recorded(id: str, first: str, second: str, day: str) -> str:
    """As `RECORD`, under other names and on another day."""
    text = RECORD
    for was, now in {"id: more": f"id: {id}", "m1": first, "m2": second, "02-10": day}.items():
        text = text.replace(was, now)
    return text


@pytest.fixture
def kept(empty_file: Path) -> Iterator[Ledger]:
    """A ledger with the book, before anything is posted."""
    with ledger_of(book_from(BOOK), empty_file) as ledger:
        yield ledger


def posted(ledger: Ledger, *texts: str) -> None:
    """Each operation posted; the ledger becomes what the whole book would, and stays whole."""
    for asked in operations(*texts):
        on_book = api.plan(versions(), whole(ledger), asked, today=TODAY)
        done = api.post(versions(), ledger, asked, who="ann", now=NOW, today=TODAY)
        assert replace(done.plan, basis={}) == replace(on_book, basis={})
        assert ledger.check() == []


def billed(ledger: Ledger) -> dict[str, tuple[str | None, str | None]]:
    found = sorted(whole(ledger).usage.items())
    return {id: (one.billed_by, None if one.amount is None else str(one.amount)) for id, one in found}


# -- importing -----------------------------------------------------------------------------------------------------


def test_a_book_with_usage_can_be_imported_again_also_when_it_was_billed(kept: Ledger) -> None:
    assert billed(kept) == {"new": (None, None), "old": ("INV00000001", "2.00")}
    posted(kept, RUN)
    # 125 of January less 100, 2.50, less the 2.00 that were billed.
    assert billed(kept)["new"] == ("INV00000002", "0.50")
    before = dump(kept)
    done = kept.import_book(book_from(BOOK))
    assert (done.added, done.known["usage_records"]) == ({}, 2)
    assert dump(kept) == before


@pytest.mark.parametrize(
    ("was", "now"),
    [("quantity: 5", "quantity: 6"), ("amount: 2.00}", "amount: 1.00}"), ("date: 2026-01-04", "date: 2026-01-05")],
)
def test_other_usage_under_the_same_id_is_refused(kept: Ledger, was: str, now: str) -> None:
    before = dump(kept)
    told = refused(lambda: kept.import_book(book_from(BOOK.replace(was, now))))
    assert [problem.code for problem in told.diagnostics] == ["import-differs"]
    assert dump(kept) == before


# -- billing by slices ---------------------------------------------------------------------------------------------


def test_a_bill_run_reads_what_was_billed_of_the_same_periods_and_no_more(kept: Ledger) -> None:
    posted(kept, RUN, RECORD)

    def read(*, unbilled: bool = False, billed: bool = False) -> set[str]:
        needs = Needs(subscriptions=frozenset({"s1"}), unbilled_usage=unbilled, billed_usage=billed)
        with kept.reading() as reader:
            return set(reader.book(needs).usage)

    assert read() == set()
    assert read(unbilled=True) == {"m1"}  # January is billed, and nothing of it is late
    posted(kept, recorded("late", "l1", "l2", "01-10"))
    assert read(unbilled=True) == {"m1", "l1", "old", "new"}
    assert read(billed=True) == {"new"}  # the newest invoice of the subscription bills it
    with kept.reading() as reader:
        book = reader.book(Needs(usage=frozenset({"m2", "nothing"}), usage_on=frozenset({"s2"})))
    assert (set(book.usage), set(book.subscriptions), set(book.numbered)) == ({"m2"}, {"s2"}, set())


def test_everything_that_becomes_of_usage_on_a_ledger(kept: Ledger) -> None:
    posted(kept, RECORD, RUN + "\nbill_as: draft")
    draft = "TMP-INV-00000001"
    assert billed(kept) == {
        "m1": (draft, "3.00"),
        "m2": (draft, "0.75"),
        "new": (draft, "0.50"),
        "old": ("INV00000001", "2.00"),
    }
    posted(kept, f"id: p\noperation: post_draft\ndraft: {draft}")
    assert {number for number, _ in billed(kept).values()} == {"INV00000001", "INV00000002"}
    posted(kept, "id: r\noperation: reverse_invoice\ninvoice: INV00000002\ndate: 2026-03-01")
    assert {id for id, one in billed(kept).items() if one == (None, None)} == {"m1", "m2", "new"}
    posted(kept, "id: run-2\noperation: bill_run\ndate: 2026-03-01\nbill_as: draft")
    posted(kept, "id: c\noperation: cancel_draft\ndraft: TMP-INV-00000002")
    posted(kept, "id: run-3\noperation: bill_run\ndate: 2026-03-01")
    assert billed(kept)["m1"] == ("INV00000003", "3.00")


def test_imported_usage_whose_document_is_reversed_is_billed_again(kept: Ledger) -> None:
    posted(kept, "id: r\noperation: reverse_invoice\ninvoice: INV00000001\ndate: 2026-03-01")
    assert billed(kept)["old"] == (None, None)
    posted(kept, RUN)
    assert billed(kept) == {"new": ("INV00000002", "0.50"), "old": ("INV00000002", "2.00")}


def test_one_transaction_bills_frees_and_bills_again(kept: Ledger) -> None:
    asked = operations(
        RECORD,
        RUN,
        "id: r\noperation: reverse_invoice\ninvoice: INV00000002\ndate: 2026-03-01",
        "id: again\noperation: bill_run\ndate: 2026-03-01",
    )
    outcomes = list(api.post_all(versions(), kept, asked, who="ann", atomic=True, now=lambda: NOW, today=TODAY))
    assert [outcome.problems for outcome in outcomes] == [()] * 4
    assert billed(kept)["m1"] == ("INV00000003", "3.00")
    assert kept.check() == []


def test_a_plan_is_posted_beside_other_usage_but_no_record_twice(kept: Ledger) -> None:
    run, record = (api.plan(versions(), kept, one, today=TODAY) for one in operations(RUN, RECORD))
    posted(kept, RECORD.replace("more", "other"))
    told = refused(lambda: post(kept, record, who="ann", now=NOW))
    assert [problem.code for problem in told.diagnostics] == ["plan-stale", "plan-stale"]
    post(kept, run, who="ann", now=NOW)
    assert billed(kept)["m1"] == (None, None)
    assert kept.check() == []


def test_a_plan_is_stale_where_its_usage_was_billed_since(kept: Ledger) -> None:
    run = api.plan(versions(), kept, operations(RUN)[0], today=TODAY)
    posted(kept, "id: other\noperation: bill_run\ndate: 2026-03-01\nsubscriptions: [s1]")
    told = refused(lambda: post(kept, run, who="ann", now=NOW))
    assert {problem.code for problem in told.diagnostics} == {"plan-stale"}


def test_a_new_rate_holds_for_what_is_recorded_under_the_old_charge_before_and_after(kept: Ledger) -> None:
    """s2 at 0.10; from 10 February on 0.20: 7.5 of the 10th are 1.50, 10 of the 20th 2.00."""
    dearer = (
        "id: dearer\noperation: change_subscribed_charge\nsubscription: s2\ncharge: calls\nrate: 0.20\nfrom: 2026-02-10"
    )
    later = recorded("later", "l1", "l2", "02-20").replace("7.5", "10")
    posted(kept, RECORD, dearer, later, RUN + "\nsubscriptions: [s2]")
    assert (billed(kept)["m2"], billed(kept)["l2"]) == (("INV00000002", "1.50"), ("INV00000002", "2.00"))
    posted(kept, "id: r\noperation: reverse_invoice\ninvoice: INV00000002\ndate: 2026-03-01")
    posted(kept, RUN.replace("id: run", "id: again"))
    assert billed(kept)["m2"] == ("INV00000003", "1.50")


@pytest.mark.parametrize("named", ["calls", "calls-2"])
def test_what_comes_late_costs_the_same_whichever_charge_of_those_that_continue_each_other_it_names(
    kept: Ledger, named: str
) -> None:
    """s1 has 100 a month included: 50 for 1 to 14 February, of which 130 were billed. One more costs 0.10."""
    dearer = "id: dearer\noperation: change_subscribed_charge\nsubscription: s1\ncharge: calls\nrate: 0.20"
    posted(kept, f"{dearer}\nfrom: 2026-02-15", RECORD, RUN + "\nsubscriptions: [s1]")
    assert billed(kept)["m1"] == ("INV00000002", "8.00")
    one = f"{{id: late, subscription: s1, charge: {named}, date: 2026-02-11, quantity: 1}}"
    posted(kept, f"id: late\noperation: record_usage\nrecords: [{one}]", RUN.replace("id: run", "id: again"))
    assert billed(kept)["late"] == ("INV00000003", "0.10")


def test_a_charge_that_is_ended_says_what_usage_it_leaves(kept: Ledger) -> None:
    posted(kept, RECORD)
    (asked,) = operations(
        "operation: end_subscribed_charge\nsubscription: s2\ncharge: calls\nuntil: 2026-02-10\ndate: 2026-02-10"
    )
    plan = api.plan(versions(), kept, asked, today=TODAY)
    assert [warning.code for warning in plan.warnings] == ["usage-after-end"]


DEARER = "id: dearer\noperation: change_subscribed_charge\nsubscription: s2\ncharge: calls\nrate: 0.30\nfrom: {}"
END = "id: end\noperation: end_subscribed_charge\nsubscription: s2\ncharge: calls\nuntil: {}"


def codes(ledger: Ledger, text: str) -> list[str]:
    """Why an operation is refused, on a slice as on the whole book; nothing where it is not."""
    (asked,) = operations(text)
    found: list[list[str]] = []
    for book in (ledger, whole(ledger)):
        try:
            api.plan(versions(), book, asked, today=TODAY)
            found.append([])
        except Refused as refusal:
            found.append([problem.code for problem in refusal.diagnostics])
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("change", [DEARER, END])
def test_a_usage_charge_does_not_change_from_a_day_on_of_which_usage_is_billed_or_from_one_before(
    kept: Ledger, change: str
) -> None:
    """Usage of 10 February is billed with its month; before it is, and from March on, the charge can change."""
    posted(kept, RECORD)
    assert codes(kept, change.format("2026-02-05")) == []
    posted(kept, RUN)
    for day in ("2026-01-15", "2026-02-05", "2026-02-15", "2026-02-28"):
        assert codes(kept, change.format(day)) == ["usage-billed"]
    assert codes(kept, change.format("2026-03-01")) == []


def test_of_charges_that_continue_each_other_what_is_billed_of_either_counts(kept: Ledger) -> None:
    """The first has the usage of 10 February, billed for the days until its end: the second can change from there."""
    posted(kept, RECORD, DEARER.format("2026-02-15"), RUN)
    again = DEARER.replace("dearer", "again").replace("charge: calls", "charge: calls-2").replace("0.30", "0.40")
    assert codes(kept, again.format("2026-02-20")) == []
    named_by_the_first = recorded("more-2", "m3", "m4", "02-21")
    posted(kept, named_by_the_first, RUN.replace("id: run", "id: run-2"))
    assert codes(kept, again.format("2026-02-20")) == ["usage-billed"]
    assert codes(kept, again.format("2026-03-01")) == []
    assert codes(kept, DEARER.format("2026-02-10").replace("id: dearer", "id: d2")) == ["usage-billed"]


def test_once_what_bills_usage_is_undone_what_was_billed_before_still_counts_also_in_one_batch(kept: Ledger) -> None:
    january = "id: january\noperation: bill_run\ndate: 2026-02-01\nsubscriptions: [s2]"
    posted(kept, recorded("first", "f1", "f2", "01-10"), january)
    posted(kept, RECORD, RUN + "\nsubscriptions: [s2]")
    undo = "id: undo\noperation: reverse_invoice\ninvoice: INV00000003\ndate: 2026-03-01"
    assert codes(kept, DEARER.format("2026-02-15")) == ["usage-billed"]
    for day, expected in (("2026-01-15", ["usage-billed"]), ("2026-02-15", [])):
        both = operations(undo, DEARER.format(day))
        outcomes = list(api.plan_all(versions(), kept, both, today=TODAY))
        assert [problem.code for problem in outcomes[1].problems] == expected


def test_a_bill_day_does_not_move_the_periods_of_billed_usage(kept: Ledger) -> None:
    """Moved, the included quantity would be given anew. From 2 February on it is March that begins with the old day."""
    bill_day = "id: day\noperation: change_subscription\nsubscription: s2\nbill_day: 15\nfrom: {}"
    posted(kept, RECORD)
    assert codes(kept, bill_day.format("2026-01-05")) == []
    posted(kept, RUN)
    for day in ("2026-01-05", "2026-02-01"):
        assert codes(kept, bill_day.format(day)) == ["bill-day-billed"]
    for day in ("2026-02-02", "2026-03-01"):
        assert codes(kept, bill_day.format(day)) == []


def test_a_subscription_is_created_with_a_usage_charge(kept: Ledger) -> None:
    create = (
        "id: {0}\noperation: create_subscription\nsubscription: {0}\naccount: a\nstart: 2026-02-01\ncharges:\n- {1}"
    )
    calls = "{id: calls, rate: 0.10, usage: true, "
    posted(kept, create.format("s3", calls + "included: 3}"))
    posted(kept, recorded("m", "n1", "n2", "02-10").replace("s2", "s3"), RUN + "\nsubscriptions: [s3]")
    assert billed(kept)["n2"] == ("INV00000002", "0.45")  # 7.5 - 3 = 4.5
    (asked,) = operations(create.format("s4", calls + "quantity: 3}"))
    told = refused(lambda: api.plan(versions(), kept, asked, today=TODAY))
    assert [problem.code for problem in told.diagnostics] == ["usage-charge-odd"]


def test_of_each_charge_the_first_unbilled_record_says_whether_anything_is_due(kept: Ledger) -> None:
    posted(kept, RECORD, recorded("later", "l1", "l2", "02-20"))
    with kept.reading() as reader:
        assert {one.id for one in reader.first_unbilled()} == {"new", "m2"}
    posted(kept, RUN)
    with kept.reading() as reader:
        assert list(reader.first_unbilled()) == []


# -- what a hand does to it ----------------------------------------------------------------------------------------

PLANTED = {
    "UPDATE usage SET billed_by = NULL, amount_minor = NULL WHERE id = 'm1'": {"usage-differs", "journal-differs"},
    "UPDATE usage SET billed_by = 'INV00000001' WHERE id = 'm1'": {"usage-differs", "journal-differs"},
    "UPDATE usage SET billed_by = 'INV00000002', amount_minor = 0 WHERE id = 'free'": {"journal-differs"},
    "UPDATE usage SET billed_by = 'INV00000002', amount_minor = 200 WHERE id = 'old'": {
        "usage-differs",
        "journal-differs",
    },
    "UPDATE usage SET amount_minor = amount_minor + 1 WHERE id = 'm1'": {"usage-differs", "journal-differs"},
    "UPDATE usage SET amount_minor = NULL WHERE id = 'm1'": {"usage-differs", "journal-differs"},
    "UPDATE usage SET quantity = '131' WHERE id = 'm1'": {"journal-differs"},
    "UPDATE usage SET date = '2026-02-11' WHERE id = 'm1'": {"journal-differs"},
    "UPDATE usage SET operation = NULL WHERE id = 'm1'": {"journal-differs"},
    "UPDATE usage SET operation = 'more' WHERE id = 'old'": {"operation-differs"},
    "UPDATE usage SET quantity = 'x' WHERE id = 'm1'": {"record-unreadable"},
    "UPDATE usage SET charge = 'line' WHERE id = 'new'": {"usage-differs"},
    "UPDATE subscribed_charges SET usage = 0 WHERE subscription = 's2'": {"usage-differs"},
    "DELETE FROM usage WHERE id = 'm1'": {"usage-differs", "operation-differs", "journal-differs"},
    "INSERT INTO usage (id, subscription, charge, date, quantity, operation) "
    "VALUES ('x', 's1', 'calls', '2026-02-01', '1', 'more')": {"operation-differs"},
}


@pytest.mark.parametrize("statement", PLANTED, ids=range(len(PLANTED)))
@pytest.mark.parametrize("at_once", [500, 1])
def test_what_was_changed_by_hand_is_found(
    kept: Ledger, statement: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "_AT_ONCE", at_once)
    posted(kept, RECORD, RUN, recorded("march", "free", "free-2", "03-10"))
    by_hand(kept, statement)
    found = told(kept)
    assert {problem.code for problem in found} == PLANTED[statement], "\n".join(map(str, found))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE usage SET quantity = '9'",
        "UPDATE usage SET billed_by = 'INV00000002' WHERE id = 'old'",
        "UPDATE usage SET billed_by = NULL WHERE id = 'old'",
        "UPDATE usage SET amount_minor = 1 WHERE id = 'new'",
        "DELETE FROM usage",
        "INSERT OR REPLACE INTO usage SELECT * FROM usage",
    ],
)
def test_guards_keep_it(kept: Ledger, statement: str) -> None:
    with closing(sqlite3.connect(file_of(kept))) as hand, pytest.raises(sqlite3.IntegrityError, match="guard: "):
        hand.execute(statement)


# -- a file of usage -----------------------------------------------------------------------------------------------

HEADER = "id,subscription,charge,date,quantity\n"
GOOD = HEADER + "f1,s1,calls,2026-02-01,3\nf2,s2,calls,2026-02-01,-0.5\nf3,s2,calls,2026-02-02,4\n"


def usage(ledger: Ledger, text: str, *more: str) -> Ran:
    file = file_of(ledger).with_name("usage.csv")
    file.write_text(text, encoding="utf-8")
    url = url_of(ledger)
    return billpolicy("ledger", "usage", url, file, "--policy", STANDARD, "--engine", "python", *more)


def test_a_file_is_recorded_and_the_same_file_twice_changes_nothing(kept: Ledger) -> None:
    ran = usage(kept, GOOD, "--actor", "ines")
    assert (ran.code, ran.out, ran.err) == (0, "recorded 3 usage records\n", "")
    book = whole(kept)
    assert {id: str(book.usage[id].quantity) for id in ("f1", "f2", "f3")} == {"f1": "3", "f2": "-0.5", "f3": "4"}
    assert kept.check() == []
    before = dump(kept)
    ran = usage(kept, GOOD)
    assert (ran.code, ran.out) == (0, "recorded 0 usage records; 3 recorded already\n")
    assert dump(kept) == before


def test_what_somebody_else_records_meanwhile_is_told_as_recorded_already(
    kept: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the same file is given twice at once: the other one comes first, after this one asked what is known."""
    monkeypatch.setattr(usage_file, "GROUP", 2)
    ask = api.usage_operations

    def overtaken(ledger: Store, file: UsageFile, actor: str | None = None) -> tuple[list[Instruction], int]:
        asked, known = ask(ledger, file, actor)
        assert all(one.posted for one in api.post_all(versions(), kept, asked[:1], who="bo", today=TODAY))
        return asked, known

    monkeypatch.setattr(api, "usage_operations", overtaken)
    ran = usage(kept, GOOD, "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "recorded 1 usage record; 2 recorded already\n")
    assert (told["recorded"], told["known"], told["not_recorded"]) == (1, 2, 0)


def test_a_file_that_has_grown_adds_what_is_new(kept: Ledger) -> None:
    usage(kept, GOOD)
    grown = "\ufeff" + GOOD.replace(HEADER, HEADER + "f0,s1,calls,2026-02-01,1\n\n")
    assert usage(kept, grown).out == "recorded 1 usage record; 3 recorded already\n"


def test_columns_come_in_any_order(kept: Ledger) -> None:
    assert usage(kept, 'quantity,id,date,"charge",subscription\n1,"f, 1",2026-02-01,calls,s1\n').code == 0
    assert "f, 1" in whole(kept).usage


def test_who_records_is_in_the_audit_trail(kept: Ledger) -> None:
    usage(kept, GOOD, "--actor", "ines")
    (operation,) = {one.operation for one in whole(kept).usage.values() if one.id.startswith("f")}
    assert operation is not None
    with kept.reading() as reader:
        shown = reader.operation(operation)
    assert shown is not None
    assert (shown.audit.who, shown.plan.actor) == ("ines", "ines")
    told = billpolicy("ledger", "show", url_of(kept), operation)
    assert "3 usage records of 2 subscriptions, 2026-02-01 to 2026-02-02" in told.out


FORM = {
    "": ("usage-file", 1, 1),
    "id,subscription\n": ("usage-file", 1, 1),
    HEADER.replace("charge", "charg") + "a,s1,calls,2026-02-01,1\n": ("usage-file", 1, 1),
    HEADER.replace("\n", ",note\n"): ("usage-file", 1, 1),
    HEADER.replace("\n", ",id\n"): ("usage-file", 1, 1),
    HEADER + "a,s1,calls,2026-02-01\n": ("usage-file", 2, 1),
    HEADER + "a,s1,calls,2026-02-01,1,2\n": ("usage-file", 2, 1),
    HEADER + 'a,"s1"x,calls,2026-02-01,1\n': ("usage-file", 2, 1),
    HEADER + "a,s1,calls,01.02.2026,1\n": ("value-wrong", 2, 12),
    HEADER + "a,s1,calls,2026-02-30,1\n": ("value-wrong", 2, 12),
    HEADER + "a,s1,calls,2026-02-01,1e3\n": ("value-wrong", 2, 23),
    HEADER + "a,,calls,2026-02-01,1\n": ("value-wrong", 2, 3),
    HEADER + 'a,s1,"calls\n",2026-02-01,1\nb,s1,calls,01.02.2026,1\n': ("value-wrong", 4, 12),
    HEADER.replace("\n", "\r\n") + "a,s1,calls,01.02.2026,1\r\n": ("value-wrong", 2, 12),
    HEADER + "\na,s1,calls,2026-02-01,1\nb,s1,calls,2026-02-01,1\na,s1,calls,2026-02-01,1\n": ("id-repeated", 5, 1),
}


@pytest.mark.parametrize("text", FORM, ids=range(len(FORM)))
def test_a_mistake_of_form_is_told_at_its_place_and_nothing_is_recorded(kept: Ledger, text: str) -> None:
    before = dump(kept)
    ran = usage(kept, text, "--format", "json")
    assert ran.code == 1
    told = json.loads(ran.out)["diagnostics"]
    assert FORM[text] in {(one["code"], one["position"]["line"], one["position"]["column"]) for one in told}
    assert all(one["hint"] for one in told if one["code"] != "value-wrong")
    assert dump(kept) == before


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\v", "\f", "\x1c"])
def test_a_mark_in_a_cell_that_ends_no_line_of_csv_is_told_in_its_cell(tmp_path: Path, mark: str) -> None:
    (tmp_path / "usage.csv").write_text(
        f"{HEADER}a{mark}b,s1,calls,2026-02-01,1\nc,s1,calls,never,1\n", encoding="utf-8"
    )
    told = refused(lambda: api.load_usage(tmp_path / "usage.csv")).diagnostics
    places = [(one.code, one.position.line, one.position.column) for one in told if one.position]
    assert places == [("value-wrong", 2, 1), ("value-wrong", 3, 12)]


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_than_a_comma_is_told_once(tmp_path: Path, mark: str, name: str) -> None:
    (tmp_path / "usage.csv").write_text(GOOD.replace(",", mark))
    (told,) = refused(lambda: api.load_usage(tmp_path / "usage.csv")).diagnostics
    assert told.message == f"the columns of this file are separated by {name}, and not by commas"
    assert told.hint == "separate the cells of every line by commas: id,subscription,charge,date,quantity"


_ROWS = ("f0,s1", "f1,s1", "f2,s1", "x,s9", "old,s1")
BAD = HEADER + "".join(f"{row},calls,2026-02-01,1\n" for row in _ROWS)


def test_rows_that_the_ledger_has_something_against_are_told_at_their_lines(
    kept: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_file, "GROUP", 2)
    ran = usage(kept, BAD)
    assert ran.code == 1
    assert "usage.csv:5:3: error: there is no subscription `s9` [subscription-unknown]" in ran.out
    assert "usage.csv:6:1: error: usage `old` is recorded already [usage-known]" in ran.out
    assert ran.out.endswith("recorded 2 usage records; 3 not recorded\n")
    assert {"f0", "f1"} <= set(whole(kept).usage)
    assert "f2" not in whole(kept).usage  # it stands in one operation with a row that is wrong
    mended = BAD.replace("s9", "s2").replace("old,s1,calls,2026-02-01,1\n", "")
    assert usage(kept, mended).out == "recorded 2 usage records; 2 recorded already\n"
    assert kept.check() == []


def test_all_of_it_or_nothing(kept: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_file, "GROUP", 2)
    before = dump(kept)
    ran = usage(kept, BAD, "--atomic", "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["recorded"], told["known"], told["not_recorded"]) == (1, 0, 0, 5)
    assert dump(kept) == before


def test_more_than_one_group_is_recorded_whole(kept: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_file, "GROUP", 3)
    rows = "".join(f"f{n},s{n % 2 + 1},calls,2026-02-{n % 28 + 1:02},{n}\n" for n in range(100))
    assert usage(kept, HEADER + rows).out == "recorded 100 usage records\n"
    assert len(whole(kept).usage) == 102
    assert kept.check() == []
    posted(kept, RUN)


def test_a_program_records_a_file_too(kept: Ledger, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(GOOD)
    file = api.load_usage(tmp_path / "usage.csv")
    asked, known = api.usage_operations(kept, file)
    assert (len(asked), known) == (1, 0)
    assert [one.posted is not None for one in api.post_all(versions(), kept, asked, who="ann", today=TODAY)] == [True]
    assert api.usage_operations(kept, file) == ([], 3)
    with pytest.raises(TypeError, match="load_usage"):
        api.usage_operations(kept, "usage.csv")  # type: ignore[arg-type]


def test_a_file_that_is_wrong_everywhere_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(HEADER + "a,s1,calls,never,1\n" * 5000)
    with pytest.raises(Refused) as told:
        api.load_usage(tmp_path / "usage.csv")
    assert told.value.diagnostics[-1].code == "value-wrong"
    assert "problems-more" in {problem.code for problem in told.value.diagnostics}


def test_books_of_two_slices_are_joined_with_their_usage() -> None:
    one, other = (Book().with_usage(book_from(BOOK).usage[id] for id in ids) for ids in (["old"], ["old", "new"]))
    changed = one.with_usage([replace(one.usage["old"], billed_by=None, amount=None)])
    joined = changed.joined(other)
    assert set(joined.usage) == {"old", "new"}
    assert joined.usage["old"].billed_by is None
    assert sorted(joined.usage_of["s1"]) == ["new", "old"]
