"""Who may do what: roles, limits of authority and second persons, as the policy says. docs/domain.md 2.8."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.operations_file import operations_of
from billpolicy.planning.request import request_data
from billpolicy.source.tree import parse_text
from tests.helpers.books import book_from
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.scenes import versions
from tests.helpers.steps import refused, run

BOOK = """
accounts: [{id: a, currency: USD}]
invoices: [{number: I1, account: a, date: 2026-01-01, currency: USD, items: [{id: x, amount: 5000.00}]}]
payments: [{number: P1, account: a, date: 2026-02-02, currency: USD, amount: 5000.00}]
"""
POLICY = """
roles:
  clerk: [ann, bob]
  lead: [cem]
  trainee: [dan]
exceptions:
- id: trainees-do-not-apply
  operations: [apply_payment]
  when: {actor.role: trainee}
  then: {permission: refused}
  because: "FIN-7: trainees watch"
- id: large-sums-of-clerks
  operations: [apply_payment]
  when: {actor.role: clerk, amount: {above: 1000.00 USD}}
  then: {permission: approval}
  because: "FIN-8: four eyes"
- id: nobody-is-anonymous
  operations: [unapply_payment]
  when: {account.id: a}
  then: {actor: required}
  because: "FIN-9: say who"
- id: not-even-leads
  operations: [create_refund]
  when: {actor.id: cem}
  then: {permission: refused}
  because: "FIN-10"
"""
APPLY = "operation: apply_payment, payment: P1"
BOOK_NOW = book_from(BOOK)
ALL_OF_IT = """
exceptions:
- id: all-with-approval
  operations: [apply_payment]
  when: {account.id: a}
  then: {permission: approval}
  because: always four eyes
