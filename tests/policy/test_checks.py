"""What must be true of a policy as a whole: all is decided, no circles, no dead dates, no numbers that collide."""

from __future__ import annotations

import pytest

from billpolicy.policy.model import Chain
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.paths import STANDARD
from tests.helpers.scenes import HEAD, policy, refusals, refused_codes


def sets(text: str) -> str:
    return f"sequence_sets: {{{text}}}"


def one_set(name: str = "DE", invoice: str = "DE-INV", more: str = "") -> str:
    memos = "credit_memo: {prefix: DE-CM}, debit_memo: {prefix: DE-DM}"
    return sets(f"{name}: {{invoice: {{prefix: {invoice}}}, {memos}{more}}}")


# -- everything decided --------------------------------------------------------------------------------------------


def test_the_standard_policy_decides_everything_and_says_why() -> None:
    standard = policy("", f"policy: a\nextends: {STANDARD}\neffective: {{from: 2000-01-01}}\n")
    assert len({operation for operation, _ in standard.base}) == len(VOCABULARY)
    reasons = {rule.id: rule.because for rule in standard.base.values()}
    reasons |= {rule.id: rule.because for rule in standard.conditional}
    assert [id for id, because in reasons.items() if not because] == []


def test_a_policy_without_a_base_is_told_all_that_it_does_not_decide() -> None:
    codes = refused_codes("", "policy: bare\neffective: {from: 2026-01-01}\n")
    assert codes == ["attribute-missing", "decision-missing", "sequence-default-missing"]
    told = refusals("", "policy: bare\neffective: {from: 2026-01-01}\n")
    assert [one.code for one in told] == ["decision-missing", *["attribute-missing"] * 2, "sequence-default-missing"]
    assert "begin with `extends: standard`" in str(told[0].hint)  # one sentence, and it comes first


def test_a_custom_attribute_must_be_decided_for_every_operation_that_makes_its_documents() -> None:
    declared = "attributes:\n  invoice_template: {documents: [credit_memo]}\n"
    found = refusals(declared)
    # docs/domain.md 1.2: these make credit memos, the bill run among them (row 2).
    making = (
        *("credit_memo_from_invoice", "credit_memo_from_charge", "reverse_invoice", "bill_run"),
        *("write_off_invoice", "write_off_debit_memo", "credit_only", "credit_rebill"),
    )
    assert [d.code for d in found] == ["decision-missing"] * len(making)
    for operation in making:
        assert any(f"`{operation}`" in d.message for d in found)
    # The message stands where the attribute is declared.
    assert {d.position.line for d in found if d.position} == {HEAD.count("\n") + 2}
    decided = "".join(f"  {operation}: {{invoice_template: [account]}}\n" for operation in making)
    made = policy(declared + "operations:\n" + decided)
    assert made.base["write_off_invoice", "invoice_template"].outcome == Chain(("account",))
    # Debit memos do not have it.
    codes = refused_codes(declared + "operations:\n" + decided + "  debit_memo_from_invoice: {invoice_template: []}")
    assert codes == ["attribute-not-on-document"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("attributes: {item_limit: {documents: [invoice]}}", "attribute-name"),
        ("attributes: {because: {documents: [invoice]}}", "attribute-name"),
        ("attributes: {Logo: {documents: [invoice]}}", "attribute-name"),
        ("attributes: {logo: {documents: []}}", "attribute-documents"),
        ("attributes: {logo: {documents: [invoice, invoice]}}", "attribute-documents"),
        ("defaults: {logo: plain}", "attribute-unknown"),
        ("defaults: {payment_term: Net 45}", "default-unknown"),
        ("defaults: {sequence_set: DE}", "default-unknown"),
        ("operations: {write_off_invoice: {bill_to_contact: [invoice, default]}}", "default-missing"),
        # Numbers and due dates are made from these two, so they stay what they are.
        ("attributes: {sequence_set: {type: text, documents: [invoice]}}", "attribute-type"),
        ("attributes: {payment_term: {type: payment_term, documents: [invoice]}}", "attribute-documents"),
    ],
)
def test_attributes_and_defaults_fit_together(text: str, code: str) -> None:
    assert code in refused_codes(text)


def test_the_kinds_of_documents_that_lack_an_attribute_are_told_in_order() -> None:
    found = refusals("attributes: {sequence_set: {type: sequence_set, documents: [payment]}}")
    (message,) = (problem.message for problem in found if problem.code == "attribute-documents")
    kinds = "credit memos and debit memos and invoices and refunds"
    assert message == f"{kinds} need the attribute `sequence_set` for their numbers"


