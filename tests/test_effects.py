"""What `explain` shows of the two options of a correction: charge and period side by side, before anything happens.

Lines are billed at 100.00 and 20.00 of tax; VAT is a fifth of each.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from jsonschema import Draft7Validator

import billpolicy as api
from billpolicy.ledger.store import create_ledger
from billpolicy.report.effect_text import effect_markdown, effect_text
from billpolicy.source.write import plain_data
from tests.helpers.billed import billed, invoice, line
from tests.helpers.books import book_from
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.scenes import TODAY, operations, versions

REBILL = "operation: credit_rebill\ndate: 2026-04-10\ninvoice: I1\n"
LOWER = REBILL + "correct: [{line: '1', rate: 80.00}]\n"
ONLY = "operation: credit_only\ndate: 2026-04-10\ninvoice: I1\n"
MONTHS = (("I1", "jan"), ("I2", "feb"), ("I3", "mar"), ("I4", "apr"))
FOUR = billed(*(invoice(number, month, line("seats", "100.00", month)) for number, month in MONTHS)).replace(
    "charged_through: 2026-04-01", "charged_through: 2026-05-01"
)
EXCLUDED = """
charge_periods:
- {id: s/seats/2026-02-01, subscription: s, charge: seats, from: 2026-02-01, until: 2026-03-01, currency: EUR,
   status: excluded_zero_amount, quantity: 1, rate: 0.00, amount: 0.00}
