"""`plan --out FILE` and `post FILE`: exactly that plan is posted, all of it, or nothing."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import billpolicy as api
from billpolicy.posting.as_planned import Planned, digest_of
from billpolicy.source.codec import canonical
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.ledgers import dump
from tests.helpers.paths import ROOT, STANDARD

LEDGER = "sqlite:///l.db"
TODAY = datetime.date(2026, 6, 1)
BOOK = """\
accounts:
- {id: a, currency: EUR, attributes: {bill_to_contact: ann, payment_term: Net 30}}
- {id: b, currency: EUR, attributes: {bill_to_contact: bob, payment_term: Net 30}}
contacts: [{id: ann, account: a}, {id: bob, account: b}]
subscriptions:
- {id: s, account: a, start: 2026-01-01, charges: [{id: seat, rate: 10.00}]}
- {id: t, account: b, start: 2026-01-01, charges: [{id: seat, rate: 20.00}]}
invoices:
- {number: INV00000001, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: 100.00}]}
"""
DISPUTE = "- {id: ID, operation: credit_memo_from_invoice, invoice: INV00000001, reason: Charge Dispute, items: [{item: x, amount: 30.00}]}\n"  # noqa: E501
PAYMENT = "- {id: ID, operation: create_payment, account: a, amount: 10.00}\n"
POLICY = ("--policy", "policy", "--engine", "python")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy, a book, a ledger that holds it, and two operations; it is the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("policy").mkdir()
    policy = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
    Path("policy/policy.yaml").write_text(policy)
    Path("book.yaml").write_text(BOOK)
    asked(DISPUTE.replace("ID", "d"), PAYMENT.replace("ID", "p"))
    assert billpolicy("ledger", "init", LEDGER).code == 0
    assert billpolicy("ledger", "import", LEDGER, "book.yaml").code == 0
    return tmp_path


def asked(*operations: str, file: str = "operations.yaml") -> None:
    Path(file).write_text("operations:\n" + "".join(operations))


def plan(*more: str, out: str = "plan.json", ground: tuple[str, str] = ("--ledger", LEDGER)) -> Ran:
    return billpolicy("plan", "operations.yaml", *POLICY, *ground, "--today", "2026-03-01", "--out", out, *more)


def post(*more: str, file: str = "plan.json") -> Ran:
    return billpolicy("post", file, *POLICY, "--ledger", LEDGER, "--actor", "ines", *more)


def rows() -> list[str]:
    with api.open_ledger(LEDGER) as ledger:
        return dump(ledger)


def written(file: str = "plan.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(file).read_text())
    return found


def refused(ran: Ran, code: str, before: list[str]) -> str:
    """What is said of a plan that is refused for one reason, and changes nothing."""
    assert (ran.code, rows()) == (1, before), ran
    assert f"[{code}]" in ran.out + ran.err
    return ran.out + ran.err


def test_exactly_the_plan_is_posted_and_the_same_again_is_answered() -> None:
    ran = plan()
    assert ran.code == 0
    assert "plan.json has this plan: `billpolicy post plan.json` posts exactly that" in ran.err
    made = written()
    assert [one["plan"]["documents"][0]["number"] for one in made["plans"]] == ["CM00000001", "P-00000001"]
    assert "2 posted, 0 refused" in post().out
    with api.open_ledger(LEDGER) as ledger, ledger.reading() as reader:
        posted = reader.posted(["d", "p"])
        assert {one: digest_of(posted[one].plan) for one in posted} == {
            one["id"]: one["digest"] for one in made["plans"]
        }
        assert {one.plan.date.isoformat() for one in posted.values()} == {made["today"]} == {"2026-03-01"}
        assert ledger.check() == []
    before, again = rows(), post()
    assert (again.code, rows()) == (0, before)
    assert "2 had been posted before" in again.out


def test_the_same_plan_is_the_same_bytes_and_is_what_the_schema_says() -> None:
    assert plan().code == plan(out="other.json").code == 0
    assert Path("plan.json").read_bytes() == Path("other.json").read_bytes()
    assert billpolicy("schema", "plan-file", "--validate", "plan.json").code == 0


def test_a_plan_on_a_book_is_posted_where_that_book_was_imported() -> None:
    assert plan(ground=("--book", "book.yaml")).code == 0
    assert "2 posted" in post().out


def test_what_was_posted_before_is_in_the_plan_and_is_answered() -> None:
    asked(PAYMENT.replace("ID", "p"), file="first.yaml")
    assert post("--today", "2026-03-01", file="first.yaml").code == 0
    assert plan().code == 0
    ran = post()
    assert (ran.code, "1 posted, 0 refused, 1 had been posted before" in ran.out) == (0, True), ran


def test_a_number_that_was_drawn_since_makes_it_stale() -> None:
    plan()
    asked(PAYMENT.replace("ID", "other"), file="other.yaml")
    assert post(file="other.yaml").code == 0
    said = refused(post(), "plan-stale", rows())
    assert "`p` would be done otherwise by now than this plan says: `" in said
    assert "was `P-00000001`, is `P-00000002` now" in said
    assert "2 refused" not in said
    assert "0 posted, 1 refused" in said, "all of it or nothing"


def test_a_document_that_was_changed_since_makes_it_stale() -> None:
    plan()
    asked(DISPUTE.replace("ID", "other").replace("30.00", "80.00"), file="other.yaml")
    assert post(file="other.yaml").code == 0
    before = rows()
    ran = post()
    assert (ran.code, rows()) == (1, before)


def test_what_was_posted_otherwise_since_is_told_before_anything_is_posted() -> None:
    plan()
    asked(PAYMENT.replace("ID", "another"), PAYMENT.replace("ID", "p"), file="other.yaml")
    assert post("--today", "2026-03-01", file="other.yaml").code == 0
    assert "`p` was posted meanwhile, and otherwise" in refused(post(), "plan-stale", rows())


def test_another_policy_is_refused() -> None:
    plan()
    with Path("policy/policy.yaml").open("a") as file:
        file.write("defaults: {payment_term: Net 60}\n")
    said = refused(post(), "policy-differs", rows())
    assert "plan.json: error: this plan was made by the policy `acme`" in said


@pytest.mark.parametrize(
    ("what", "with_"), [('"30.00"', '"31.00"'), ('"id": "p"', '"id": "q"'), ("2026-03-01", "2026-03-02"), ("]", "")]
)
def test_one_that_was_edited_is_refused(what: str, with_: str) -> None:
    plan()
    text = Path("plan.json").read_text()
    assert what in text
    Path("plan.json").write_text(text.replace(what, with_, 1))
    refused(post(), "plan-edited", rows())


def test_a_key_that_stands_twice_is_an_edit() -> None:
    """The last one counts, and has the digest right; whoever looks at the plan reads the first."""
    plan()
    text = Path("plan.json").read_text()
    Path("plan.json").write_text(text.replace('"amount": "30.00"', '"amount": "1.00", "amount": "30.00"', 1))
    refused(post(), "plan-edited", rows())


def test_one_that_is_nested_without_end_is_refused() -> None:
    Path("plan.json").write_text('{"plan_file":' + "[" * 200_000)
    refused(post(), "plan-edited", rows())


def test_one_that_was_forged_with_its_digest_posts_nothing_that_the_policy_does_not_decide() -> None:
    """Whoever edits it can make the digest anew: what it says is planned again all the same."""
    plan()
    data = written()
    data["plans"][0]["plan"]["documents"][0]["amount"] = "99.00"
    data["plans"][0]["digest"] = "0" * 64
    forged(data)
    said = refused(post(), "plan-stale", rows())
    assert "`documents[0].amount` was `99.00`, is `30.00` now" in said


def forged(data: dict[str, Any]) -> None:
    """Write a plan that was edited, with a digest of the whole that agrees."""
    data.pop("digest", None)
    data["digest"] = hashlib.sha256(canonical(data).encode()).hexdigest()
    Path("plan.json").write_text(json.dumps(data))


def test_one_that_shows_other_amounts_than_it_would_post_is_refused_though_both_digests_are_right() -> None:
    plan()
    data = written()
    data["plans"][0]["plan"]["documents"][0]["amount"] = "1.00"
    forged(data)
    said = refused(post(), "plan-stale", rows())
    assert "`documents[0].amount` was `1.00`, is `30.00` now" in said


def test_it_is_told_so_of_what_was_posted_before_too() -> None:
    plan()
    post()
    data = written()
    data["plans"][1]["plan"]["balances"][0]["after"] = "1.00"
    forged(data)
    assert "`p` was posted meanwhile, and otherwise" in refused(post(), "plan-stale", rows())


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each value stands that is no mapping or list of others, and each empty one."""
    if isinstance(data, dict | list) and data:
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
    else:
        yield path


