"""What each kind of change of a policy changes, by hand: what nobody can notice is proven the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.comparing.decisions import Changed
from billpolicy.comparing.difference import PolicyDifference, diff
from billpolicy.comparing.side import load_sides
from billpolicy.comparing.words import after_words, before_words, region_words, where
from billpolicy.report.diff import diff_report
from billpolicy.report.diff_markdown import diff_markdown
from billpolicy.report.diff_words import declared_text
from tests.helpers.paths import STANDARD
from tests.helpers.scenes import policy

DISPUTES = """
exceptions:
  - id: disputes
    operations: [credit_memo_from_invoice]
    when: {reason: Charge Dispute, amount: {at_least: 1000.00 EUR}}
    then: {bill_to_contact: [subscription, invoice, account]}
    because: FIN-1
"""


def compared(old: str, new: str) -> PolicyDifference:
    return diff(policy(old), policy(new))


def said(found: PolicyDifference, one: Changed) -> tuple[tuple[str, ...], str, str, str, tuple[str, ...]]:
    """Operations, key, now, before, where."""
    return (
        one.operations,
        one.key,
        after_words(one, found.new),
        before_words(one, found.old),
        where(one, found.old, found.new),
    )


def all_said(old: str, new: str) -> list[tuple[tuple[str, ...], str, str, str, tuple[str, ...]]]:
    found = compared(old, new)
    assert not found.equivalent
    return [said(found, one) for one in found.decisions.changed]


# -- what nobody can notice ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "how"),
    [
        (DISPUTES.replace("id: disputes", "id: german-office"), "renamed"),
        (DISPUTES.replace("because: FIN-1", "because: FIN-2"), "reworded"),
    ],
)
def test_names_and_reasons_decide_nothing(new: str, how: str) -> None:
    found = compared(DISPUTES, new)
    assert found.equivalent
    assert [(one.how, one.decides) for one in found.rules] == [(how, False)]


def test_a_rename_that_others_override_is_a_rename_still() -> None:
    beside = """
  - id: pilots
    operations: [credit_memo_from_invoice]
    when: {subscription.plan: pilot}
    then: {bill_to_contact: [account]}
    overrides: [disputes]
"""
    old = DISPUTES + beside
    found = compared(old, old.replace("disputes", "big-ones"))
    assert found.equivalent
    assert [(one.how, one.id, one.was) for one in found.rules] == [("renamed", "big-ones", "disputes")]


def test_an_exception_that_is_split_in_two_decides_the_same() -> None:
    halves = DISPUTES.replace("{at_least: 1000.00 EUR}", "{at_least: 1000.00 EUR, below: 5000.00 EUR}")
    other = DISPUTES.replace("id: disputes", "id: huge").replace("1000.00", "5000.00").replace("exceptions:\n", "")
    found = compared(DISPUTES, halves + other.lstrip("\n"))
    assert found.equivalent
    assert [(one.how, one.id) for one in found.rules] == [("changed", "disputes"), ("added", "huge")]


def test_levels_after_the_default_have_no_effect() -> None:
    old = "operations: {debit_memo_from_invoice: {payment_term: [invoice, account, default]}}"
    new = "operations: {debit_memo_from_invoice: {payment_term: [invoice, account, default, subscription]}}"
    assert compared(old, new).equivalent


def test_order_and_files_never_matter(tmp_path: Path) -> None:
    head = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
    sections = [
        "payment_terms:\n  Net 14: {net: 14}\n  Net 21: {net: 21}\n",
        "defaults: {payment_term: Net 14}\n",
        DISPUTES,
    ]
    for name, texts in (("one", [head + "".join(sections)]), ("many", [head, *reversed(sections)])):
        folder = tmp_path / name
        folder.mkdir()
        for number, text in enumerate(texts):
            (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    moved = (tmp_path / "many" / "1.yaml").read_text(encoding="utf-8")
    assert moved == DISPUTES
    old, new = load_sides(tmp_path / "one", tmp_path / "many")
    found = diff(old.policy, new.policy)
    assert old.policy.digest != new.policy.digest
    assert (found.equivalent, found.rules, found.declared) == (True, (), ())


# -- what decisions show ---------------------------------------------------------------------------------------------


def test_two_levels_are_swapped() -> None:
    new = DISPUTES.replace("[subscription, invoice, account]", "[invoice, subscription, account]")
    assert all_said(DISPUTES, new) == [
        (
            ("credit_memo_from_invoice",),
            "bill_to_contact",
            "from the invoice, else the subscription, else the account",
            "from the subscription, else the invoice, else the account",
            ("`reason` is Charge Dispute and `amount` is at least 1000.00 EUR",),
        )
    ]


def test_a_condition_is_narrowed() -> None:
    """From 1,000.00 to 2,000.00: what is between, the last cent of which is 1,999.99, is the base rule's now."""
    assert all_said(DISPUTES, DISPUTES.replace("1000.00", "2000.00")) == [
        (
            ("credit_memo_from_invoice",),
            "bill_to_contact",
            "from the invoice, else the account",
            "from the subscription, else the invoice, else the account",
            ("`amount` is 1000.00 EUR to 1999.99 EUR and `reason` is Charge Dispute",),
        )
    ]