"""


def told(text: str, own: str = POLICY) -> str:
    (problem,) = refused(BOOK_NOW, text, own)
    return f"{problem.code}: {problem.message}"


@pytest.mark.parametrize(
    "more",
    [
        "amount: 1000, actor: ann",  # the limit itself is within it
        "amount: 1000.01, actor: cem",  # a lead has no limit
        "amount: 1000.01, actor: ann, approved_by: cem",
        "amount: 1000.01, actor: eve",  # without a role: nothing in this policy is about her, and none is asked for
        "amount: 1000.01",
        "amount: 1000, actor: ann, approved_by: ann",  # nothing asks for approval
    ],
)
def test_allowed(more: str) -> None:
    plan, _ = run(BOOK_NOW, f"{APPLY}, {more}", POLICY)
    assert plan.applications


@pytest.mark.parametrize(
    ("more", "starts"),
    [
        ("amount: 0.01, actor: dan", "not-permitted: `dan` may not do this (rule `trainees-do-not-apply`, "),
        (
            "amount: 1000.01, actor: ann",
            "approval-missing: this needs the approval of a second person (rule `large-sums-of-clerks`, ",
        ),
        ("actor: ann", "approval-missing: "),  # all of it: 5000
        (
            "amount: 1000.01, actor: ann, approved_by: ann",
            "approval-own: `ann` cannot approve an operation of their own (rule `large-sums-of-clerks`, ",
        ),
        (
            "amount: 1000.01, actor: ann, approved_by: dan",
            "approver-not-permitted: `dan` may not do this, so cannot approve it (rule `trainees-do-not-apply`, ",
        ),
        (
            "amount: 1000.01, actor: ann, approved_by: bob",  # a clerk, too
            "approver-not-permitted: `bob` would need approval for this, too, so cannot approve it (rule ",
        ),
        (
            "amount: 1000.01, actor: ann, approved_by: cen",
            "approver-unknown: `cen`, who approves this, is in none of the policy's roles (rule `large-sums-of-",
        ),
    ],
)
def test_not_permitted(more: str, starts: str) -> None:
    assert told(f"{APPLY}, {more}").startswith(starts)


def test_the_rule_is_named_with_its_place_and_its_reason() -> None:
    # Three lines stand before the policy's own (`HEAD` of the scenes), and its first one is empty.
    line = POLICY.splitlines().index("- id: trainees-do-not-apply") + 4
    message = told(f"{APPLY}, actor: dan")
    assert f"policy.yaml:{line}:" in message
    assert message.endswith(": FIN-7: trainees watch)")
    (problem,) = refused(BOOK_NOW, f"{APPLY}, actor: dan", POLICY)
    assert problem.hint == "ask somebody who may"


def test_an_actor_is_required() -> None:
    _, paid = run(BOOK_NOW, APPLY, POLICY)
    text = "operation: unapply_payment, payment: P1"
    (problem,) = refused(paid, text, POLICY)
    assert problem.code == "actor-missing"
    assert problem.message.startswith("nobody is named as the actor of this operation (rule `nobody-is-anonymous`, ")
    assert problem.message.endswith("FIN-9: say who)")
    assert problem.hint == "add `actor: NAME`, or say --actor NAME"
    plan, _ = run(paid, f"{text}, actor: bob", POLICY)
    assert plan.actor == "bob"
    (problem,) = refused(paid, f"{text}, actor: bop", POLICY)
    assert problem.code == "actor-unknown"
    assert problem.message.startswith(
        "`bop`, the actor, is in none of the policy's roles (rule `nobody-is-anonymous`, "
    )
    assert problem.hint == "did you mean `bob`?"


def test_who_leaves_their_name_out_cannot_approve() -> None:
    assert told(APPLY, ALL_OF_IT).startswith("approval-missing: ")
    assert told(f"{APPLY}, approved_by: ann", ALL_OF_IT).startswith(
        "actor-missing: nobody is named whom `ann` would approve (rule `all-with-approval`, "
    )
    plan, _ = run(BOOK_NOW, f"{APPLY}, actor: bob, approved_by: ann", ALL_OF_IT)
    assert (plan.actor, plan.approved_by) == ("bob", ("ann",))


def test_a_condition_on_one_person() -> None:
    text = "operation: create_refund, of: P1, amount: 1"
    assert told(f"{text}, actor: cem").startswith("not-permitted: `cem` may not do this (rule `not-even-leads`, ")
    run(BOOK_NOW, f"{text}, actor: ann", POLICY)


def test_the_standard_policy_trusts_everybody() -> None:
    plan, _ = run(BOOK_NOW, APPLY)
    (decided,) = plan.decisions
    assert (decided.text("permission"), decided.text("actor")) == ("allowed", "optional")


# -- who approves ------------------------------------------------------------------------------------------------------

TWO = """
roles: {clerk: [ann, bob], lead: [cem, eva], cfo: [max]}
aliases: {max: [m.maier, max@example.com]}
exceptions:
- id: two-of-them
  operations: [apply_payment]
  when: {amount: {above: 10.00 USD}}
  then: {permission: {approval: {by: [lead, cfo], count: 2}}}
  because: FIN-11