def otherwise(data: Any, path: tuple[str | int, ...]) -> Any:
    """The same with another value at one place."""
    if not path:
        return "1.00" if data != "1.00" else "2.00"
    changed: Any = dict(data) if isinstance(data, dict) else list(data)
    changed[path[0]] = otherwise(data[path[0]], path[1:])
    return changed


STANDS_ELSEWHERE = ("engine", "file", "line")
"""Who matched the rules, and where these stand: another machine has them elsewhere."""
FOLLOWED = """\
policy: acme
extends: STANDARD
effective: {from: 2026-01-01}
follow_ups:
- {id: used, after: payment_posted, then: apply_credits, because: what is there is used}
"""


def test_nothing_that_a_plan_shows_can_be_changed_with_its_digests() -> None:
    """Each value of it, one at a time."""
    plan()
    policy = api.load_policy("policy", engine="python")
    file = api.load_plan_file("plan.json")
    with api.open_ledger(LEDGER) as ledger:
        before, tried = dump(ledger), 0
        for id, (digest, told) in file.planned.items():
            for path in leaves(told):
                if path[-1] in STANDS_ELSEWHERE:
                    continue
                shown = {**file.planned, id: Planned(digest, otherwise(told, path))}
                outcomes = list(api.post_planned(policy, ledger, replace(file, planned=shown), who="ines"))
                assert "plan-stale" in {one.code for each in outcomes for one in each.problems}, path
                tried += 1
        assert tried > 100
        assert dump(ledger) == before
        assert not [one for one in api.post_planned(policy, ledger, file, who="ines") if one.problems]