"""


def effects(book: str, *texts: str, policy: str = "") -> list[api.Effect | None]:
    found = api.plan_all(versions(policy), book_from(book), operations(*texts), today=TODAY, instead=True)
    return [api.effect(outcome) for outcome in found]


def effect(book: str, text: str, policy: str = "") -> api.Effect:
    (found,) = effects(book, text, policy=policy)
    assert found is not None
    return found


def lines(found: api.Effect) -> dict[str, tuple[Any, Any]]:
    """Line -> what becomes of it by `credit_only` and by `credit_rebill`."""
    return {
        f"{one['line']['document']}/{one['line']['item']}": (one.get("credit_only"), one.get("credit_rebill"))
        for one in plain_data(found)["lines"]
    }


def name(document: str, item: str = "1") -> dict[str, str]:
    return {"document": document, "item": item}


def credited(memo: str, became: str, amount: str = "120.00") -> dict[str, Any]:
    return {"credited": amount, "memo": name(memo), "became": [became]}


def again(memo: str, item: str, amount: str = "80.00", tax: str = "16.00") -> dict[str, Any]:
    billed_again = {"line": name("INV00000001", item), "amount": amount, "tax": tax}
    return credited(memo, "rebilled") | {"billed_again": [billed_again]}


# -- side by side --------------------------------------------------------------------------------------------------


def test_either_option_is_shown_by_what_its_plan_does() -> None:
    """Of four months January is wrong. Only January is credited, or all of them, the newest first, and billed again at
    80.00 and 16.00: four times 24.00 less."""
    found = effect(FOUR, LOWER)
    assert lines(found) == {
        "I1/1": (credited("CM00000001", "credited"), again("CM00000004", "1")),
        "I4/1": (None, again("CM00000001", "4")),
        "I3/1": (None, again("CM00000002", "3")),
        "I2/1": (None, again("CM00000003", "2")),
    }
    assert [str(one.billed) for one in found.lines] == ["120.00"] * 4
    assert plain_data(found.credit_only) == {"owes": {"EUR": "-120.00"}}
    assert plain_data(found.credit_rebill) == {"owes": {"EUR": "-96.00"}}


def test_it_is_the_same_whichever_is_asked_for_but_for_what_is_corrected() -> None:
    rebill, only = effect(FOUR, REBILL), effect(FOUR, ONLY)
    assert (rebill.asked, only.asked) == ("credit_rebill", "credit_only")
    assert (rebill.lines, rebill.credit_only, rebill.credit_rebill) == (
        only.lines,
        only.credit_only,
        only.credit_rebill,
    )
    assert plain_data(only.credit_rebill) == {"owes": {"EUR": "0.00"}}


def test_attributes_of_what_was_asked_for_are_not_those_of_the_other_option() -> None:
    """They would be those of the memo there, and of the new invoice here."""
    found = effect(FOUR, REBILL + "attributes: {bill_to_contact: bob}\n")
    assert not found.credit_only.refused


def test_what_was_given_back_before_is_carried() -> None:
    """30.00 and 6.00 of January are goodwill: 84.00 is left, and billed again at 100.00 - 30.00 and 20.00 - 6.00."""
    goodwill = "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '1', amount: 30.00}]"
    one = billed(invoice("I1", "jan", line("seats", "100.00", "jan")))
    _, found = effects(one, goodwill, REBILL)
    assert found is not None
    only, rebill = lines(found)["I1/1"]
    assert only == credited("CM00000002", "credited", "84.00")
    assert rebill["billed_again"] == [{"line": name("INV00000001"), "amount": "70.00", "tax": "14.00"}]
    assert plain_data(found.credit_rebill) == {"owes": {"EUR": "0.00"}}


def test_an_operation_later_in_the_file_finds_what_was_asked_for_and_not_the_other_option() -> None:
    first, second = effects(FOUR, ONLY, REBILL.replace("I1", "I2"))
    assert first is not None
    assert second is not None
    assert lines(second)["I2/1"][0] == credited("CM00000002", "credited")
    assert list(lines(second)) == ["I2/1", "I4/1", "I3/1"]


def test_what_was_unwound_before_is_left_out_by_both() -> None:
    """March was credited before: January takes February and April along."""
    _, found = effects(FOUR, ONLY.replace("I1", "I3"), LOWER)
    assert found is not None
    assert lines(found)["I3/1"] == (None, {"became": [], "left_out": "it was credited by CM00000001/1"})


def test_each_charge_that_a_line_combines_is_billed_again_at_its_part() -> None:
    """Seats at 100.00 and support at 30.00 on one line, billed again at 80.00 and 30.00 and a fifth of that."""
    charges = ("id: seats, rate: 80.00, profile: crm", "id: support, rate: 30.00, profile: crm")
    seats, support = (
        f"{{subscribed_charge: {charge}, amount: {rate}, quantity: 1, unit_price: {rate}}}"
        for charge, rate in (("seats", "100.00"), ("support", "30.00"))
    )
    item = line("seats", "130.00", "jan").replace("quantity: 1, unit_price: 130.00, ", "")
    item = item.replace("subscribed_charge: seats", f"combines: [{seats}, {support}]")
    found = effect(billed(invoice("I1", "jan", item), charges=charges), REBILL + "current: [rate]\n")
    assert found.lines[0].charges == ("seats", "support")
    only, rebill = lines(found)["I1/1"]
    assert only == credited("CM00000001", "credited", "156.00")
    assert rebill["billed_again"] == [{"line": name("INV00000001"), "amount": "110.00", "tax": "22.00"}]


# -- one of them is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [REBILL, ONLY])
def test_the_other_option_is_shown_where_one_is_refused(asked: str) -> None:
    book = FOUR.replace(invoice("I2", "feb", line("seats", "100.00", "feb")), "") + EXCLUDED
    found = effect(book, asked)
    assert [one.code for one in found.credit_rebill.refused] == ["excluded-charge"]
    assert lines(found) == {"I1/1": (credited("CM00000001", "credited"), None)}
    told = effect_text(found, every_line=False)
    assert "credit and rebill is refused: `seats` of subscription `s` from 2026-02-01 was" in told
    assert "120.00 EUR less" in told


def test_nothing_is_compared_where_both_are_refused_or_neither_was_asked_for() -> None:
    memo = "operation: credit_memo_from_invoice\ndate: 2026-04-10\ninvoice: I1"
    assert effects(FOUR, REBILL.replace("I1", "I9"), memo) == [None, None]


# -- as it is printed ----------------------------------------------------------------------------------------------

TABLE = """\
op-1: credit_rebill on 2026-04-10, beside credit_only

