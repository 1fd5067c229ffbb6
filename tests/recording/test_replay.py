"""Recorded decisions under another policy: what differs, and what cannot be told, by cases worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from billpolicy.deciding.versions import load_policy
from billpolicy.recording.lines import line, load_recording
from billpolicy.recording.record import Recorded
from billpolicy.recording.recorder import Recorder, recorded
from billpolicy.recording.replay import Came, Difference, Replayed, Untold, replay
from billpolicy.report.replay import ReplayTally, replay_text
from tests.helpers.books import book_from
from tests.helpers.planning import dry_run
from tests.helpers.refusals import codes, refused
from tests.helpers.scenes import HEAD, TODAY, operations, versions

BOOK = """
accounts:
- {id: acme, currency: EUR, name: Acme, country: DE,
   attributes: {bill_to_contact: ann, payment_term: Net 30}, custom: {segment: large}}
contacts: [{id: ann, account: acme}, {id: bob, account: acme}, {id: cem, account: acme}]
subscriptions:
- {id: one, account: acme, attributes: {bill_to_contact: bob}}
- {id: two, account: acme, attributes: {bill_to_contact: cem}}
invoices:
- {number: INV00000001, account: acme, date: 2026-01-05, due_date: 2026-02-05, currency: EUR,
   attributes: {bill_to_contact: ann},
   items: [{id: x, subscription: one, amount: 90.00}]}
- {number: INV00000002, account: acme, date: 2026-01-05, due_date: 2026-02-05, currency: EUR,
   items: [{id: x, subscription: one, amount: 90.00}, {id: y, subscription: two, amount: 10.00}]}
"""
CREDIT = """id: credit
operation: credit_memo_from_invoice
date: 2026-03-01
invoice: INV00000001
reason: Charge Dispute
items: [{item: x, amount: 5.00}]
"""
DEBIT = """id: debit
operation: debit_memo_from_invoice
date: 2026-03-01
invoice: INV00000001
items: [{item: x, amount: 5.00}]
"""
TO_SUBSCRIPTION = """
exceptions:
- id: disputes
  operations: [credit_memo_from_invoice]
  when: {reason: Charge Dispute}
  then: {bill_to_contact: [subscription, account]}