"""


@pytest.mark.parametrize(
    ("people", "codes"),
    [
        ("actor: ann, approved_by: [cem, max]", []),
        ("actor: ann, approved_by: [Cem, M.Maier]", []),
        ("actor: cem, approved_by: [eva, max]", []),  # a lead among them, whom the same rule asks for approval
        ("actor: ann, approved_by: cem", ["approval-missing"]),
        ("actor: ann", ["approval-missing"]),
        ("actor: ann, approved_by: [cem, cem]", ["approval-twice"]),
        ("actor: ann, approved_by: [max, ＭＡＸ]", ["approval-twice"]),
        ("actor: ann, approved_by: [max, max@example.com]", ["approval-twice"]),
        ("actor: ann, approved_by: [cem, bob]", ["approver-not-permitted"]),
        ("actor: ann, approved_by: [cem, mex]", ["approver-unknown"]),
        ("actor: cem, approved_by: [CEM, max]", ["approval-own"]),
        ("actor: m.maier, approved_by: [cem, max]", ["approval-own"]),
        ("actor: anm, approved_by: [cem, max]", ["actor-unknown"]),
        ("actor: ann, approved_by: [bob, nobody]", ["approver-unknown"]),
        ("actor: ann, approved_by: [bob, cem, max]", []),  # bob may look, too; he is not counted
        ("approved_by: [cem, max]", ["actor-missing"]),
    ],
)
def test_several_approve(people: str, codes: list[str]) -> None:
    text = f"{APPLY}, amount: 10.01, {people}"
    if codes:
        assert [problem.code for problem in refused(BOOK_NOW, text, TWO)] == codes
    else:
        run(BOOK_NOW, text, TWO)


def test_whom_an_approval_asks_for_is_told() -> None:
    assert told(f"{APPLY}, actor: ann, approved_by: cem", TWO).startswith(
        "approval-missing: this needs the approval of 2 people in the roles cfo or lead, not of `cem` alone "
        "(rule `two-of-them`, "
    )
    assert told(f"{APPLY}, actor: ann, approved_by: [cem, bob]", TWO).startswith(
        "approver-not-permitted: `bob` is a clerk; this needs the approval of 2 people in the roles cfo or lead "
    )
    plan, _ = run(BOOK_NOW, f"{APPLY}, actor: ann, approved_by: [cem, max]", TWO)
    (decided,) = plan.decisions
    assert decided.text("permission") == "approval by 2 of cfo, lead"


def test_four_eyes_for_everybody_are_any_two() -> None:
    """The rule does not ask who it is, so that the other would need approval, too, says nothing against them."""
    run(BOOK_NOW, f"{APPLY}, actor: ann, approved_by: bob", f"roles: {{clerk: [ann, bob]}}\n{ALL_OF_IT}")


@pytest.mark.parametrize("spelling", ["dan", "Dan", "DAN", "ｄａｎ", "d.a.n"])
def test_no_spelling_escapes_a_rule(spelling: str) -> None:
    own = f"aliases: {{dan: [d.a.n]}}\n{POLICY}"
    assert told(f"{APPLY}, amount: 1, actor: '{spelling}'", own).startswith(f"not-permitted: `{spelling}` may not")
    own = own.replace("actor.role: trainee", "actor.id: DAN")
    assert told(f"{APPLY}, amount: 1, actor: '{spelling}'", own).startswith(f"not-permitted: `{spelling}` may not")


@pytest.mark.parametrize("spelling", [" DAN ", "d\u200ban", "da\u00adn"])
def test_no_spelling_with_what_nobody_sees_is_a_name(spelling: str) -> None:
    assert told(f"{APPLY}, amount: 1, actor: '{spelling}'", POLICY).startswith("value-wrong: this text ")
    assert told(f"{APPLY}, actor: ann, approved_by: '{spelling}'", ALL_OF_IT).startswith("value-wrong: this text ")


def test_what_nobody_sees_makes_no_second_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it where a ledger has such names of a time when they were let in, and any second person approves."""
    monkeypatch.setattr("billpolicy.source.scalars._is_hidden", lambda c: False)
    found = told(f"{APPLY}, actor: ann, approved_by: an\u200bn", ALL_OF_IT)
    assert found.startswith("approval-own: ")
    two = ALL_OF_IT.replace("permission: approval", "permission: {approval: {count: 2}}")
    found = told(f"{APPLY}, actor: ann, approved_by: [bob, b\u2060ob]", two)
    assert found.startswith("approval-twice: ")


def test_strangers_do_not_pass_where_an_actor_is_required() -> None:
    """Names in no role, misspelt: neither do they do it alone, above any limit, nor do they approve it."""
    own = """
roles: {clerk: [ines], lead: [maria]}
every_operation: {actor: required}
exceptions:
- id: limit
  operations: [apply_payment]
  when: {actor.role: clerk, amount: {above: 100.00 USD}}
  then: {permission: approval}
"""
    text = f"{APPLY}, actor: "
    (misspelt,) = refused(BOOK_NOW, f"{text}inez", own)
    assert (misspelt.code, misspelt.hint) == ("actor-unknown", "did you mean `ines`?")
    (approver,) = refused(BOOK_NOW, f"{text}ines, approved_by: marja", own)
    assert (approver.code, approver.hint) == ("approver-unknown", "did you mean `maria`?")
    run(BOOK_NOW, f"{text}ines, approved_by: maria", own)