def test_a_date_is_changed() -> None:
    old = DISPUTES + "    effective: {from: 2026-01-01, until: 2026-07-01}\n"
    new = DISPUTES + "    effective: {from: 2026-01-01, until: 2026-10-01}\n"
    ((_, _, now, _, region),) = all_said(old, new)
    assert now == "from the subscription, else the invoice, else the account"
    assert region == (
        "`amount` is at least 1000.00 EUR and `reason` is Charge Dispute and `date` is 2026-07-01 to 2026-09-30",
    )


def test_a_base_rule_is_changed_but_for_an_exception() -> None:
    base = "operations: {credit_memo_from_invoice: {bill_to_contact: [account]}}\n"
    ((operations, _, now, before, region),) = all_said(DISPUTES, base + DISPUTES)
    assert (operations, now, before) == (
        ("credit_memo_from_invoice",),
        "from the account",
        "from the invoice, else the account",
    )
    assert region == ("it is not so that `amount` is at least 1000.00 EUR and `reason` is Charge Dispute",)


def test_a_setting_and_what_many_operations_share() -> None:
    ((operations, key, now, before, region),) = all_said("", "every_operation: {permission: approval}")
    assert (key, now, before, region) == ("permission", "approval", "allowed", ())
    assert "write_off_invoice" in operations
    found = compared("", "every_operation: {permission: approval}")
    assert [(one.kind, one.how, one.id) for one in found.rules if one.decides] == [
        ("base_rule", "changed", "every_operation.permission")
    ]


def test_the_value_of_a_default() -> None:
    """Decisions show it where a chain reaches it, and there it says both values."""
    terms = "payment_terms: {Net 14: {net: 14}}\n"
    found = compared(terms, terms + "defaults: {payment_term: Net 14}")
    (default,) = found.declared
    assert (default.section, default.before, default.after) == ("defaults", "Due Upon Receipt", "Net 14")
    assert default.effect == "decisions"
    told = [said(found, one) for one in found.decisions.changed]
    memo = next(one for one in told if "debit_memo_from_invoice" in one[0])
    assert memo[2] == "from the invoice, else the account, else the policy's default (Net 14)"
    assert memo[3] == "from the invoice, else the account, else the policy's default (Due Upon Receipt)"


def test_who_has_which_role() -> None:
    rules = """
exceptions:
  - id: clerks
    operations: [write_off_invoice]
    when: {actor.role: clerk}
    then: {permission: refused}
"""
    old, new = "roles: {clerk: [ines], lead: [maria]}" + rules, "roles: {clerk: [maria], lead: [ines]}" + rules
    found = compared(old, new)
    assert [(one.name, one.before, one.after) for one in found.declared] == [
        ("ines", "clerk", "lead"),
        ("maria", "lead", "clerk"),
    ]
    assert [said(found, one)[2:] for one in found.decisions.changed] == [
        ("allowed", "refused", ("`actor.id` is ines",)),
        ("refused", "allowed", ("`actor.role` is clerk",)),
    ]


def test_an_amount_in_whatever_other_currency_is_told_apart() -> None:
    """The limit of leads is in euro. Who becomes one refunds less than that, and any amount of other currencies."""
    rules = """
every_operation: {permission: refused}
exceptions:
  - {id: leads, operations: [create_refund], when: {actor.role: lead}, then: {permission: allowed}}
  - id: much
    operations: [create_refund]
    overrides: [leads]
    when: {actor.role: lead, amount: {at_least: 500.00 EUR}}
    then: {permission: approval}
"""
    assert all_said(
        "roles: {clerk: [ines], lead: [maria]}" + rules, "roles: {clerk: [], lead: [ines, maria]}" + rules
    ) == [
        (
            ("create_refund",),
            "permission",
            "allowed",
            "refused",
            (
                "`actor.id` is ines and `amount` is not an amount in EUR",
                "`actor.id` is ines and `amount` is at most 499.99 EUR or unset",
            ),
        ),
        (
            ("create_refund",),
            "permission",
            "approval",
            "refused",
            ("`actor.id` is ines and `amount` is at least 500.00 EUR",),
        ),
    ]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{within: 30 days}", "within 30 days"),
        ("{within: 1 day, above: 0 days}", "1 day"),
        ("{above: 30 days}", "at least 31 days"),
        ("{at_most: 30 days}", "at most 30 days"),
        ("{at_least: 2 days, at_most: 30 days}", "2 days to 30 days"),
    ],
)
def test_lengths_of_time_are_told_in_days(when: str, said: str) -> None:
    """By the region where something differs, and not by the words of the exception."""
    old = "fields: {account.notice: {type: days}}\n"
    new = """exceptions:
  - {id: one, operations: [write_off_invoice], when: {account.notice: WHEN}, then: {permission: refused}}
"""
    change = compared(old, old + new.replace("WHEN", when)).decisions.changed[0]
    assert region_words(change.region, change.domain) == (f"`account.notice` is {said}",)