charge and period          now             credit only        credit and rebill
────────────────────────────────────────────────────────────────────────────────
s/seats                    billed by       credited 120.00    credited 120.00 by
2026-01-01 to 2026-01-31   I1/1            by CM00000001/1    CM00000004/1
                           120.00 EUR      period stays       period reopened
                                           closed             billed again at
                                                              80.00 + 16.00 tax
                                                              by INV00000001/1

s/seats                    billed by       stays billed       credited 120.00 by
2026-04-01 to 2026-04-30   I4/1                               CM00000001/1
                           120.00 EUR                         period reopened
                                                              billed again at
                                                              80.00 + 16.00 tax
                                                              by INV00000001/4

s/seats                    billed by       stays billed       credited 120.00 by
2026-03-01 to 2026-03-31   I3/1                               CM00000002/1
                           120.00 EUR                         period reopened
                                                              billed again at
                                                              80.00 + 16.00 tax
                                                              by INV00000001/3

the account owes                           120.00 EUR less    96.00 EUR less
... and 1 more line (`--verbose` shows all)
"""


def test_as_text() -> None:
    found = effect(FOUR, LOWER)
    assert effect_text(found, every_line=False) == TABLE
    assert "I2/1" not in TABLE
    assert "I2/1" in effect_text(found, every_line=True)


def test_as_markdown_in_which_no_name_is_markup() -> None:
    told = effect_markdown(
        effect(FOUR.replace("charge: seats", "charge: 'a|b*'").replace("id: seats", "id: 'a|b*'"), LOWER),
        every_line=False,
    )
    (row,) = [one for one in told.splitlines() if "I1/1" in one]
    assert row.startswith(r"| s/a\|b\*, 2026-01-01 to 2026-01-31 | billed by I1/1, 120.00 EUR | credited 120.00 by ")
    assert told.endswith("\n\n- ... and 1 more line (`--verbose` shows all)\n")


# -- on the command line -------------------------------------------------------------------------------------------


def explain(tmp_path: Path, text: str, *options: str) -> Ran:
    (tmp_path / "book.yaml").write_text(FOUR)
    (tmp_path / "fix.yaml").write_text("operations:\n- id: op-1\n" + indent(text, "  "))
    return billpolicy("explain", tmp_path / "fix.yaml", "-p", STANDARD, "--engine", "python", *options)


def test_it_comes_before_the_explanation(tmp_path: Path) -> None:
    ran = explain(tmp_path, LOWER, "--book", str(tmp_path / "book.yaml"))
    assert ran.code == 0
    assert ran.out.startswith(f"{TABLE}\nop-1: credit_rebill on 2026-04-10\n  makes credit memo CM00000001\n")


def test_programs_are_told_all_of_it_also_of_a_ledger(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with create_ledger(url) as ledger:
        ledger.import_book(book_from(FOUR))
    told = [json.loads(explain(tmp_path, LOWER, "--ledger", url, "--format", "json").out)]
    told.append(json.loads(explain(tmp_path, LOWER, "--book", str(tmp_path / "book.yaml"), "--format", "json").out))
    schema = json.loads((ROOT / "schemas" / "explain.schema.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(schema).iter_errors(told[0])) == []
    assert told[0]["effects"] == told[1]["effects"] == [plain_data(effect(FOUR, LOWER))]


def test_a_correction_that_was_posted_is_compared_no_more(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with create_ledger(url) as ledger:
        ledger.import_book(book_from(FOUR))
        api.post(versions(), ledger, operations(LOWER)[0], who="ann", yes=True)
    assert "beside credit_only" not in explain(tmp_path, LOWER, "--ledger", url).out


def test_what_became_of_a_rule_is_told_alone(tmp_path: Path) -> None:
    rule = "credit_rebill.bill_to_contact"
    assert (
        "beside credit_only"
        not in explain(tmp_path, LOWER, "--book", str(tmp_path / "book.yaml"), "--why-not", rule).out
    )