def test_an_attribute_can_say_that_a_document_without_it_is_meant_to_be_refused() -> None:
    """A contact is one account's own (docs/domain.md 1.1), so of the three the standard policy says it of that one."""
    stated = {name: attribute.exhausted for name, attribute in policy().attributes.items()}
    assert stated == {"bill_to_contact": True, "payment_term": False, "sequence_set": False}
    # A layer that declares the attribute anew says it anew.
    anew = "attributes: {bill_to_contact: {type: contact, documents: [invoice, credit_memo, debit_memo]}}"
    assert not policy(anew).attributes["bill_to_contact"].exhausted
    wrong = anew.replace("type: contact", "type: contact, exhausted: allow")
    assert refused_codes(wrong) == ["value-not-allowed"]


def test_no_policy_can_give_credit_memos_a_payment_term() -> None:
    """docs/domain.md 1.1: the SDK's credit memos, payments and refunds lack it."""
    found = refusals(
        "attributes: {payment_term: {type: payment_term, documents: [invoice, debit_memo, credit_memo, refund]}}\n"
        "every_operation: {payment_term: [account]}"
    )
    assert [(one.code, one.message) for one in found] == [
        ("attribute-documents", "credit memos and refunds have no payment term: nobody has to pay one")
    ]


def test_attributes_of_invoices_split_them_unless_they_say_not() -> None:
    """docs/domain.md 1.1: contact, term, set, template and profile split invoices; sold-to and ship-to do not."""
    text = """
attributes:
  invoice_template: {documents: [invoice]}
  sold_to_contact: {type: contact, documents: [invoice, debit_memo], splits_invoices: false}
  communication_profile: {documents: [invoice], splits_invoices: true}
  cover_letter: {documents: [credit_memo]}
every_operation:
  {invoice_template: [account], sold_to_contact: [account], communication_profile: [account], cover_letter: [account]}
"""
    splitting = {attribute.name for attribute in policy(text).attributes.values() if attribute.splits_invoices}
    of_the_standard = {"bill_to_contact", "payment_term", "sequence_set"}
    assert splitting == of_the_standard | {"invoice_template", "communication_profile"}


@pytest.mark.parametrize("said", ["true", "false"])
def test_an_attribute_that_invoices_do_not_have_cannot_split_them(said: str) -> None:
    (found,) = refusals(f"attributes: {{logo: {{documents: [credit_memo], splits_invoices: {said}}}}}")
    assert found.code == "attribute-splits"


def test_a_layer_cannot_take_away_words_that_its_base_decides_with() -> None:
    found = refusals("reason_codes: {credit_memo: [Goodwill]}")
    assert {d.code for d in found} == {"value-not-allowed"}
    # Of the operations that make credit memos only those that write off share a rule; each has its standard reason.
    assert len(found) == 8
    assert policy(
        "reason_codes: {refund: [Goodwill]}\noperations: {create_refund: {reason_code: Goodwill}}",
    ).reason_codes["refund"] == ("Goodwill",)


def test_reason_codes_are_of_a_kind_of_document_that_has_them() -> None:
    assert refused_codes("reason_codes: {payment: [Cash]}") == ["reason-category-unknown"]


def test_a_role_where_the_policy_declares_none() -> None:
    (found,) = refusals(
        "exceptions: [{id: x, operations: [write_off_invoice], when: {actor.role: lead}, then: {permission: refused}}]"
    )
    assert found.message == "`lead` is not one of the values of `actor.role`; the policy declares none, under `roles`"


ACCOUNT_FIELDS = "`account.country`, `account.currency`, `account.id`, `account.name`, `account.region`"


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        (
            "account.segment",
            f"declare it under `fields`; known here: {ACCOUNT_FIELDS}",
        ),
        (
            "subscription.tier",
            "declare it under `fields`; known here: `subscription.id`, `subscription.plan`, `subscription.status`",
        ),
        ("account.contry", "did you mean `account.country`?"),
        ("acount.country", "did you mean `account.country`?"),
    ],
)
def test_a_field_of_ones_own_is_declared_where_the_object_can_have_it(field: str, hint: str) -> None:
    (found,) = refusals(
        f"exceptions: [{{id: x, operations: [bill_run], when: {{{field}: x}}, then: {{payment_term: [account]}}}}]"
    )
    assert (found.code, found.hint) == ("field-unknown", hint)


MANY = ", ".join(f"segment {n}" for n in range(10, 40))


