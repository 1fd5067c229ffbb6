"""A ledger keeps the text of what it posted under, and explains and replays by it."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

import billpolicy as api
from billpolicy.ledger.store import Ledger, create_ledger
from tests.helpers.books import book_from
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.ledgers import by_hand
from tests.helpers.ledgers import told as breaches
from tests.helpers.paths import ROOT
from tests.helpers.sample import NOW

DAY = datetime.date(2026, 3, 1)
BOOK = """
accounts: [{id: acme, currency: EUR, country: DE, attributes: {bill_to_contact: ann}, custom: {segment: large}}]
contacts: [{id: ann, account: acme}]
invoices:
- {number: INV00000001, account: acme, date: 2026-01-05, due_date: 2026-02-05, currency: EUR,
   items: [{id: x, amount: 90.00}]}
- {number: INV00000002, account: acme, date: 2026-01-05, due_date: 2026-02-05, currency: EUR,
   items: [{id: x, amount: -20.00}]}
"""
FILES = {
    "acme/policy.yaml": "policy: acme\nextends: ../house\neffective: {from: 2026-01-01}\n",
    "acme/rules.yaml": """
fields: {account.segment: {type: text}}
exceptions:
- id: large-ones
  operations: [credit_memo_from_invoice]
  when: {account.segment: large}
  then: {item_limit: 7}
  because: FIN-1, nobody reads more
follow_ups:
- {id: use-it, after: credit_increased, then: apply_credit_balance, when: {account.country: DE}, because: FIN-2}
- {id: at-home, after: credit_increased, then: apply_credit_balance, when: {account.country: FR}}
""",
    "house/policy.yaml": "policy: house\nextends: ../policies/standard\neffective: {from: 2026-01-01}\n",
}
CREDIT = {
    "id": "credit",
    "operation": "credit_memo_from_invoice",
    "invoice": "INV00000001",
    "reason": "Charge Dispute",
    "items": [{"item": "x", "amount": "5.00"}],
}
TRANSFER = {"id": "transfer", "operation": "transfer_negative_invoice", "invoice": "INV00000002"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy over two bases; its folder is the current one."""
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BILLPOLICY_CACHE", "off")
    return tmp_path


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    with create_ledger("sqlite:///ledger.db") as opened:
        opened.import_book(book_from(BOOK))
        yield opened


def policy() -> api.Versions:
    return api.load_policy("acme", engine="python")


def posted(ledger: Ledger) -> list[api.Explanation]:
    """Post both operations, and give what `explain` told of them before."""
    told: list[api.Explanation] = []
    for operation in (CREDIT, TRANSFER):
        told += api.explain(policy(), api.plan(policy(), ledger, operation, today=DAY))
        api.post(policy(), ledger, operation, who="ann", now=NOW, today=DAY)
    return told


def forget(ledger: Ledger) -> None:
    """As an older program leaves it."""
    by_hand(ledger, "DELETE FROM policies")


def test_every_file_is_kept_once(ledger: Ledger) -> None:
    posted(ledger)
    (used,) = policy().policies
    with ledger.reading() as reader:
        (kept,) = reader.policies([used.digest]).values()
    assert [layer.path for layer in kept.layers] == ["policies/standard", "house", "acme"]
    texts = {f"{layer.path}/{name}": text for layer in kept.layers for name, text in layer.files}
    assert {name: texts[name] for name in FILES} == FILES
    files = (file.name for file in Path("policies/standard").glob("*.yaml"))
    standard = {f"policies/standard/{name}" for name in files if ".test." not in name}
    assert texts.keys() - FILES.keys() == standard
    assert ledger.check() == []


def test_it_is_explained_as_it_was_decided_though_the_policy_is_gone(ledger: Ledger, folder: Path) -> None:
    then = posted(ledger)
    shutil.rmtree(folder / "acme")
    (folder / "house" / "policy.yaml").write_text("policy: [", encoding="utf-8")
    (folder / "policies").unlink()
    found = [*api.explain_posted(ledger, "credit").explanations, *api.explain_posted(ledger, "transfer").explanations]
    assert found == then
    (memo,) = api.explain_posted(ledger, "CM00000001").explanations
    assert memo in then
    (limit,) = (one for one in memo.decisions if one.key == "item_limit")
    assert (limit.rule.file, limit.rule.line, limit.rule.because) == ("acme/rules.yaml", 7, "FIN-1, nobody reads more")


def test_a_step_by_its_id_and_by_its_document(ledger: Ledger) -> None:
    then = posted(ledger)
    step = "transfer/use-it/CBA-00000001"
    (of_step,) = (one for one in then if one.step == step)
    assert api.explain_posted(ledger, step).explanations == (of_step,)
    passed_over = [one.rule.id for each in then for one in each.follow_ups if one.outcome == "not_matched"]
    assert passed_over == ["at-home"]
    # The transfer raises the credit balance, and the step uses that.
    (raised,) = (one for one in then if one.operation_id == "transfer" and one.step is None)
    assert api.explain_posted(ledger, "CBA-00000001").explanations == (raised,)
    assert api.explain_posted(ledger, "CBA-00000002").explanations == (of_step,)


