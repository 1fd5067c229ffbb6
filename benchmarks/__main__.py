"""`make bench`: every benchmark in turn, or those that are named: `python -m benchmarks closure`."""

from __future__ import annotations

import sys

from benchmarks import (
    allocate,
    bill_run,
    check,
    closure,
    load,
    policy_ci,
    post,
    post_postgresql,
    resolve,
    sync,
    usage,
    validate,
)

for benchmark in (
    resolve,
    validate,
    load,
    allocate,
    post,
    post_postgresql,
    bill_run,
    usage,
    sync,
    closure,
    policy_ci,
    check,
):
    if benchmark.__name__.removeprefix("benchmarks.") in sys.argv[1:] or not sys.argv[1:]:
        benchmark.main()
        print()
