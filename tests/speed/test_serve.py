"""The service's own part of its benchmark: it is asked, answers what the decider says, and stays as large as it is."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import billpolicy
from benchmarks.http_load import at_rate
from benchmarks.serve import BOOK, OPERATION, Endpoint, asked, bodies, memory, milliseconds, ours, throughput
from benchmarks.validate import rules_on_one_operation


def test_it_runs(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(rules_on_one_operation(6), encoding="utf-8")
    (tmp_path / "book.yaml").write_text(BOOK, encoding="utf-8")
    (body,) = bodies(1, 7)
    facts = json.loads(body)["facts"]
    policy = billpolicy.load_policy(tmp_path / "policy.yaml")
    decider = billpolicy.decider(policy, OPERATION, list(facts))
    read: dict[str, Callable[[str], Any]] = {"date": datetime.date.fromisoformat, "amount": Decimal}
    row = [read.get(name, str)(value) if value is not None else None for name, value in facts.items()]
    decided = dict(zip(decider.keys, decider.decide(row), strict=True))
    with ours(tmp_path) as served:
        one = Endpoint("ours", served, "/decide")
        found = asked(one, body)
        assert {key: (value, level, rule) for key, (value, level, rule, *_) in found.items()} == decided
        assert len(throughput([one], 20, 1)["ours"]) == 1
        assert len(at_rate(served.port, one.requests(bodies(20, 3)), 4, 200).latencies) == 20
        assert len(memory(one, 100)) == 10
        assert len(milliseconds(served, "/pages/matrix", 2)) == 2