"""


def rule(when: str, then: str, operation: str = "credit_memo_from_invoice") -> str:
    return f"exceptions: [{{id: a-rule, operations: [{operation}], when: {when}, then: {then}}}]\n"


def record(*texts: str, tmp_path: Path, policy: str = "", book: str = BOOK) -> list[Recorded]:
    """Operations as a recording has them, written and read again."""
    made_by = versions(policy)
    recorder = Recorder(made_by, TODAY)
    lines = recorder.beginning()
    for one in dry_run(made_by, book_from(book), operations(*texts), TODAY):
        assert one.plan is not None, [str(problem) for problem in one.problems]
        lines += "".join(map(line, recorded(one.plan, {each.digest: each for each in made_by.policies})))
    file = tmp_path / "recording.jsonl"
    file.write_text(lines, encoding="utf-8")
    return list(load_recording(file))


def value(came: Came | None) -> str | int | bool | None:
    return None if came is None else came.value


Under = Callable[..., Replayed]


@pytest.fixture
def replayed(tmp_path: Path) -> Under:
    def under(old: str, new: str, *texts: str) -> Replayed:
        """What the policy `new` makes of the one operation that `old` decided."""
        first, *_ = replay(record(*texts, policy=old, tmp_path=tmp_path), versions(new))
        return first

    return under


class TestDifferences:
    def test_the_same_policy_gives_the_same(self, replayed: Under) -> None:
        found = replayed(TO_SUBSCRIPTION, TO_SUBSCRIPTION, CREDIT)
        assert (found.differences, found.untold, found.other_rules) == ((), (), 0)
        assert found.decisions == 9  # 2 attributes, and 7 settings of docs/operations.md

    def test_another_value(self, replayed: Under) -> None:
        found = replayed("", TO_SUBSCRIPTION, CREDIT)
        old, new = (
            Came("ann", "invoice", "credit_memo_from_invoice.bill_to_contact"),
            Came("bob", "subscription", "disputes"),
        )
        assert found.differences == (
            Difference("credit_memo_from_invoice", "bill_to_contact", "value", "CM00000001", old, new),
        )

    def test_the_same_value_from_another_level(self, replayed: Under) -> None:
        found = replayed("", rule("{}", "{bill_to_contact: [account]}"), CREDIT)
        assert [(one.key, one.kind, one.new) for one in found.differences] == [
            ("bill_to_contact", "level", Came("ann", "account", "a-rule"))
        ]

    def test_another_rule_that_says_the_same_is_no_difference(self, replayed: Under) -> None:
        other = TO_SUBSCRIPTION.replace("id: disputes", "id: renamed")
        found = replayed(TO_SUBSCRIPTION, other, CREDIT)
        assert (found.differences, found.other_rules) == ((), 1)

    def test_a_setting(self, replayed: Under) -> None:
        found = replayed("", rule("{}", "{item_limit: 7}"), CREDIT)
        base = "credit_memo_from_invoice.item_limit"
        assert [(one.key, one.old, one.new) for one in found.differences] == [
            ("item_limit", Came(1000, None, base), Came(7, None, "a-rule"))
        ]

    def test_what_is_assumed_not_to_be_is_refused(self, replayed: Under) -> None:
        dollars = "assumptions: [{id: usd, when: {account.country: DE}, then: {account.currency: USD}, because: x}]\n"
        mask = "recording: {mask: [%s]}\n"
        for old, codes_, fields in (
            ("", ["assumption-broken"], []),
            (mask % "account.id", ["assumption-broken"], []),
            (mask % "account.country", [], [("account.country",)]),
        ):
            found = replayed(old, dollars, CREDIT)
            assert [value(one.new) for one in found.differences] == codes_
            assert [one.fields for one in found.untold] == fields
        assert replayed("", dollars.replace("USD", "EUR"), CREDIT).differences == ()

    def test_what_the_request_says_itself_no_policy_decides(self, replayed: Under) -> None:
        """The reason is asked for; a memo without one has that of the policy."""
        new = rule("{}", "{reason_code: Write-off}")
        assert replayed("", new, CREDIT).differences == ()
        found = replayed("", new, CREDIT.replace("reason: Charge Dispute\n", ""))
        assert [(one.key, value(one.new)) for one in found.differences] == [("reason_code", "Write-off")]

    def test_subscriptions_that_do_not_agree_are_refused_where_they_are_asked(self, replayed: Under) -> None:
        both = CREDIT.replace("INV00000001", "INV00000002").replace(
            "amount: 5.00}", "amount: 5.00}, {item: y, amount: 1.00}"
        )
        found = replayed("", TO_SUBSCRIPTION, both)
        assert [(one.key, one.kind, one.new) for one in found.differences] == [
            ("bill_to_contact", "refused", Came("level-ambiguous", None, None))
        ]

    def test_a_chain_without_a_value_is_a_refusal(self, replayed: Under) -> None:
        found = replayed("", rule("{}", "{bill_to_contact: [request]}"), CREDIT)
        assert [(one.kind, value(one.new)) for one in found.differences] == [("refused", "chain-exhausted")]

    def test_who_may_not_do_it_any_more(self, replayed: Under) -> None:
        policy = "roles: {clerk: [ines]}\n" + rule("{actor.role: clerk}", "{permission: refused}")
        found = replayed("", policy, f"{CREDIT}actor: ines\n")
        assert [(one.key, one.new) for one in found.differences] == [
            ("permission", Came("not-permitted", None, "a-rule"))
        ]
        assert replayed("", policy, f"{CREDIT}actor: maria\n").differences == ()

    def test_the_role_is_that_of_the_new_policy(self, replayed: Under) -> None:
        by_role = rule("{actor.role: lead}", "{item_limit: 7}")
        then, now = f"roles: {{lead: [ines]}}\n{by_role}", f"roles: {{lead: [maria], clerk: [ines]}}\n{by_role}"
        found = replayed(then, now, f"{CREDIT}actor: ines\n")
        assert [(one.key, value(one.new)) for one in found.differences] == [("item_limit", 1000)]

    def test_the_default_is_that_of_the_new_policy_and_so_is_its_series(self, replayed: Under) -> None:
        new = """
