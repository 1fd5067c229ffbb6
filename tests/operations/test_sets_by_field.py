"""A sequence set for each legal entity: the policy's default, chosen by a field of the account (docs/numbers.md)."""

from __future__ import annotations

import pytest

from billpolicy.comparing.declared import declared_changes
from tests.helpers.plan_views import inherited, numbers
from tests.helpers.scenes import plan, policy, refusals, refused

FIELD = "fields: {account.legal_entity: {type: choice, values: [DE, AT, CH]}}\n"
KINDS = ("invoice", "credit_memo", "debit_memo")
SETS = "sequence_sets:\n" + "".join(
    f"  ACME-{one}: {{{', '.join(f'{kind}: {{prefix: {one}-{kind[:1].upper()}}}' for kind in KINDS)}}}\n"
    for one in ("DE", "AT")
)


def by(default: str) -> str:
    return f"{FIELD}{SETS}defaults: {{sequence_set: {default}}}\n"


CLOSED = by("{by: account.legal_entity, values: {DE: ACME-DE, AT: ACME-AT}}")
OPEN = by("{by: account.legal_entity, values: {DE: ACME-DE, AT: ACME-AT}, otherwise: DEFAULT}")
CHARGED = "operation: credit_memo_from_charge\naccount: a\ncharges: [{charge: setup, amount: 1.00}]\n"


def book(account: str = "") -> str:
    fields = f"id: a, currency: EUR, attributes: {{bill_to_contact: c}}{account}"
    return f"accounts: [{{{fields}}}]\ncontacts: [{{id: c, account: a}}]\ncharges: [{{id: setup, name: Setup}}]\n"


OF = ", custom: {{legal_entity: {}}}".format


@pytest.mark.parametrize(("entity", "number"), [("DE", "DE-C00000001"), ("AT", "AT-C00000001")])
@pytest.mark.parametrize("text", [CLOSED, OPEN])
def test_the_field_chooses(text: str, entity: str, number: str) -> None:
    found = plan(book(OF(entity)), CHARGED, policy=text)
    assert numbers(found) == [number]
    assert inherited(found)["sequence_set"] == (f"ACME-{entity}", "default")


@pytest.mark.parametrize("account", [OF("CH"), ""])
def test_what_it_does_not_say_is_refused_unless_there_is_another_default(account: str) -> None:
    assert refused(book(account), CHARGED, policy=CLOSED) == ["chain-exhausted"]
    assert numbers(plan(book(account), CHARGED, policy=OPEN)) == ["CM00000001"]


@pytest.mark.parametrize(("country", "number"), [("DE", "DE-C00000001"), ("FR", "CM00000001")])
def test_the_country_of_the_account_chooses_as_a_field_of_the_policys_own_does(country: str, number: str) -> None:
    text = by("{by: account.country, values: {DE: ACME-DE, AT: ACME-AT}, otherwise: DEFAULT}")
    assert numbers(plan(book(f", country: {country}"), CHARGED, policy=text)) == [number]


def test_the_accounts_own_set_comes_first() -> None:
    own = book(OF("DE")).replace("bill_to_contact: c}", "bill_to_contact: c, sequence_set: ACME-AT}")
    assert numbers(plan(own, CHARGED, policy=CLOSED)) == ["AT-C00000001"]


@pytest.mark.parametrize(
    ("default", "codes"),
    [
        ("{by: account.entity, values: {DE: ACME-DE}}", ["default-by"]),
        ("{by: invoice.number, values: {DE: ACME-DE}}", ["default-by"]),
        ("{by: account.legal_entity, values: {FR: ACME-DE}}", ["default-by"]),
        ("{by: account.country, values: {Germany: ACME-DE}}", ["default-by"]),
        ("{by: account.currency, values: {EURO: ACME-DE}}", ["default-by"]),
        ("{by: account.legal_entity, values: {DE: ACME-FR}}", ["default-unknown"]),
        ("{by: account.legal_entity, values: {DE: ACME-DE}, otherwise: ACME-FR}", ["default-unknown"]),
        ("{by: account.legal_entity}", ["value-wrong"]),
        ("{by: account.legal_entity, values: {}}", ["value-wrong"]),
        ("{values: {DE: ACME-DE}}", ["value-wrong"]),
    ],
)
def test_what_is_no_default(default: str, codes: list[str]) -> None:
    assert [one.code for one in refusals(by(default)) if one.severity == "error"] == codes


@pytest.mark.parametrize(
    ("default", "code", "shown"),
    [
        ("{by: account.entity, values: {DE: ACME-DE}}", "default-by", "account.entity"),
        ("{by: account.legal_entity, values: {AT: ACME-AT, FR: ACME-DE}}", "default-by", "FR"),
        ("{by: account.country, values: {DE: ACME-DE, Germany: ACME-DE}}", "default-by", "Germany"),
        ("{by: account.legal_entity, values: {DE: ACME-DE, AT: ACME-FR}}", "default-unknown", "ACME-FR"),
        ("{by: account.legal_entity, values: {DE: ACME-DE}, otherwise: ACME-FR}", "default-unknown", "ACME-FR"),
    ],
)
def test_it_is_told_where_it_stands(default: str, code: str, shown: str) -> None:
    """Not the whole mapping: what is wrong begins and ends where it stands in the line."""
    (told,) = (one for one in refusals(by(default)) if one.severity == "error")
    assert told.code == code
    at = told.position
    assert at is not None
    (line,) = (line for line in by(default).splitlines() if default in line)
    assert (at.column, at.end_column) == (line.index(shown) + 1, line.index(shown) + 1 + len(shown))


def test_a_layer_that_says_it_again_says_all_of_it() -> None:
    assert policy(CLOSED).defaults == {"payment_term": "Due Upon Receipt"}
    assert policy(OPEN).defaults["sequence_set"] == "DEFAULT"


def test_a_diff_tells_it() -> None:
    (told,) = (one for one in declared_changes(policy(OPEN), policy(CLOSED)) if one.section == "defaults")
    assert (told.effect, told.before, told.after) == (
        "decisions",
        "by account.legal_entity: AT ACME-AT, DE ACME-DE, otherwise DEFAULT",
        "by account.legal_entity: AT ACME-AT, DE ACME-DE",
    )