@pytest.mark.parametrize(
    ("field", "word", "hint"),
    [
        ("invoice.settled", "xyz", "known here: `all`, `nothing`, `part`"),
        ("invoice.settled", "parts", "did you mean `part`?"),
        ("account.segment", "xyz", f"allowed: {MANY}"),
    ],
)
def test_a_word_that_is_none_of_a_choice_is_told_what_is(field: str, word: str, hint: str) -> None:
    wrong = f"{{id: x, operations: [write_off_invoice], when: {{{field}: {word}}}, then: {{item_limit: 1}}}}"
    segments = f"fields: {{account.segment: {{type: choice, values: [{MANY}]}}}}\n"
    (found,) = refusals(f"{segments}exceptions: [{wrong}]")
    assert found.message == f"`{word}` is not one of the values of `{field}`; {hint}"


# -- overrides, dates, conflicts -----------------------------------------------------------------------------------


def exceptions(*entries: str) -> str:
    lines = [
        f"  - {{operations: [write_off_invoice], then: {{bill_to_contact: [{level}]}}, {entry}}}"
        for entry, level in zip(entries, ("account", "invoice", "subscription", "request"), strict=False)
    ]
    return "\n".join(["exceptions:", *lines])


def test_overrides_name_exceptions_that_exist_and_never_go_in_a_circle() -> None:
    assert refused_codes(exceptions("id: a, overrides: [b]")) == ["override-unknown"]
    assert refused_codes(exceptions("id: a, overrides: [a]")) == ["override-cycle"]
    circle = exceptions("id: a, overrides: [b]", "id: b, overrides: [c]", "id: c, overrides: [a]")
    (found,) = [d for d in refusals(circle) if d.code == "override-cycle"]
    assert "a > b > c > a" in found.message  # told once, beginning with the first by name
    assert policy(exceptions("id: a, overrides: [b]", "id: b, overrides: [c]", "id: c")).exceptions


def test_two_exceptions_that_can_disagree_are_a_conflict() -> None:
    germans, large = "id: a, when: {account.country: DE}", "id: b, when: {amount: {above: 10.00 EUR}}"
    (found,) = refusals(exceptions(germans, large))
    assert found.code == "exceptions-conflict"
    # Either of the ways out mends it: an override, or a narrower condition.
    assert policy(exceptions(germans, large + ", overrides: [a]"))
    assert policy(exceptions(germans, "id: b, when: {account.country: DE, amount: {above: 10.00 EUR}}"))
    assert policy(exceptions(germans, "id: b, when: {account.country: FR, amount: {above: 10.00 EUR}}"))


@pytest.mark.parametrize(
    ("effective", "codes"),
    [
        ("{from: 2025-01-01, until: 2026-01-01}", ["never-in-force"]),  # ends on the day the policy begins
        ("{from: 2025-01-01, until: 2026-01-02}", []),
        ("{from: 2026-12-31}", []),
        ("{from: 2027-01-01}", ["never-in-force"]),  # begins on the day the policy has ended
    ],
)
def test_an_exception_that_is_in_force_on_no_day_of_its_policy_is_an_error(effective: str, codes: list[str]) -> None:
    head = HEAD.replace("{from: 2000-01-01}", "{from: 2026-01-01, until: 2027-01-01}")
    text = exceptions(f"id: a, effective: {effective}")
    if codes:
        assert refused_codes(text, head) == codes
    else:
        assert policy(text, head)


# -- sequence sets (docs/domain.md 8) ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["A", "0", "FRN", "de-2026", "A23456789012345"])
def test_names_of_sequence_sets_have_1_to_15_letters_digits_and_dashes(name: str) -> None:
    assert name in policy(one_set(name)).sequence_sets


@pytest.mark.parametrize("name", ["-A", "A_B", "A B", "Ä", "A234567890123456", "A."])
def test_other_names_of_sequence_sets_are_refused(name: str) -> None:
    assert refused_codes(one_set(f'"{name}"')) == ["sequence-name"]


@pytest.mark.parametrize("prefix", ["A", "7", "2026", "I_N-V_", "A234567890123456", "INV-", "PREVIEW", "P-X", "R-X"])
def test_prefixes_have_1_to_16_letters_digits_dashes_and_underscores(prefix: str) -> None:
    assert policy(one_set(invoice=prefix))


@pytest.mark.parametrize("prefix", ["-A", "_A", "A B", "Ä", "A2345678901234567", "A.", "A/"])
def test_other_prefixes_are_refused(prefix: str) -> None:
    assert refused_codes(one_set(invoice=f'"{prefix}"')) == ["prefix-form"]


@pytest.mark.parametrize("prefix", ["PREVIEW-", "TMP-INV-", "TMP-CM-", "TMP-DM-", "PM-", "PG-", "P-", "R-"])
def test_reserved_prefixes_are_refused(prefix: str) -> None:
    assert "prefix-reserved" in refused_codes(one_set(invoice=prefix))


