"""`every_operation`, `cash_steps` and `roles` in layers; the names that a policy can use are those that there are."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from billpolicy.allocation import item_rules, model, orders, residual
from billpolicy.analysis.proofs import PROOFS
from billpolicy.billing.documents import NegativeTotals
from billpolicy.billing.proration import Counting
from billpolicy.billing.rating import Rules
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.operations.registry import OPERATIONS
from billpolicy.policy.load import load_policy
from billpolicy.policy.model import Chain, Policy, Setting
from billpolicy.vocabulary import settings
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.scenes import layered, layered_refusals


def value(policy: Policy, operation: str, key: str) -> object:
    outcome = policy.base[operation, key].outcome
    assert isinstance(outcome, Setting)
    return outcome.value


EVERY = "every_operation:\n  allocation: {is: fifo, because: test}\n"
PRORATION = "every_operation:\n  allocation: {is: proration, because: test}\n"
ONE = "operations:\n  apply_payment:\n    allocation: {is: by_component, because: test}\n"


def test_every_operation_that_has_the_setting_gets_it(tmp_path: Path) -> None:
    policy = layered(tmp_path, "every_operation:\n  item_limit: {is: 7, because: test}\n")
    has = [name for name, spec in VOCABULARY.items() if any(s.name == "item_limit" for s in spec.settings)]
    assert len(has) >= 5
    assert {value(policy, name, "item_limit") for name in has} == {7}
    assert {name for name, key in policy.base if key == "item_limit"} == set(has)


@pytest.mark.parametrize("text", [EVERY + ONE, ONE + EVERY])
def test_in_one_layer_the_operation_of_its_own_wins(tmp_path: Path, text: str) -> None:
    policy = layered(tmp_path, text)
    assert value(policy, "apply_payment", "allocation") == "by_component"
    assert value(policy, "apply_credit_memo", "allocation") == "fifo"


def test_a_later_layer_replaces_all_of_the_base(tmp_path: Path) -> None:
    """Also what the base says of single operations: here fifo for unapplying."""
    assert value(layered(tmp_path), "unapply_payment", "allocation") == "fifo"
    policy = layered(tmp_path, ONE, PRORATION)
    assert value(policy, "apply_payment", "allocation") == "proration"
    assert value(policy, "unapply_payment", "allocation") == "proration"
    assert policy.base["unapply_payment", "allocation"].position.file.endswith("layer1.yaml")
    # And a later one again of one operation only.
    policy = layered(tmp_path, EVERY, ONE)
    assert value(policy, "apply_payment", "allocation") == "by_component"
    assert value(policy, "create_payment", "allocation") == "fifo"


def test_a_value_that_only_some_operations_have(tmp_path: Path) -> None:
    """`by_component` is no rule for unapplying or refunding: it holds where it can, and these keep what they have."""
    without = ("create_refund", "unapply_credit_memo", "unapply_payment")
    policy = layered(tmp_path, EVERY.replace("fifo", "by_component"))
    for name, spec in VOCABULARY.items():
        if any(setting.name == "allocation" for setting in spec.settings):
            assert value(policy, name, "allocation") == ("fifo" if name in without else "by_component"), name
    (told,) = policy.warnings
    assert told.code == "value-not-everywhere"
    assert told.message == (
        "`allocation: by_component` is no value of `unapply_payment`, `unapply_credit_memo`, `create_refund`: "
        "what was said of them before holds there"
    )
    assert told.position is not None
    assert told.position.line == 5


def test_every_command_that_judges_a_policy_tells_it(tmp_path: Path) -> None:
    """One line of `every_operation`, one warning: the same of `validate` as of `analyze`, which fails by it."""
    file = tmp_path / "policy.yaml"
    line = "every_operation: {allocation: {is: by_component, because: test}}\n"
    file.write_text(f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n{line}", encoding="utf-8")
    told = [billpolicy("validate", str(file)), billpolicy("analyze", str(file))]
    assert [one.code for one in told] == [0, 1]
    for one in told:
        assert one.out.count("policy.yaml:4:19: warning: `allocation: by_component`") == 1
        assert one.out.count("warning:") == 1
    ignored = line.replace("\n", "  # billpolicy: ignore[value-not-everywhere] it is known\n")
    file.write_text(file.read_text(encoding="utf-8").replace(line, ignored), encoding="utf-8")
    for command in ("validate", "analyze"):
        assert (billpolicy(command, str(file)).code, "warning" in billpolicy(command, str(file)).out) == (0, False)
    nothing = ignored.replace("by_component", "fifo")
    file.write_text(file.read_text(encoding="utf-8").replace(ignored, nothing), encoding="utf-8")
    assert "[suppression-unused]" in billpolicy("analyze", str(file)).out


def test_where_each_of_the_others_says_its_own_there_is_nothing_to_tell(tmp_path: Path) -> None:
    own = "".join(
        f"  {name}: {{allocation: {{is: proration, because: test}}}}\n"
        for name in ("create_refund", "unapply_credit_memo", "unapply_payment")
    )
    policy = layered(tmp_path, EVERY.replace("fifo", "by_component") + f"operations:\n{own}")
    assert policy.warnings == ()
    assert value(policy, "create_refund", "allocation") == "proration"
    assert value(policy, "apply_payment", "allocation") == "by_component"


def test_an_unknown_key(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, "every_operation:\n  alocation: {is: fifo, because: test}\n")
    assert problem.code == "decision-unknown"
    assert problem.message == "no operation has anything called `alocation` to decide"
    assert problem.hint == "did you mean `allocation`?"
    assert problem.position is not None
    assert problem.position.line == 5


def test_a_wrong_value_is_told_once(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, EVERY.replace("fifo", "fifi"))
    assert problem.code == "value-not-allowed"


def test_said_twice_in_one_layer(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    head = f"policy: own\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
    (folder / "a.yaml").write_text(head + EVERY, encoding="utf-8")
    (folder / "b.yaml").write_text(PRORATION, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        load_policy(folder, VOCABULARY, PROOFS)
    assert [problem.code for problem in refused.value.diagnostics] == ["said-twice"]


def test_an_attribute_leaves_operations_without_documents_alone(tmp_path: Path) -> None:
    policy = layered(tmp_path, "every_operation:\n  sequence_set: {from: [account, default], because: test}\n")
    assert policy.base["transfer_payment", "sequence_set"].outcome == Chain(("account", "default"))
    decided = {name for name, key in policy.base if key == "sequence_set"}
    assert decided == {name for name, spec in VOCABULARY.items() if spec.produces}
    # The payment term is of invoices and debit memos only.
    policy = layered(tmp_path, "every_operation:\n  payment_term: {from: [account], because: test}\n")
    decided = {name for name, key in policy.base if key == "payment_term"}
    have_terms = {"invoice", "debit_memo"}
    assert decided == {name for name, spec in VOCABULARY.items() if not have_terms.isdisjoint(spec.produces)}


def test_an_attribute_from_a_level_that_some_operations_lack(tmp_path: Path) -> None:
    problems = layered_refusals(
        tmp_path, "every_operation:\n  sequence_set: {from: [invoice, default], because: test}\n"
    )
    assert {problem.code for problem in problems} == {"level-not-here"}


# -- cash steps and roles ----------------------------------------------------------------------------------------------


def test_cash_steps(tmp_path: Path) -> None:
    assert layered(tmp_path).cash_steps == {}
    policy = layered(tmp_path, "cash_steps: {CHF: 0.05, SEK: 1.00}\n", "cash_steps: {CHF: 0.10}\n")
    assert policy.cash_steps == {"CHF": Decimal("0.10"), "SEK": Decimal("1.00")}


@pytest.mark.parametrize("text", ["CHF: 0", "CHF: -0.05", "CHF: 0.001", "JPY: 0.5", "CHF: 1000000000000000"])
def test_cash_steps_that_are_none(tmp_path: Path, text: str) -> None:
    (problem,) = layered_refusals(tmp_path, f"cash_steps: {{{text}}}\n")
    assert problem.code == "cash-step"
    assert problem.position is not None
    assert problem.position.line == 4
    assert problem.hint


def test_a_cash_step_is_of_a_currency(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, "cash_steps: {XXX1: 1}\n")
    assert problem.code == "value-wrong"


def test_roles(tmp_path: Path) -> None:
    policy = layered(tmp_path, "roles: {lead: [cem], clerk: [bob, ann]}\n")
    assert policy.roles == {"ann": "clerk", "bob": "clerk", "cem": "lead"}


def test_a_later_layer_replaces_a_role(tmp_path: Path) -> None:
    """All who have it are said anew; the other roles stay."""
    policy = layered(tmp_path, "roles: {lead: [cem], clerk: [bob, ann]}\n", "roles: {clerk: [eve]}\n")
    assert policy.roles == {"cem": "lead", "eve": "clerk"}


@pytest.mark.parametrize("text", ["roles: {clerk: [ann], lead: [eve]}\n", "roles: {lead: [eve], clerk: [ann]}\n"])
def test_a_later_layer_moves_a_person(tmp_path: Path, text: str) -> None:
    """The order of lines does not matter: what counts is who has which role when all is said."""
    policy = layered(tmp_path, "roles: {clerk: [eve], lead: [ann]}\n", text)
    assert policy.roles == {"ann": "clerk", "eve": "lead"}


def test_a_person_in_two_roles_of_two_layers(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, "roles: {clerk: [ann]}\n", "roles: {lead: [ann]}\n")
    assert (problem.code, problem.message) == ("role-twice", "`ann` has the role `clerk` already")
    assert problem.position is not None
    assert problem.position.file.endswith("layer1.yaml")


def test_a_person_twice_in_one_role(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, "roles: {clerk: [ann, ann]}\n")
    assert problem.code == "role-twice"


# -- names -------------------------------------------------------------------------------------------------------------


def test_the_vocabulary_names_what_there_is() -> None:
    assert set(settings.ITEM_RULES) == set(item_rules.ITEM_RULES)
    assert set(settings.LINK_RULES) <= set(item_rules.ITEM_RULES)
    assert tuple(orders.DOCUMENT_ORDERS) == settings.DOCUMENT_ORDERS
    assert tuple(residual.RESIDUALS) == settings.RESIDUALS
    assert settings.SPANS == model.SPANS
    assert settings.FUTURES == model.FUTURES


def test_what_can_follow_says_how() -> None:
    """An operation that the vocabulary lets follow an event has the code for it, and the other way round."""
    assert {name for name, spec in VOCABULARY.items() if spec.follows} == {
        name for name, operation in OPERATIONS.items() if operation.follow is not None
    }


def test_the_choices_of_billing_are_those_that_it_knows() -> None:
    known = {
        "negative_totals": get_args(NegativeTotals),
        **{name: get_args(hint) for name, hint in (get_type_hints(Rules) | get_type_hints(Counting)).items()},
    }
    for setting in VOCABULARY["bill_run"].settings:
        if setting.name in known and setting.type == "choice":
            assert set(setting.choices) == set(known[setting.name]), setting.name