def test_without_the_text_it_says_so_and_tells_the_rest(ledger: Ledger) -> None:
    posted(ledger)
    forget(ledger)
    assert breaches(ledger) == []
    found = api.explain_posted(ledger, "CM00000001")
    assert found.explanations == ()
    assert found.without_policy is not None
    assert "is not kept: this was posted before ledgers kept it" in found.without_policy
    (told,) = found.decisions
    decided = {one.key: (one.value, one.level, one.rule) for one in told.decisions.decided}
    assert decided["item_limit"] == (7, None, "large-ones")
    assert decided["bill_to_contact"] == ("ann", "account", "credit_memo_from_invoice.bill_to_contact")
    assert told.decisions.facts["account.country"] == "DE"
    assert told.decisions.exceptions == ("large-ones",)


def test_text_that_is_not_what_it_was_is_found_and_explains_nothing(ledger: Ledger) -> None:
    posted(ledger)
    by_hand(ledger, "UPDATE policies SET layers = replace(layers, 'item_limit: 7', 'item_limit: 9')")
    assert [problem.code for problem in breaches(ledger)] == ["policy-text-differs"]
    with pytest.raises(api.Refused, match="is not what it was any more"):
        api.explain_posted(ledger, "CM00000001")


def test_what_nothing_posted_is_refused(ledger: Ledger) -> None:
    posted(ledger)
    for name in ("INV00000001", "nothing"):
        with pytest.raises(api.Refused, match="nothing that was posted here goes by"):
            api.explain_posted(ledger, name)


def test_a_ledger_is_a_recording(ledger: Ledger, tmp_path: Path) -> None:
    """The same as `post --record` would have written."""
    recorder = api.Recorder(policy(), DAY)
    lines = recorder.beginning()
    for outcome in api.post_all(policy(), ledger, [CREDIT, TRANSFER], who="ann", today=DAY):
        lines += recorder.lines(outcome)
    file = tmp_path / "recording.jsonl"
    file.write_text(lines, encoding="utf-8")
    with ledger.reading() as reader:
        of_ledger = list(reader.recorded())
    of_file = list(api.load_recording(file))
    assert [one.operation for one in of_ledger] == [one.operation for one in of_file]
    assert [one.policy for one in of_ledger] == [one.policy for one in of_file]
    assert [one.operation.id for one in of_ledger] == ["credit", "transfer", "transfer/use-it/CBA-00000001"]
    schema = json.loads(billpolicy("schema", "recording").out)
    for text in lines.splitlines():
        Draft7Validator(schema).validate(json.loads(text))


def test_whoever_keeps_what_was_posted_reads_only_the_rest(ledger: Ledger) -> None:
    """And of a long ledger only the end, without a step whose operation is not there."""
    posted(ledger)
    with ledger.reading() as reader:
        every = list(reader.recorded())
        credit, transfer, step = (one.operation.id for one in every)
        assert list(reader.recorded(without=[credit])) == every[1:]
        assert list(reader.recorded(without=[credit, transfer, step])) == []
        assert list(reader.recorded(most=3)) == list(reader.recorded(most=99)) == every
        assert list(reader.recorded(most=2)) == every[1:]
        assert list(reader.recorded(most=2, without=[transfer])) == every[2:]
        assert list(reader.recorded(most=1)) == list(reader.recorded(most=0)) == []


def test_a_ledger_without_texts_does_not_know_what_was_declared(ledger: Ledger) -> None:
    posted(ledger)
    forget(ledger)
    with ledger.reading() as reader:
        credit, transfer, _ = api.replay(reader.recorded(), policy())
    assert (credit.differences, [one.key for one in credit.untold]) == ((), ["item_limit"])
    assert transfer.differences == ()


def replayed(*options: str) -> Ran:
    return billpolicy("replay", "sqlite:///ledger.db", *options)


def test_the_command(ledger: Ledger) -> None:
    posted(ledger)
    assert replayed("--policy", "acme").code == 0
    ran = replayed("--policy", "policies/standard", "--format", "json")
    assert ran.code == 1
    report = json.loads(ran.out)
    Draft7Validator(json.loads(billpolicy("schema", "replay").out)).validate(report)
    assert [(one["key"], one["kind"], one["count"]) for one in report["counts"]] == [
        ("follow_up", "follows_not", 1),
        ("item_limit", "value", 1),
    ]
    assert (report["operations"], report["not_run"]) == (3, 1)
    summary = json.loads(replayed("--policy", "policies/standard", "--summary", "--format", "json").out)
    assert summary == {key: value for key, value in report.items() if key != "changed"}
    assert replayed("--policy", "policies/standard", "--only", "level").code == 0
    found = json.loads(billpolicy("ledger", "explain", "sqlite:///ledger.db", "credit", "--format", "json").out)
    Draft7Validator(json.loads(billpolicy("schema", "ledger-explain").out)).validate(found)
