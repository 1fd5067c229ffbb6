"""Every finding of a random policy that a book and an operation can be made for is shown by them when they are run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given

from billpolicy.analysis.analyse import analyse
from billpolicy.analysis.finding import Finding, Shown
from billpolicy.book.load import book_from
from billpolicy.deciding.matching.reference import unmet
from billpolicy.deciding.proven import prove
from billpolicy.deciding.watching import Question
from billpolicy.policy.model import Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.witness.analysed import witness_of
from billpolicy.witness.running import Ran, run
from tests.helpers.plain_policies import Drawn, Size, policies, text_of
from tests.helpers.properties import examples
from tests.helpers.scenes import HEAD
from tests.helpers.scenes import policy as standard

SIZE = Size(amounts=(0, 1, 5000))


def above_the_standard(drawn: Drawn) -> Policy:
    """The rules of a drawn policy on top of the standard one: real operations, with attributes of their own."""
    text = text_of(drawn.plain)
    head, said = text[: text.index("attributes:")], text[text.index("roles:" if drawn.plain.roles else "operations:") :]
    said = said.replace("contact:", "bill_to_contact:").replace("note:", "sequence_set:")
    codes = f"reason_codes: {{credit_memo: [A, B, C, {', '.join(standard().reason_codes['credit_memo'])}]}}\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(head + HEAD.splitlines()[1] + "\n" + codes + said, encoding="utf-8")
        return prove(file, proofs=False)


def matched(policy: Policy, asked: Question) -> list[str]:
    """The exceptions that are in force and match."""
    those = (one for one in policy.exceptions_for(asked.operation) if one.effective.includes(asked.date))
    return [one.id for one in those if not unmet(one, asked.facts)]


def survivors(policy: Policy, asked: Question, key: str) -> tuple[str, ...]:
    return Precedence.of(policy, asked.operation).decide(matched(policy, asked), key).survivors


def codes_of(ran: Ran) -> set[str]:
    return {one.code for one in ran.problems}


def shows(policy: Policy, finding: Finding, shown: Shown, ran: Ran) -> bool:
    """Whether what a finding claims is seen when its witness is run."""
    code, about = finding.diagnostic.code, finding.diagnostic.message.split("`")[1]
    asked = [one for one in ran.asked if one.operation == shown.operation]
    rule = next((one for one in policy.exceptions if one.id == about), None)
    keys = [] if rule is None else list(rule.then)
    if code == "exceptions-conflict":
        return "exceptions-conflict" in codes_of(ran)
    if code == "exception-dead":
        return any(
            about in matched(policy, one) and not any(about in survivors(policy, one, key) for key in keys)
            for one in asked
        )
    if code == "exception-redundant":
        return any(about in survivors(policy, one, key) for one in asked for key in keys)
    if code == "chain-open":
        # Permission is asked first, and no chain is looked at where exceptions conflict.
        decided = any(about in survivors(policy, one, shown.attribute or "") for one in asked)
        stopped = codes_of(ran) & {"not-permitted", "exceptions-conflict", "approval-missing"}
        return (rule is None or decided) and bool(codes_of(ran) & {"chain-exhausted"} or stopped)
    if code == "currency-unchecked":
        return any(not survivors(policy, one, key) for one in asked for key in keys)
    if code == "limit-of-one-currency":  # another rule may decide there, by which less is stopped
        silent = finding.diagnostic.message.split("`")[1]
        return any(silent not in survivors(policy, one, "permission") for one in asked)
    if code == "limit-passed":
        return "not-permitted" not in codes_of(ran) and bool(asked)
    return code in ("ends-without-successor", "dated-hole")


@examples(60)
@given(policies(4, SIZE))
def test_what_is_found_is_shown(drawn: Drawn) -> None:
    policy = above_the_standard(drawn)
    for finding in analyse(policy).findings:
        shown = finding.shown
        made = None if shown is None else witness_of(policy, shown)
        if made is not None and shown is not None:
            ran = run(policy, book_from(made.book), made.operations, made.today)
            assert shows(policy, finding, shown, ran), (finding, ran.problems, made.json(), text_of(drawn.plain))
