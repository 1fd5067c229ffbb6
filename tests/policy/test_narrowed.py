"""A policy says which values a field of billpolicy has: its conditions, its proofs and what is decided hold to them
(docs/policy-language.md rule 1)."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from billpolicy.book.model import Account
from billpolicy.deciding.listed import unlisted
from tests.helpers.scenes import layered, layered_refusals, policy, refusals

NARROWED = "fields: {account.country: {values: [DE, AT]}, subscription.plan: {values: [gold, pilot]}}\n"


def exceptions(*rules: tuple[str, str]) -> str:
    """Exceptions of `write_off_invoice`: each a condition, and the bill-to contact it takes."""
    lines = [
        f"  - {{id: rule-{n}, operations: [write_off_invoice], when: {when}, then: {{bill_to_contact: {chain}}}}}\n"
        for n, (when, chain) in enumerate(rules)
    ]
    return "exceptions:\n" + "".join(lines)


def test_the_values_are_kept() -> None:
    assert policy(NARROWED).narrowed == {"account.country": ("DE", "AT"), "subscription.plan": ("gold", "pilot")}


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{account.country: FR}", "`FR` is not one of the values of `account.country` that the policy lists"),
        ("{account.country: {none_of: [DE, FR]}}", "known here: `AT`, `DE`"),
        ("{subscription.plan: piolt}", "did you mean `pilot`?"),
        # It is no country at all, which is told first.
        ("{account.country: Germany}", "use the two-letter code `DE`"),
    ],
)
def test_conditions_hold_to_them(when: str, said: str) -> None:
    (found,) = refusals(NARROWED + exceptions((when, "[account]")))
    assert found.code == "condition-wrong"
    assert said in found.message


def test_all_but_one_of_two_is_the_other() -> None:
    """Neither is narrower, so they conflict; among all countries the first would be contained in the second."""
    rules = exceptions(("{account.country: AT}", "[account]"), ("{account.country: {none_of: [DE]}}", "[invoice]"))
    assert [one.code for one in refusals(NARROWED + rules)] == ["exceptions-conflict"]
    assert policy(rules).narrowed == {}


CONDITIONS: dict[str, set[str | None]] = {
    "{}": {"DE", "AT", "CH", None},
    "{account.country: DE}": {"DE"},
    "{account.country: [DE, AT]}": {"DE", "AT"},
    "{account.country: {none_of: [DE]}}": {"AT", "CH"},
    "{account.country: {none_of: [DE, AT]}}": {"CH"},
    "{account.country: {is: set}}": {"DE", "AT", "CH"},
    "{account.country: {is: unset}}": {None},
}
"""Each with the countries for which it holds, of three and none."""


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(CONDITIONS, 2)])
def test_two_rules_conflict_as_the_countries_that_there_are_say(one: str, other: str) -> None:
    """docs/policy-language.md rule 5: they meet, and neither is contained in the other."""
    a, b = CONDITIONS[one], CONDITIONS[other]
    conflict = bool(a & b) and not (a < b or b < a)
    text = "fields: {account.country: {values: [DE, AT, CH]}}\n" + exceptions((one, "[account]"), (other, "[invoice]"))
    if conflict:
        assert [found.code for found in refusals(text)] == ["exceptions-conflict"]
    else:
        assert policy(text)


def test_what_is_not_among_them_is_no_counterexample() -> None:
    """One of the two always holds, and only one: no country is left in which neither or both would."""
    rules = exceptions(
        ("{account.country: {none_of: [DE]}}", "[account]"),
        ("{account.country: {none_of: [AT]}}", "[invoice]"),
    )
    assert [one.code for one in refusals(rules)] == ["exceptions-conflict"]  # both hold in France
    assert policy(NARROWED + rules)


@pytest.mark.parametrize(
    ("field", "code", "said"),
    [
        ("account.country: {values: [DE, Austria]}", "field-values", "use the two-letter code `AT`"),
        ("account.currency: {values: [Euro]}", "field-values", "like `EUR`"),
        ("payment.type: {values: [cash]}", "field-values", "`cash` is not one of the values of `payment.type`"),
        ("account.country: {values: []}", "field-values", "says nothing of it"),
        ("account.country: {type: country, values: [DE]}", "field-known", "already a field of billpolicy"),
        ("account.name: {values: [Acme]}", "field-known", "already a field of billpolicy"),
        ("invoice.currency: {values: [EUR]}", "field-scope", "no field of an account or a subscription"),
        ("account.segment: {values: [small]}", "key-missing", "does not say its `type`"),
    ],
)
def test_what_cannot_be_said(field: str, code: str, said: str) -> None:
    (found,) = refusals(f"fields: {{{field}}}")
    assert found.code == code
    assert said in found.message


def test_a_layer_leaves_values_out_and_adds_none(tmp_path: Path) -> None:
    """What the base asks about a value that is left out can never hold any more, and is no mistake."""
    base = NARROWED + exceptions(("{account.country: DE}", "[account]"))
    assert layered(tmp_path, base, "fields: {account.country: {values: [AT]}}").narrowed["account.country"] == ("AT",)
    (found,) = layered_refusals(tmp_path, base, "fields: {account.country: {values: [AT, FR]}}")
    assert found.code == "field-values"
    assert "the base policy says that `account.country` has only `DE`, `AT`; here is `FR`, too" in found.message


def test_each_object_is_held_against_them() -> None:
    found = policy(NARROWED)
    assert list(unlisted(found, "account", Account(id="a", currency="EUR", country="DE"))) == []
    assert list(unlisted(found, "account", Account(id="a", currency="EUR"))) == []
    (one,) = unlisted(found, "account", Account(id="a", currency="EUR", country="FR"))
    assert one.field == "country"
    assert one.message == "`FR` is none of the values of `account.country` that the policy lists: DE, AT (account `a`)"