def test_only_the_set_default_numbers_payments_and_refunds_with_the_reserved_prefixes() -> None:
    standard = policy().sequence_sets["DEFAULT"].series
    assert (standard["payment"].prefix, standard["refund"].prefix) == ("P-", "R-")
    assert refused_codes(one_set(more=", payment: {prefix: P-}")) == ["prefix-reserved"]
    assert refused_codes(one_set(more=", refund: {prefix: R-}")) == ["prefix-reserved"]
    assert refused_codes(one_set(more=", payment: {prefix: CBA-}")) == ["prefix-reserved"]  # adjustments have it


def test_prefixes_of_payments_and_refunds_do_not_end_in_a_digit() -> None:
    assert refused_codes(one_set(more=", payment: {prefix: PAY7}")) == ["prefix-digit"]
    assert refused_codes(one_set(more=", refund: {prefix: '9'}")) == ["prefix-digit"]
    assert policy(one_set(more=", payment: {prefix: PAY}, refund: {prefix: REF_}"))


def test_a_set_numbers_all_billing_documents_but_not_always_payments_and_refunds() -> None:
    assert policy(one_set()).sequence_sets["DE"].series.keys() == {"invoice", "credit_memo", "debit_memo"}
    assert refused_codes(sets("DE: {invoice: {prefix: DE-INV}}")) == ["sequence-incomplete"]


def test_the_set_default_cannot_be_missing() -> None:
    head = "policy: bare\neffective: {from: 2026-01-01}\n"
    assert "sequence-default-missing" in refused_codes(one_set(), head)


@pytest.mark.parametrize("start", ["0", "-1", "1000000000000"])
def test_a_series_starts_at_1_or_above(start: str) -> None:
    assert refused_codes(one_set(more=f", refund: {{prefix: REF, start: {start}}}")) == ["sequence-start"]


@pytest.mark.parametrize(
    ("one", "other", "codes"),
    [
        # 23 and 10000300 are the digits of 2 and 310000300.
        ("2", "23", ["prefix-collision"]),
        ("IN", "IN2", ["prefix-collision"]),
        ("IN", "IN-2", []),
        ("X-", "X2", []),
        ("P-1", "Y", ["prefix-collision"]),  # with the P- of payments
        ("2", "3", []),
        ("IN", "in", []),
        ("X", "X", ["prefix-in-two-sets"]),
        ("INV", "Y", ["prefix-in-two-sets"]),  # with the INV of DEFAULT
    ],
)
def test_no_number_can_be_reached_from_two_prefixes(one: str, other: str, codes: list[str]) -> None:
    text = sets(
        f"A: {{invoice: {{prefix: '{one}'}}, credit_memo: {{prefix: A-CM}}, debit_memo: {{prefix: A-DM}}}}, "
        f"B: {{invoice: {{prefix: '{other}'}}, credit_memo: {{prefix: B-CM}}, debit_memo: {{prefix: B-DM}}}}"
    )
    if codes:
        assert refused_codes(text) == codes
    else:
        assert policy(text)


def test_a_prefix_numbers_one_kind_of_document_and_starts_once() -> None:
    kinds = "DE: {invoice: {prefix: X}, credit_memo: {prefix: X}, debit_memo: {prefix: DE-DM}}"
    assert refused_codes(sets(kinds)) == ["prefix-shared"]
    # Also a prefix of the base: the standard policy numbers invoices with INV.
    taken = "DE: {invoice: {prefix: DE-INV}, credit_memo: {prefix: INV}, debit_memo: {prefix: DE-DM}}"
    assert refused_codes(sets(taken)) == ["prefix-shared"]
    starts = (
        "A: {invoice: {prefix: X, start: 5, shared: true}, credit_memo: {prefix: A-CM}, debit_memo: {prefix: A-DM}}, "
        "B: {invoice: {prefix: X, start: 6, shared: true}, credit_memo: {prefix: B-CM}, debit_memo: {prefix: B-DM}}"
    )
    assert refused_codes(sets(starts)) == ["sequence-start"]


def test_a_field_is_not_called_as_an_attribute() -> None:
    """It would have what a book holds under `custom`, and never the attribute that it looks like."""
    found = refusals("fields: {account.sequence_set: {type: choice, values: [DE, AT]}}")
    assert [one.code for one in found] == ["field-known"]
    assert found[0].hint == "call the field otherwise, like `account.entity`"
    asked = "exceptions: [{id: a, operations: [write_off_invoice], when: {account.payment_term: Net 30}, "
    (found_there,) = refusals(asked + "then: {bill_to_contact: [account, invoice]}, because: test}]")
    assert found_there.code == "field-unknown"
    assert "an attribute cannot be asked for" in str(found_there.hint)
