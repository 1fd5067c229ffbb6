"""Every benchmark still runs: a tiny form of each, whose figures mean nothing.

They compare answers before they measure; one that runs to its end has the answers that it is to have. `make bench` has
the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import allocate, check, impact, load, start, validate
from benchmarks.__main__ import BENCHMARKS
from benchmarks.goals import Goal

WITHOUT_ITS_PEER = {"serve"}
"""Its peer is installed by `make bench` alone; what of it is ours is tried in tests/speed/test_serve.py."""
IN_TEST_BENCHMARKS = {"bill_run", "bulk", "closure", "policy_ci", "post", "resolve", "sync", "usage"}
"""Run in tests/test_benchmarks.py, each in a form of its own."""
ON_A_SERVER = {"post_postgresql"}
"""Has but one size, which is minutes."""


def short_forms(folder: Path) -> dict[str, Callable[[], object]]:
    """Each benchmark as small as it goes."""
    return {
        "validate": lambda: validate.main(sizes=(12,), rules=(6, 12)),
        "start": lambda: start.main(rounds=1, rules=3, warm=False),
        "load": lambda: load.contest(folder, 50, 1),
        "allocate": lambda: allocate.main(rounds=1, documents=5, open_documents=(10, 20), accounts=(5,)),
        "check": lambda: check.main(sizes=(10,)),
        "impact": lambda: impact.main(operations=(60, 120), rules=12, rows=3_000, rounds=1),
    }


def test_every_benchmark_has_a_short_form() -> None:
    assert BENCHMARKS.keys() == short_forms(Path()).keys() | IN_TEST_BENCHMARKS | ON_A_SERVER | WITHOUT_ITS_PEER


@pytest.mark.parametrize("name", short_forms(Path()))
def test_it_runs(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    goals: Any = short_forms(tmp_path)[name]()
    assert name in capsys.readouterr().out
    assert all(isinstance(one, Goal) and all(one) for one in goals or ())