@pytest.mark.parametrize(
    "shown",
    [
        {"total": "1.00"},
        {"plans": "a plan of nothing that is asked for"},
        {"plans": "one that stands twice"},
        {"plans": "a word more"},
        {"policies": "a word more"},
        {"operations": "a word more"},
    ],
    ids=str,
)
def test_nothing_can_be_shown_beside_it(shown: dict[str, str]) -> None:
    plan()
    data = written()
    ((key, what),) = shown.items()
    if what == "a plan of nothing that is asked for":
        data[key].append({**data[key][0], "id": "d/another"})
    elif what == "one that stands twice":
        data[key].insert(0, {**data[key][0], "plan": {"amount": "1.00"}})
    elif what == "a word more":
        data[key][0]["total"] = "1.00"
    else:
        data[key] = what
    forged(data)
    before, ran = rows(), post()
    assert (ran.code, rows()) == (1, before), ran


def test_where_the_rules_stand_and_who_matched_them_may_differ() -> None:
    Path("policy").rename("elsewhere")
    Path("elsewhere/policy.yaml").write_text(FOLLOWED.replace("STANDARD", str(STANDARD)))
    on = ("--ledger", LEDGER, "--today", "2026-03-01", "--out", "plan.json")
    ran = billpolicy("plan", "operations.yaml", "--policy", "elsewhere", "--engine", "python", *on)
    assert ran.code == 0, ran
    assert '"file": "elsewhere/policy.yaml"' in Path("plan.json").read_text()
    Path("elsewhere").rename("policy")
    assert "2 posted" in post().out


@pytest.mark.parametrize("shape", ["[]", "1", '{"digest": 1}', '{"plans": 1}', '{"today": "x", "operations": 5}'])
def test_any_other_json_is_no_plan(shape: str) -> None:
    data = json.loads(shape)
    whole = {"plan_file": 1, **(data if isinstance(data, dict) else {"x": data})}
    whole["digest"] = hashlib.sha256(canonical(whole).encode()).hexdigest()
    Path("plan.json").write_text(json.dumps(whole))
    refused(post(), "plan-edited", rows())