sequence_sets:
  Other: {invoice: {prefix: OI}, credit_memo: {prefix: OC}, debit_memo: {prefix: OD}}
defaults: {sequence_set: Other}
"""
        found = replayed("", new, CREDIT)
        assert [(one.key, value(one.old), value(one.new)) for one in found.differences] == [
            ("sequence_set", "DEFAULT", "Other"),
            ("series", "CM", "OC"),
        ]

    def test_another_prefix_in_the_same_set_is_another_series(self, replayed: Under) -> None:
        new = (
            "sequence_sets: {DEFAULT: {invoice: {prefix: INV}, credit_memo: {prefix: GS}, debit_memo: {prefix: DM}}}\n"
        )
        found = replayed("", new, CREDIT)
        assert [(one.key, value(one.old), value(one.new)) for one in found.differences] == [("series", "CM", "GS")]

    def test_a_term_that_says_another_day(self, replayed: Under) -> None:
        """2026-03-01 and 30 days are 2026-03-31; and 10 days, 2026-03-11."""
        found = replayed("", "payment_terms: {Net 30: {net: 10}}\n", DEBIT)
        assert [(one.key, value(one.old), value(one.new)) for one in found.differences] == [
            ("due_date", "2026-03-31", "2026-03-11")
        ]
        explicit = replayed("", "payment_terms: {Net 30: {net: 10}}\n", f"{DEBIT}due_date: 2026-05-05\n")
        assert explicit.differences == ()

    def test_what_is_asked_for_and_not_heard_any_more(self, replayed: Under) -> None:
        heard = rule("{}", "{bill_to_contact: [request, invoice]}")
        found = replayed(heard, "", f"{CREDIT}attributes: {{bill_to_contact: cem}}\n")
        assert [(one.key, value(one.new)) for one in found.differences] == [("bill_to_contact", "request-not-heard")]

    def test_a_day_on_which_the_policy_is_not_in_force(self, tmp_path: Path) -> None:
        later = tmp_path / "later.yaml"
        later.write_text(HEAD.replace("2000-01-01", "2026-06-01"), encoding="utf-8")
        (found,) = replay(record(CREDIT, tmp_path=tmp_path), load_policy(later, engine="python"))
        assert [(one.key, one.kind, value(one.new)) for one in found.differences] == [
            ("operation", "refused", "policy-not-in-force")
        ]

    def test_an_attribute_that_there_was_not(self, replayed: Under) -> None:
        new = """