@pytest.mark.parametrize(
    "when", ["account.segment: large", "account.segment: {none_of: [large]}", "actor.role: {none_of: [lead]}"]
)
def test_a_list_with_another_word_changes_no_rule(when: str) -> None:
    """No line of the exception is another one; who is now told differently is told as a decision that differs."""
    old = f"""
roles: {{lead: [maria], clerk: [ines]}}
fields: {{account.segment: {{type: choice, values: [small, large]}}}}
exceptions:
  - {{id: some, operations: [write_off_invoice], when: {{{when}}}, then: {{permission: refused}}}}
"""
    new = old.replace("[small, large]", "[small, large, public]").replace(
        "clerk: [ines]", "clerk: [ines], chief: [otto]"
    )
    assert compared(old, new).rules == ()
    assert [one.id for one in compared(old, new.replace("permission: refused", "permission: approval")).rules] == [
        "some"
    ]


def test_follow_ups() -> None:
    old = """
follow_ups:
  - id: negative-ones
    after: invoice_posted
    when: {invoice.balance_is: below_zero}
    then: transfer_negative_invoice
"""
    narrower = old.replace("below_zero}", "below_zero, account.country: DE}")
    ((operations, event, now, before, region),) = all_said(old, narrower)
    assert (operations, event, now, before) == (
        ("transfer_negative_invoice",),
        "invoice_posted",
        "does not follow",
        "follows",
    )
    assert region == ("`account.country` is not DE and `invoice.balance` is below zero",)
    ((_, _, now, _, region),) = all_said(old, old + "    if_refused: leave_out\n")
    assert now == "follows, and is left out where it is refused"
    assert region == ("`invoice.balance_is` is below_zero",)


# -- what is declared ------------------------------------------------------------------------------------------------

TERMS = "payment_terms: {Net 14: {net: 14}}\n"
SETS = "sequence_sets: {FR: {invoice: {prefix: FR-INV}, credit_memo: {prefix: FR-CM}, debit_memo: {prefix: FR-DM}}}\n"
RATE = "tax_rates: {books: [{country: EE, name: VAT, rate: 9%, from: 2025-01-01}]}\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", TERMS, ("payment_terms", "Net 14", "added", "names", None, "due in 14 days")),
        (TERMS, "", ("payment_terms", "Net 14", "removed", "names", "due in 14 days", None)),
        (
            TERMS,
            TERMS.replace("net: 14", "net: 21"),
            ("payment_terms", "Net 14", "changed", "outcomes", "due in 14 days", "due in 21 days"),
        ),
        (
            SETS,
            SETS.replace("FR-CM", "FR-CR"),
            ("sequence_sets", "FR", "changed", "outcomes", "credit memo FR-CM", "credit memo FR-CR"),
        ),
        (
            RATE,
            RATE.replace("9%", "13%"),
            (
                "tax_rates",
                "books",
                "changed",
                "outcomes",
                "EE VAT 9% from 2025-01-01",
                "EE VAT 13% from 2025-01-01",
            ),
        ),
        (
            "",
            "cash_steps: {CHF: 0.05}",
            ("cash_steps", "CHF", "added", "outcomes", None, "0.05"),
        ),
        (
            "batch_limits: {every_operation: {count: 500}}",
            "batch_limits: {every_operation: {count: 900}}",
            (
                "batch_limits",
                "every_operation",
                "changed",
                "outcomes",
                "at most 500 operations",
                "at most 900 operations",
            ),
        ),
        (
            "",
            "fields: {account.segment: {type: choice, values: [small, large]}}",
            ("fields", "account.segment", "added", "names", None, "choice, small, large"),
        ),
    ],
)
def test_what_is_declared_is_told_apart_from_decisions(old: str, new: str, told: tuple[object, ...]) -> None:
    found = compared(old, new)
    assert [(*one[:6],) for one in found.declared] == [told]
    assert found.decisions.changed == ()
    assert not found.equivalent


def test_what_is_added_to_something_that_is_there_is_not_told_as_instead_of_nothing() -> None:
    choice = "fields: {account.segment: {type: choice, values: [small, large]}}"
    wider = choice.replace("large", "large, public")
    sides = ((choice, wider, "also public"), (wider, choice, "no longer public"))
    for old, new, told in sides:
        (one,) = diff_report(compared(old, new), ("old", "new")).declared
        assert declared_text(one) == f"field account.segment: {told}"


