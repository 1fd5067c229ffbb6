"""`make bench`: every benchmark in turn."""

from __future__ import annotations

from benchmarks import allocate, bill_run, load, post, resolve, sync, usage, validate

for benchmark in (resolve, validate, load, allocate, post, bill_run, usage, sync):
    benchmark.main()
    print()
