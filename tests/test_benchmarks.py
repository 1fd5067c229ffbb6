"""The benchmarks still run on today's policy language; what they measure is theirs (`make bench`)."""

from __future__ import annotations

from pathlib import Path

from benchmarks.resolve import billpolicy, policy, records
from benchmarks.validate import large_policy
from billpolicy.resolve import Resolver
from billpolicy.validation import prove


def test_the_policies_that_benchmarks_generate_are_valid(tmp_path: Path) -> None:
    assert len(policy().exceptions) == 40
    (tmp_path / "policy.yaml").write_text(large_policy(100), encoding="utf-8")
    assert len(prove(tmp_path / "policy.yaml").exceptions) == 100


def test_the_records_that_benchmarks_generate_resolve() -> None:
    answers = billpolicy(Resolver(policy(), "python"), records(50)).answers()
    assert all(len(values) == 3 and all(values) for values in answers)