# -- the policy itself -------------------------------------------------------------------------------------------------


def wrong(own: str) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused_:
        versions(own)
    return [(problem.code, problem.message) for problem in refused_.value.diagnostics]


def test_a_person_has_one_role() -> None:
    assert wrong("roles: {clerk: [ann, bob], lead: [bob]}\n") == [("role-twice", "`bob` has the role `clerk` already")]


RULE = "exceptions: [{id: x, operations: [apply_payment], when: {%s}, then: {permission: %s}}]\n"


_TWO_LEADS = "wants the approval of 2 people in the role lead; beside whoever asks there is"


@pytest.mark.parametrize(
    ("own", "code", "message"),
    [
        ("roles: {clerk: [ann], lead: [Ann]}", "role-twice", "`Ann` has the role `clerk` already"),
        ("roles: {clerk: [ann, ANN]}", "role-twice", "`ANN` has the role `clerk` already"),
        (
            "roles: {clerk: [ann]}\naliases: {anne: [a.smith]}",
            "person-unknown",
            "`anne` has other names here, and is in none of the roles",
        ),
        (
            "roles: {clerk: [ann, bob]}\naliases: {ann: [a.smith], bob: [A.Smith]}",
            "alias-taken",
            "`a.smith` is named as another name of `bob`, and is a name of `ann`",
        ),
        (
            "roles: {clerk: [ann, bob]}\naliases: {ann: [BOB]}",
            "alias-taken",
            "`bob` is named as another name of `ann`, and is a name of `bob`",
        ),
        (
            "aliases: {ann: [a.smith]}\n" + RULE % ("actor.id: A.Smith", "refused"),
            "alias-in-condition",
            "`x` asks for `a.smith`, which is another name of `ann`",
        ),
        (
            "roles: {clerk: [ann], lead: [bob]}\nevery_operation: {permission: {approval: {by: [led]}}}",
            "role-unknown",
            "there is no role `led`",
        ),
        (
            "roles: {lead: [bob]}\noperations: {apply_payment: {permission: {approval: {by: lead, count: 2}}}}",
            "approval-impossible",
            f"`apply_payment.permission` {_TWO_LEADS} nobody",
        ),
        (
            "roles: {clerk: [ann], lead: [bob, cem]}\n"
            + RULE % ("actor.role: lead", "{approval: {by: lead, count: 2}}"),
            "approval-impossible",
            f"`x` {_TWO_LEADS} one",
        ),
        (
            "operations: {apply_payment: {permission: {approval: {count: 10}}}}",
            "value-wrong",
            "`count` is how many people approve, from 1 to 9",
        ),
        (
            "operations: {apply_payment: {permission: {approval: {by: []}}}}",
            "value-wrong",
            "`by` lists at least one role, like `{approval: {by: [lead]}}`",
        ),
        (
            "operations: {apply_payment: {permission: {approval: {count: 2}, because: x}}}",
            "value-wrong",
            "with its reason it is written `{is: {approval: ...}, because: text}`",
        ),
        (
            "operations: {apply_payment: {permission: approval by 2}}",
            "value-not-allowed",
            "`approval by 2` is not a value of `permission`",
        ),
        (
            "operations: {apply_payment: {actor: {approval: {count: 2}}}}",
            "value-wanted",
            "`actor` is one value, not a list of levels",
        ),
    ],
)
def test_what_a_policy_cannot_say_of_people(own: str, code: str, message: str) -> None:
    assert (code, message) in wrong(own + "\n")


def test_whoever_leaves_their_name_out_escapes() -> None:
    text = "roles: {clerk: [ann]}\nexceptions: [{id: x, operations: [apply_payment], when: {actor.role: clerk}, %s}]\n"
    stops = text % "then: {permission: approval}"
    assert [one.code for one in versions(stops).policies[0].warnings] == ["actor-optional"]
    for closed in (
        stops + "every_operation: {actor: required}\n",
        stops + "every_operation: {permission: refused}\n",
        text % "then: {permission: allowed}",
        stops.replace("actor.role: clerk", "actor.role: {is: unset}"),
    ):
        assert versions(closed).policies[0].warnings == ()