attributes: {ship_to: {type: contact, documents: [credit_memo]}}
every_operation: {ship_to: [account]}
"""
        found = replayed("", new, CREDIT)
        # The account holds none, so no memo can be made.
        assert [(one.key, one.kind, one.old, value(one.new)) for one in found.differences] == [
            ("ship_to", "refused", None, "chain-exhausted")
        ]
        back = replayed(new.replace("[account]", "[account, default]") + "defaults: {ship_to: ann}\n", "", CREDIT)
        assert [(one.key, one.kind, one.new) for one in back.differences] == [("ship_to", "removed", None)]


BY_SEGMENT = rule("{account.segment: large}", "{bill_to_contact: [account]}")
FIELD = "fields: {account.segment: {type: text}}\n"


class TestWhatCannotBeTold:
    def test_a_field_that_was_masked(self, replayed: Under) -> None:
        old = FIELD + "recording: {mask: [account.segment]}\n"
        found = replayed(old, FIELD + BY_SEGMENT, CREDIT)
        assert found.differences == ()
        assert found.untold == (
            Untold("credit_memo_from_invoice", "bill_to_contact", ("account.segment",), "`account.segment` was masked"),
        )

    def test_what_else_the_rule_wants_does_not_hold(self, replayed: Under) -> None:
        old = FIELD + "recording: {mask: [account.segment]}\n"
        other = rule("{account.segment: large, reason: Write-off}", "{bill_to_contact: [account]}")
        assert replayed(old, FIELD + other, CREDIT)[1:3] == ((), ())

    def test_a_field_that_nobody_had_declared(self, replayed: Under) -> None:
        found = replayed("", FIELD + BY_SEGMENT, CREDIT)
        assert [(one.key, one.why) for one in found.untold] == [
            ("bill_to_contact", "`account.segment` was not recorded, since no policy had declared it")
        ]

    def test_a_field_of_another_type(self, replayed: Under) -> None:
        numbers = "fields: {account.segment: {type: choice, values: [large, small]}}\n"
        found = replayed(FIELD, numbers + BY_SEGMENT, CREDIT)
        assert [one.why for one in found.untold] == ["`account.segment` was recorded as type text, and is choice here"]

    def test_a_field_that_was_declared_and_is_unset_is_known(self, replayed: Under) -> None:
        field = "fields: {account.size: {type: integer}}\n"
        unset = rule("{account.size: {is: unset}}", "{item_limit: 7}")
        assert [one.key for one in replayed(field, field + unset, CREDIT).differences] == ["item_limit"]
        masked = field + "recording: {mask: [account.size]}\n"
        found = replayed(masked, field + unset, CREDIT)
        assert (found.differences, [one.key for one in found.untold]) == ((), ["item_limit"])

    def test_the_role_of_somebody_who_is_masked(self, replayed: Under) -> None:
        old = "recording: {mask: [actor.id]}\nroles: {clerk: [ines]}\n"
        found = replayed(
            old, "roles: {clerk: [ines]}\n" + rule("{actor.role: clerk}", "{item_limit: 7}"), f"{CREDIT}actor: ines\n"
        )
        assert [(one.key, one.why) for one in found.untold] == [("item_limit", "`actor.id` was masked")]
        assert (found.recorded.operation.actor, found.recorded.operation.approved_by) == (None, ())

    def test_an_amount_that_is_masked_is_in_no_document(self, replayed: Under) -> None:
        old = "recording: {mask: [amount, account.id]}\n"
        found = replayed(old, rule("{amount: {above: 1.00 EUR}}", "{item_limit: 7}"), CREDIT)
        assert [(one.key, one.fields) for one in found.untold] == [("item_limit", ("amount",))]
        (decision,) = found.recorded.operation.decisions
        (document,) = decision.documents
        assert (document.amount, document.currency, document.account, document.number) == (
            None,
            None,
            None,
            "CM00000001",
        )
        assert not {"amount", "amount.currency", "account.id"} & decision.facts.keys()

    def test_values_of_another_day(self, replayed: Under) -> None:
        """The values of the account on the document date were not recorded; that of the invoice is its own."""
        new = "every_operation: {values_of: document_date}\n"
        found = replayed("", new, DEBIT)
        told = {one.key for one in found.differences}
        assert told == {"values_of"}
        assert {one.key for one in found.untold} == {"payment_term", "sequence_set"}

    def test_what_a_masked_fact_leaves_alone_is_told(self, replayed: Under) -> None:
        old = FIELD + "recording: {mask: [account.segment]}\n"
        new = (
            FIELD
            + BY_SEGMENT.rstrip("]\n")
            + ", {id: b, operations: [credit_memo_from_invoice], then: {item_limit: 7}}]\n"
        )
        found = replayed(old, new, CREDIT)
        assert [one.key for one in found.differences] == ["item_limit"]
        assert [one.key for one in found.untold] == ["bill_to_contact"]


NEGATIVE = (
    BOOK
    + """
- {number: INV00000003, account: acme, date: 2026-01-05, due_date: 2026-02-05, currency: EUR,
   items: [{id: x, amount: -20.00}]}
