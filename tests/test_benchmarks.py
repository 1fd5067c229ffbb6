"""The benchmarks still run on today's policy language; what they measure is theirs (`make bench`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import bill_run, bulk, closure, load, policy_ci, post, post_chained, resolve, rules, sync, usage
from benchmarks.__main__ import main
from benchmarks.validate import large_policy
from billpolicy.book.load import load_book
from billpolicy.deciding.proven import prove
from tests.helpers.engine import needs_engine
from tests.helpers.tools import needs_package

BOOKS = {"json": load.in_json, "yaml": load.in_yaml}
TRANSFER = "transfer_negative_invoice"


def test_the_policies_that_benchmarks_generate_are_valid(tmp_path: Path) -> None:
    assert len(rules.policy(rules.rules(40)).exceptions) == 40
    (tmp_path / "policy.yaml").write_text(large_policy(100), encoding="utf-8")
    found = [rule for rule in prove(tmp_path / "policy.yaml").exceptions if rule.id.startswith("rule-")]
    assert len(found) == 100


@needs_engine
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp")  # so the engine's own host does, from 3.12 on
def test_contestants_that_decide_give_the_same_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """The contest ends in an error where they do not. Those that only `make bench` installs are not there."""
    resolve.contest(40, rules.records(200), 1, {resolve.HOST: resolve.durable_host})
    assert capsys.readouterr().out.count("of the time of the program by hand") == 4


def test_the_books_that_benchmarks_generate_are_the_same_in_both_forms(tmp_path: Path) -> None:
    loaded = []
    for form, write in BOOKS.items():
        file = tmp_path / f"book.{form}"
        file.write_text(write(load.records(50)), encoding="utf-8")
        loaded.append(load_book(file))
    assert len(loaded[0].numbered) == 50
    assert loaded[0] == loaded[1]
    # 40 invoices, each with 1 + 2 + 3 and three times 100 and its own number modulo 97, which is not 4, 9, 14, ...
    assert load.invoiced(loaded[0]) == 40 * 306 + 3 * (sum(range(50)) - sum(range(4, 50, 5)))


@pytest.mark.parametrize(("operation", "sign", "group"), [("write_off_invoice", "", 1), (TRANSFER, "-", 10)])
def test_what_is_posted_and_what_is_inserted_by_hand_is_the_same(
    operation: str, sign: str, group: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contest ends in an error where it is not."""
    post.contest(operation, post.book(20, sign), whole=20, count=10, rounds=1, group=group)
    assert "sqlite3 by hand / post" in capsys.readouterr().out


def test_the_chain_is_measured_beside_none(capsys: pytest.CaptureFixture[str]) -> None:
    """The contest ends in an error where the chained ledger is not whole."""
    post_chained.main(count=5, rounds=1, batch=10)
    assert capsys.readouterr().out.count("time with the chain / without") == 2


def test_a_nightly_sync_is_followed_by_hand_and_by_operations(capsys: pytest.CaptureFixture[str]) -> None:
    """The contest ends in an error where something of it cannot be posted, or not what had to be was changed."""
    sync.main([(200, 2)])
    assert "sync: 200 accounts" in capsys.readouterr().out


def test_a_bill_run_and_what_is_inserted_by_hand_are_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contest ends in an error where it is not."""
    bill_run.contest(tmp_path, subscriptions=20, rounds=1)
    assert "sqlite3 by hand / post_all" in capsys.readouterr().out


def test_what_is_recorded_and_what_is_inserted_by_hand_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """The contest ends in an error where it is not."""
    usage.main(rows=30, rounds=1, subscriptions=10)
    assert "by hand / file to ledger" in capsys.readouterr().out


def test_a_table_a_case_and_a_program_by_hand_decide_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """The contest ends in an error where they do not."""
    needs_package("duckdb")
    goals = bulk.main(count=3_000, rounds=1)
    assert capsys.readouterr().out.count("same answers") == 2
    assert len(goals) == 6


def test_the_closure_and_what_its_peers_find_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """The contest ends in an error where it is not."""
    closure.main(months_=8, few=4, rounds=1, streams=3)
    assert capsys.readouterr().out.count("sets / closure, with reasons") == len(closure.CASES)


def test_what_is_proven_of_two_policies_and_what_samples_of_them_show_agree(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The contest ends in an error where it does not."""
    policy_ci.main(sizes=(12,), operations=60, rounds=1)
    told = capsys.readouterr().out
    assert told.count("diff, renamed") == len(policy_ci.SHAPES)
    assert "60 recorded decisions" in told


def test_a_benchmark_that_is_not_there_is_told_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["closure", "bulck"])
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("there is no benchmark bulck; there are resolve, ")
    assert ", bulk" in err
