"""No spelling of a name and no choice of approvers gets past what a policy says of people: a plain model agrees."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from hypothesis import given as tried_on
from hypothesis import strategies as st

import billpolicy
from billpolicy.diagnostics.diagnostic import Refused
from tests.helpers.books import book_from
from tests.helpers.memory_store import MemoryStore
from tests.helpers.properties import examples
from tests.helpers.scenes import TODAY, run, versions

BOOK = book_from("""
accounts: [{id: a, currency: USD}]
invoices: [{number: I1, account: a, date: 2026-01-01, currency: USD, items: [{id: x, amount: 5000.00}]}]
payments: [{number: P1, account: a, date: 2026-02-02, currency: USD, amount: 5000.00}]
""")
ROLES = {"clerk": ["ann", "bob smith"], "lead": ["cem", "dörte"], "cfo": ["eva", "fay"]}
ALIASES = {"ann": ["a.n"], "cem": ["c.m", "cem@example.com"], "eva": ["e.v"]}
STRANGERS = ["ana", "cеm", "eve", "clerk"]
"""The second one has a Cyrillic letter."""
LIMIT = 100


class Approval(NamedTuple):
    by: tuple[str, ...]
    most: int


Outcome = str | Approval


class Rules(NamedTuple):
    """What a policy says: of everybody, and of some roles above a limit."""

    required: bool
    base: Outcome
    above: dict[str, Outcome]

    def text(self) -> str:
        said = [
            f"- {{id: of-{role}, operations: [apply_payment], then: {{permission: {_written(outcome)}}}, "
            f"when: {{actor.role: {role}, amount: {{above: {LIMIT} USD}}}}}}"
            for role, outcome in self.above.items()
        ]
        return (
            f"roles: {ROLES}\naliases: {ALIASES}\n".replace("'", '"')
            + f"operations: {{apply_payment: {{actor: {'required' if self.required else 'optional'}, "
            + f"permission: {_written(self.base)}}}}}\n"
            + ("exceptions:\n" + "\n".join(said) + "\n" if said else "")
        )


def _written(outcome: Outcome) -> str:
    if isinstance(outcome, str):
        return outcome
    by = f"by: [{', '.join(outcome.by)}], " if outcome.by else ""
    return f"{{approval: {{{by}count: {outcome.most}}}}}"


# -- the model -----------------------------------------------------------------------------------------------------

ROLE_OF = {name: role for role, people in ROLES.items() for name in people}
KNOWN_AS = {other: name for name, others in ALIASES.items() for other in others}


class Name(NamedTuple):
    """A name with a spelling of it."""

    name: str
    written: str

    @property
    def person(self) -> str:
        return KNOWN_AS.get(self.name, self.name)


def says(rules: Rules, person: str | None, amount: int) -> tuple[Outcome, bool]:
    """What is decided for somebody, and whether by a rule that asks who it is."""
    role = ROLE_OF.get(person or "")
    if role in rules.above and amount > LIMIT:
        return rules.above[role], True
    return rules.base, False


def is_done(rules: Rules, actor: Name | None, approvers: list[Name], amount: int) -> bool:
    who, people = actor and actor.person, [one.person for one in approvers]
    outcome, _ = says(rules, who, amount)
    if outcome == "refused" or (rules.required and who not in ROLE_OF):
        return False
    if not isinstance(outcome, Approval):
        return True
    if {who, *people} - ROLE_OF.keys() or len({who, *people}) < 1 + len(people):
        return False
    theirs = [says(rules, one, amount) for one in people]
    if any(one == "refused" or (isinstance(one, Approval) and asks and not outcome.by) for one, asks in theirs):
        return False
    return sum(not outcome.by or ROLE_OF[one] in outcome.by for one in people) >= outcome.most


# -- what is tried -------------------------------------------------------------------------------------------------

SPELT = (
    str,
    str.upper,
    str.title,
    lambda name: name.replace(" ", "   "),
    lambda name: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name),  # full width
    lambda name: name.replace("ö", "o\u0308"),  # decomposed
)
names = st.builds(
    lambda name, spelt: Name(name, spelt(name)),
    st.one_of(st.sampled_from([*ROLE_OF]), st.sampled_from([*ROLE_OF, *KNOWN_AS, *STRANGERS])),
    st.sampled_from(SPELT),
)
approvals = st.builds(
    # No more than there are beside whoever asks: `validate` refuses others.
    lambda by, count: Approval(tuple(sorted(by)), count if len(by) != 1 else 1),
    st.sets(st.sampled_from(sorted(ROLES))),
    st.integers(1, 2),
)
outcomes = st.one_of(st.sampled_from(["allowed", "refused"]), st.just(Approval((), 1)), approvals)
rules = st.builds(Rules, st.booleans(), outcomes, st.dictionaries(st.sampled_from(sorted(ROLES)), outcomes))
Try = tuple[Name | None, list[Name], int]
asked = st.tuples(st.none() | names, st.lists(names, max_size=3), st.sampled_from([LIMIT + 1, 900, LIMIT, 1]))


@examples(80)
@tried_on(rules, st.lists(asked, min_size=1, max_size=40))
def test_nothing_is_done_that_the_policy_refuses(
    rules: Rules, tries: list[tuple[Name | None, list[Name], int]]
) -> None:
    for actor, approvers, amount in tries:
        text = f"operation: apply_payment\npayment: P1\namount: {amount}"
        text += f"\nactor: '{actor.written}'" if actor else ""
        text += f"\napproved_by: {[one.written for one in approvers]}" if approvers else ""
        (planned,) = run(BOOK, text, policy=rules.text())
        done = planned.plan is not None
        assert done == is_done(rules, actor, approvers, amount), (text, [str(one) for one in planned.problems])


@examples(40)
@tried_on(rules, st.lists(asked, min_size=1, max_size=5))
def test_approvals_given_apart_let_nothing_else_pass(rules: Rules, tries: list[Try]) -> None:
    """Each is given by itself, and what is refused is not on record: in the end it is done with those that are."""
    policy = versions(rules.text())
    for actor, approvers, amount in tries:
        place = MemoryStore(BOOK)
        asked = {"id": "op", "operation": "apply_payment", "payment": "P1", "amount": amount}
        asked |= {} if actor is None else {"actor": actor.written}
        given: list[Name] = []
        try:
            billpolicy.wait(policy, place, asked, who="root", today=TODAY)
            for approver in approvers:
                with suppress(Refused):
                    billpolicy.approve(policy, place, "op", actor=approver.written, today=TODAY)
                    given.append(approver)
        except Refused:
            assert billpolicy.waiting(place) == []
        try:
            posted = bool(billpolicy.post(policy, place, asked, who="root", today=TODAY))
        except Refused:
            posted = False
        assert posted == is_done(rules, actor, given, amount)
        assert not given or len({one.person for one in given}) == len(given)