def test_a_reason_code_is_told_by_its_name() -> None:
    codes = policy().reason_codes["refund"]
    new = f"reason_codes: {{refund: [{', '.join(codes)}, Gone]}}"
    (one,) = compared("", new).declared
    assert (one.section, one.name, one.how, one.effect) == ("reason_codes", "refund: Gone", "added", "names")


def test_an_attribute_is_told_once_and_not_for_every_operation_that_decides_it() -> None:
    new = """
attributes: {profile: {documents: [credit_memo]}}
every_operation: {profile: [account]}
"""
    found = compared("", new)
    assert [(one.section, one.name, one.how, one.effect) for one in found.declared] == [
        ("attributes", "profile", "added", "outcomes")
    ]
    assert found.decisions.changed == ()


def test_versions_that_never_meet_are_compared_as_if_they_did(tmp_path: Path) -> None:
    for name, days in (("old", "{from: 2025-01-01, until: 2026-01-01}"), ("new", "{from: 2026-01-01}")):
        text = f"policy: acme\nextends: {STANDARD}\neffective: {days}\n"
        (tmp_path / f"{name}.yaml").write_text(text + (DISPUTES if name == "new" else ""), encoding="utf-8")
    old, new = load_sides(tmp_path / "old.yaml", tmp_path / "new.yaml")
    found = diff(old.policy, new.policy)
    assert found.decisions.as_if
    (one,) = found.decisions.changed
    assert where(one, found.old, found.new) == ("`reason` is Charge Dispute and `amount` is at least 1000.00 EUR",)


def limit(amount: str) -> str:
    then = "then: {permission: approval}"
    return f"exceptions: [{{id: limit, operations: [write_off_invoice], when: {{amount: {amount}}}, {then}}}]\n"


TOLD = "`amount` is above 5.00 EUR or 7.00 USD (other currencies: holds)"
IN_TWO, WITH_OTHERS = "{above: [5.00 EUR, 7.00 USD]}", "{above: [5.00 EUR, 7.00 USD], other_currencies: holds}"


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("", limit(WITH_OTHERS), (TOLD,)),
        (limit(IN_TWO), limit(WITH_OTHERS), ("`amount` is in a currency other than EUR or USD",)),
        (limit("{above: 5.00 EUR}"), limit(IN_TWO), ("`amount` is at least 7.01 USD",)),
        # A whole box of a rule with several is left out.
        (
            limit("{above: 7.00 USD}"),
            limit(WITH_OTHERS),
            (f"{TOLD}, but not where `amount` is at least 7.01 USD",),
        ),
        (limit(IN_TWO), limit("{above: [5.00 EUR, 9.00 USD]}"), ("`amount` is 7.01 USD to 9.00 USD",)),
    ],
)
def test_amounts_in_several_currencies_are_told(old: str, new: str, places: tuple[str, ...]) -> None:
    found = compared(old, new)
    (one,) = found.decisions.changed
    assert where(one, found.old, found.new) == places


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (IN_TWO, "{above: [7.00 USD, 5.00 EUR], other_currencies: fails}"),
        (IN_TWO, "{at_least: [5.01 EUR, 7.01 USD]}"),
    ],
)
def test_the_same_amounts_are_said_otherwise(old: str, new: str) -> None:
    found = compared(limit(old), limit(new))
    assert (found.equivalent, found.rules) == (True, ())


def test_two_rules_of_a_currency_each_are_one_of_both() -> None:
    apart = limit("{above: 5.00 EUR}").replace("}]\n", "}, ") + limit("{above: 7.00 USD}").removeprefix(
        "exceptions: [{"
    ).replace("id: limit", "{id: limit-in-dollars")
    assert compared(apart, limit(IN_TWO)).equivalent


def test_what_recordings_leave_out_is_told_and_changes_no_outcome() -> None:
    masked = "recording: {mask: [account.name]}\n"
    for old, new, how in (("", masked, "added"), (masked, "", "removed")):
        found = compared(old, new)
        assert [(one.section, one.name, one.how, one.effect) for one in found.declared] == [
            ("recording", "account.name", how, "none")
        ]
        assert found.equivalent


def test_a_comment_on_very_many_rules_is_no_longer_than_services_take() -> None:
    one = (
        "- {{id: r{0:04}, operations: [create_refund], when: {{account.id: a{0:04}}}, "
        "then: {{permission: approval}}}}\n"
    )
    found = compared("", "exceptions:\n" + "".join(one.format(number) for number in range(1_500)))
    text = diff_markdown(diff_report(found, ("old", "new")))
    assert len(text) < 65_536
    assert "… and 1,400 more lines, which other formats have." in text