"""
)
TRANSFER = """id: transfer
operation: transfer_negative_invoice
date: 2026-03-01
invoice: INV00000003
"""


def following(when: str, id: str = "use-it") -> str:
    return f"follow_ups: [{{id: {id}, after: credit_increased, then: apply_credit_balance, when: {when}}}]\n"


class TestFollowUps:
    def replayed(self, tmp_path: Path, old: str, new: str) -> list[Replayed]:
        return list(replay(record(TRANSFER, policy=old, tmp_path=tmp_path, book=NEGATIVE), versions(new)))

    def test_one_that_would_not_run_any_more(self, tmp_path: Path) -> None:
        old = following("{account.country: DE}")
        transfer, step = self.replayed(tmp_path, old, following("{account.country: FR}"))
        (found,) = transfer.differences
        assert (found.operation, found.kind, found.old) == (
            "apply_credit_balance",
            "follows_not",
            Came("runs", None, "use-it"),
        )
        assert (step.runs, step.decisions) == (False, 0)

    def test_one_that_would_run(self, tmp_path: Path) -> None:
        (transfer,) = self.replayed(tmp_path, following("{account.country: FR}"), following("{account.country: DE}"))
        (found,) = transfer.differences
        assert (found.kind, found.new) == ("follows", Came("runs", None, "use-it"))

    def test_another_id_is_no_difference(self, tmp_path: Path) -> None:
        old = following("{account.country: DE}")
        transfer, step = self.replayed(tmp_path, old, following("{account.currency: EUR}", "renamed"))
        assert (transfer.differences, step.differences, step.runs) == ((), (), True)

    def test_of_a_kind_that_nobody_had_asked_for(self, tmp_path: Path) -> None:
        (transfer,) = self.replayed(tmp_path, "", following("{}"))
        assert [(one.operation, one.key, one.why) for one in transfer.untold] == [
            (
                "apply_credit_balance",
                "follow_up",
                "whether it had anything to do after `credit_increased` was not recorded",
            )
        ]

    def test_that_asks_for_what_was_masked(self, tmp_path: Path) -> None:
        old = "recording: {mask: [account.country]}\n" + following("{}")
        transfer, step = self.replayed(tmp_path, old, following("{account.country: FR}"))
        assert [(one.key, one.why) for one in transfer.untold] == [("follow_up", "`account.country` was masked")]
        assert step.runs


WRITES_NOTHING_OFF = "follow_ups: [{id: write-off-on-cancellation, then: nothing, because: test}]\n"
CANCEL = """id: cancel
operation: cancel_subscription
date: 2026-03-01
subscription: one
at: date
effective_date: 2026-03-01
write_off: WANTED
final_bill: false
"""


class TestWriteOffs:
    """A cancellation may ask that what is left is written off, and is refused where no follow-up does that."""

    def replayed(self, tmp_path: Path, wanted: str, book: str, old: str = "") -> Replayed:
        made = record(CANCEL.replace("WANTED", wanted), policy=old, tmp_path=tmp_path, book=book)
        first, *steps = replay(made, versions(WRITES_NOTHING_OFF))
        assert len(steps) == (wanted == "true" and book is ONE_OWES)
        return first

    def test_one_that_was_asked_for_is_refused(self, tmp_path: Path) -> None:
        found = self.replayed(tmp_path, "true", ONE_OWES)
        assert [(one.key, one.kind, value(one.new)) for one in found.differences] == [
            ("operation", "refused", "write-off-unknown")
        ]

    def test_one_that_was_not_asked_for_is_not_missed(self, tmp_path: Path) -> None:
        found = self.replayed(tmp_path, "false", ONE_OWES)
        assert (found.differences, found.untold) == ((), ())

    def test_where_nothing_was_left_nobody_knows(self, tmp_path: Path) -> None:
        found = self.replayed(tmp_path, "true", NOBODY_OWES)
        assert found.differences == ()
        assert [(one.key, one.why) for one in found.untold] == [
            ("operation", "whether it asked to write off what is left was not recorded")
        ]

    def test_where_the_policy_of_then_had_none_it_was_not_asked_for(self, tmp_path: Path) -> None:
        found = self.replayed(tmp_path, "false", NOBODY_OWES, WRITES_NOTHING_OFF + TO_SUBSCRIPTION)
        assert (found.differences, found.untold) == ((), ())


NOBODY_OWES = BOOK.partition("invoices:")[0]
ONE_OWES = BOOK.rpartition("- {number: INV00000002")[0]


class TestTally:
    def test_only_keeps_what_is_named(self, replayed: Under) -> None:
        new = TO_SUBSCRIPTION + "defaults: {sequence_set: DEFAULT}\n"
        found = replayed("", new, CREDIT)
        for word, count in (
            ("bill_to_contact", 1),
            ("credit_memo_from_invoice", 1),
            ("value", 1),
            ("level", 0),
            ("sequence_set", 0),
        ):
            tally = ReplayTally(only=frozenset({word}))
            tally.add(found)
            assert tally.counts.total() == count, word
        summary = ReplayTally(keep=False)
        summary.add(found)
        assert (summary.differing, summary.changed) == (1, [])


class TestFiles:
    def test_a_line_that_is_none(self, tmp_path: Path) -> None:
        record(CREDIT, tmp_path=tmp_path)
        file = tmp_path / "recording.jsonl"
        whole = file.read_text(encoding="utf-8")
        file.write_text(whole[:-20], encoding="utf-8")
        refusal = refused(lambda: list(load_recording(file)))
        assert codes(refusal) == ["recording-wrong"]
        assert str(refusal).startswith(f"{file}:2:1: error: this is no line of a recording")

    def test_an_operation_without_its_policy(self, tmp_path: Path) -> None:
        record(CREDIT, tmp_path=tmp_path)
        file = tmp_path / "recording.jsonl"
        file.write_text(file.read_text(encoding="utf-8").split("\n", 1)[1], encoding="utf-8")
        assert codes(refused(lambda: list(load_recording(file)))) == ["recording-wrong"]

    def test_a_newer_form(self, tmp_path: Path) -> None:
        record(CREDIT, tmp_path=tmp_path)
        file = tmp_path / "recording.jsonl"
        file.write_text(file.read_text(encoding="utf-8").replace('{"recording":1', '{"recording":2'), encoding="utf-8")
        refusal = refused(lambda: list(load_recording(file)))
        assert "newer billpolicy" in str(refusal)

    def test_two_recordings_end_to_end(self, tmp_path: Path) -> None:
        first = record(CREDIT, tmp_path=tmp_path)
        text = (tmp_path / "recording.jsonl").read_text(encoding="utf-8")
        second = record(DEBIT, policy=TO_SUBSCRIPTION, tmp_path=tmp_path)
        both = tmp_path / "both.jsonl"
        both.write_text(text + (tmp_path / "recording.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
        assert [one[:2] for one in load_recording(both)] == [one[:2] for one in (*first, *second)]


class TestWhatMeansNothingHere:
    @pytest.mark.parametrize(
        ("there", "instead"),
        [
            ('"amount":500', '"amount":"500"'),
            ('"amount":500', '"amount":true'),
            ('"operation":"credit_memo_from_invoice"', '"operation":"credit_note"'),
            ('"kind":"credit_memo"', '"kind":"credit_note"'),
            ('"settings":{', '"settings":{"item_limit":{"value":[1]},'),
            ('"levels":{', '"levels":{"order":{"bill_to_contact":"ann"},'),
            ('"id":"credit"', '"id":"\xff"'),
        ],
    )
    def test_a_line_is_refused_where_it_stands(self, there: str, instead: str, tmp_path: Path) -> None:
        record(CREDIT, tmp_path=tmp_path)
        file = tmp_path / "recording.jsonl"
        text = file.read_text(encoding="utf-8")
        assert there in text
        file.write_text(text.replace(there, instead), encoding="latin-1")
        (problem,) = refused(lambda: list(load_recording(file))).diagnostics
        assert (problem.code, problem.position and problem.position.line) == ("recording-wrong", 2)

    def test_an_empty_file_is_none(self, tmp_path: Path) -> None:
        file = tmp_path / "recording.jsonl"
        file.write_text("", encoding="utf-8")
        assert codes(refused(lambda: list(load_recording(file)))) == ["recording-wrong"]

    def test_an_id_is_one_line_and_no_command(self, tmp_path: Path) -> None:
        record(CREDIT, tmp_path=tmp_path)
        file = tmp_path / "recording.jsonl"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"id":"credit"', '"id":"::error::x\\n::error::y"'), encoding="utf-8")
        tally = ReplayTally()
        for one in replay(load_recording(file), versions(TO_SUBSCRIPTION)):
            tally.add(one)
        lines = replay_text(tally).splitlines()
        assert "\\x3a:error::x\\n::error::y: credit_memo_from_invoice on 2026-03-01" in lines