def test_a_plan_that_cannot_be_posted_as_a_whole_is_not_written() -> None:
    asked(DISPUTE.replace("ID", "d").replace("30.00", "300.00"), PAYMENT.replace("ID", "p"))
    ran = plan()
    assert (ran.code, Path("plan.json").exists()) == (1, False)
    assert "plan.json was not written: only a plan that can be posted as a whole is kept" in ran.err


def test_bill_runs_over_every_account_are_posted_as_they_were_planned() -> None:
    run = "- {id: run, operation: bill_run, target_date: 2026-03-01}\n"
    asked(run)
    assert plan().code == 0
    assert [one["id"] for one in written()["plans"]] == ["run/a", "run/b"]
    assert "2 posted" in post().out
    ran = post()
    assert (ran.code, "2 had been posted before" in ran.out) == (0, True), ran


@pytest.mark.parametrize("others", ["account: c", "account: a"])
def test_a_part_that_is_new_or_gone_makes_a_bill_run_stale(others: str) -> None:
    asked("- {id: run, operation: bill_run, target_date: 2026-03-01}\n")
    assert plan().code == 0
    if others == "account: a":
        asked("- {id: alone, operation: bill_run, target_date: 2026-03-01, accounts: [a]}\n", file="other.yaml")
        assert post("--today", "2026-03-01", file="other.yaml").code == 0
        words = "`run/a` has nothing to do any more, which it had when this was planned"
    else:
        more = "accounts: [{id: c, currency: EUR, attributes: {bill_to_contact: cem, payment_term: Net 30}}]\n"
        more += "contacts: [{id: cem, account: c}]\n"
        more += "subscriptions: [{id: u, account: c, start: 2026-01-01, charges: [{id: seat, rate: 5.00}]}]\n"
        Path("more.yaml").write_text(more)
        assert billpolicy("ledger", "import", LEDGER, "more.yaml").code == 0
        words = "`run/c` has something to do by now, which it had not when this was planned"
    assert words in " ".join(refused(post(), "plan-stale", rows()).split())


@pytest.mark.parametrize(
    "target", ["l.db", "operations.yaml", "policy/policy.yaml", "report.csv", "record.jsonl", "notes.txt"]
)
def test_it_is_written_over_nothing_but_an_older_plan(folder: Path, target: str) -> None:
    Path("notes.txt").write_text("of the meeting")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ran = plan("--report", "report.csv", "--record", "record.jsonl", out=target)
    assert ran.code == 1
    assert "[file-in-use]" in ran.err or "[file-foreign]" in ran.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert plan().code == plan().code == 0


def test_options_that_would_make_another_plan_of_it_are_refused() -> None:
    plan()
    for more in (["--today", "2026-03-01"], ["--wait"]):
        assert post(*more).code == 2


STORIES = sorted(
    file.parent for file in ROOT.glob("examples/*/operations.yaml") if (file.parent / "policy.yaml").exists()
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_each_story_is_posted_as_it_was_planned(story: Path) -> None:
    policy = api.load_policy(story / "policy.yaml", engine="python")
    operations = api.load_operations(story / "operations.yaml")
    with api.create_ledger("sqlite:///story.db") as ledger:
        ledger.import_book(api.load_book(story / "book.yaml"), policy)
        refused = {one.job.asked.id for one in api.plan_all(policy, ledger, operations, today=TODAY) if one.problems}
        whole = [one for one in operations if one.request.id not in refused]
        made = list(api.plan_all(policy, ledger, whole, today=TODAY))
        Path("story.json").write_text(api.plan_file(policy, TODAY, whole, made))
        file = api.load_plan_file("story.json")
        outcomes = list(api.post_planned(policy, ledger, file, who="ines", request="req-1", yes=True))
        assert [one.problems for one in outcomes] == [()] * len(made)
        assert {one.posted.audit.request for one in outcomes if one.posted} == {"req-1"}
        with ledger.reading() as reader:
            kept = reader.posted(list(file.planned))
        assert {id: digest_of(one.plan) for id, one in kept.items()} == {id: p.digest for id, p in file.planned.items()}
