"""Every benchmark still runs: a tiny form of each, whose figures mean nothing.

They compare answers before they measure; one that runs to its end has the answers that it is to have. `make bench` has
the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks import allocate, check, load, resolve, start, validate
from benchmarks.__main__ import BENCHMARKS
from benchmarks.goals import Goal

PEERS = {"resolve": "zen"}
"""Benchmark -> a module that it cannot do without, of requirements-bench.lock; `start` says itself what it lacks."""
IN_TEST_BENCHMARKS = {"bill_run", "closure", "policy_ci", "post", "sync", "usage"}
"""Run in tests/test_benchmarks.py, each in a form of its own."""
ON_A_SERVER = {"post_postgresql"}
"""Has but one size, which is minutes."""


def short_forms(folder: Path) -> dict[str, Callable[[], object]]:
    """Each benchmark as small as it goes."""
    return {
        "resolve": lambda: resolve.main(count=20, rounds=1),
        "validate": lambda: validate.main(sizes=(12,), rules=(6, 12)),
        "start": lambda: start.main(rounds=1, rules=3, warm=False),
        "load": lambda: load.contest(folder, 50, 1),
        "allocate": lambda: allocate.main(rounds=1),
        "check": lambda: check.main(sizes=(10,)),
    }


def test_every_benchmark_has_a_short_form() -> None:
    assert BENCHMARKS.keys() == short_forms(Path()).keys() | IN_TEST_BENCHMARKS | ON_A_SERVER


@pytest.mark.parametrize("name", short_forms(Path()))
def test_it_runs(request: pytest.FixtureRequest, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peer = PEERS.get(name)
    if peer is not None and find_spec(peer) is None:
        pytest.skip(f"{name} measures beside {peer}, which is not installed (requirements-bench.lock)")
    if name == "resolve":
        request.applymarker(pytest.mark.xfail(raises=SystemExit, strict=True, reason="its peers answer otherwise"))
    goals: Any = short_forms(tmp_path)[name]()
    assert name in capsys.readouterr().out
    assert all(isinstance(one, Goal) and all(one) for one in goals or ())