def test_an_approval_is_the_same_in_any_order() -> None:
    said = ["{approval: {by: [lead, clerk], count: 2}}", "{approval: {count: 2, by: [clerk, lead]}}"]
    head = "roles: {clerk: [ann], lead: [bob, cem]}\nevery_operation: {permission: "
    outcomes = [versions(f"{head}{one}}}\n").policies[0].base["apply_payment", "permission"].outcome for one in said]
    assert outcomes[0] == outcomes[1]
    assert str(outcomes[0]) == "approval by 2 of clerk, lead"
    for alone in ("approval", "{approval: {count: 1}}"):
        assert str(versions(f"{head}{alone}}}\n").policies[0].base["apply_payment", "permission"].outcome) == "approval"


def test_conditions_name_roles_that_there_are() -> None:
    ((code, message),) = wrong(POLICY.replace("actor.role: clerk", "actor.role: clark"))
    assert code == "condition-wrong"
    assert "clark" in message


def test_conditions_on_roles_need_roles() -> None:
    ((code, _),) = wrong(
        "exceptions:\n- {id: x, operations: [apply_payment], when: {actor.role: clerk}, "
        "then: {permission: refused}, because: test}\n"
    )
    assert code == "condition-wrong"


@pytest.mark.parametrize(("key", "value"), [("permission", "maybe"), ("actor", "wanted")])
def test_values_are_from_a_list(key: str, value: str) -> None:
    ((code, _), *_) = wrong(f"every_operation:\n  {key}: {{is: {value}, because: test}}\n")
    assert code == "value-not-allowed"


# -- the command line, and idempotency ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    head = f"policy: own\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
    (tmp_path / "own.yaml").write_text(head + POLICY, encoding="utf-8")
    (tmp_path / "book.yaml").write_text(BOOK, encoding="utf-8")
    return tmp_path


def planned(folder: Path, operation: str, *options: str) -> tuple[int, str]:
    (folder / "ops.yaml").write_text(f"operations:\n- {{id: op, {operation}}}\n", encoding="utf-8")
    engine = ("--engine", "python", "--today", "2026-03-15")
    ran = billpolicy("plan", "ops.yaml", "--policy", "own.yaml", "--book", "book.yaml", *engine, *options)
    return ran.code, " ".join((ran.out + ran.err).split())


def test_actor_of_the_command_line(folder: Path) -> None:
    assert planned(folder, APPLY, "--actor", "cem")[0] == 0
    code, text = planned(folder, APPLY, "--actor", "dan")
    assert code != 0
    assert "`dan` may not do this" in text
    # The actor that the operation names wins, whether it may or not.
    assert planned(folder, f"{APPLY}, actor: cem", "--actor", "dan")[0] == 0
    code, text = planned(folder, f"{APPLY}, actor: dan", "--actor", "cem")
    assert code != 0
    assert "`dan` may not do this" in text


def test_actor_of_the_command_line_does_not_approve(folder: Path) -> None:
    code, text = planned(folder, f"{APPLY}, approved_by: ann", "--actor", "ann")
    assert code != 0
    assert "[approval-own]" in text


def test_people_are_no_part_of_what_is_asked_for() -> None:
    """The same id with the same content is posted once, whoever asks for it the second time."""
    texts = (APPLY, f"{APPLY}, actor: cem", f"{APPLY}, actor: ann, approved_by: cem")
    contents = []
    for text in texts:
        (asked,) = operations_of(parse_text(f"operations:\n- {{id: op, {text}}}\n", "ops.yaml"))
        contents.append(request_data(asked.request))
    assert contents[0] == contents[1] == contents[2]
    plans = [run(BOOK_NOW, text, POLICY)[0] for text in texts]
    assert plans[0].request == plans[1].request == plans[2].request
    assert [(plan.actor, plan.approved_by) for plan in plans] == [(None, ()), ("cem", ()), ("ann", ("cem",))]
