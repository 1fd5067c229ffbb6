"""`make bench`: every benchmark in turn."""

from __future__ import annotations

from benchmarks import allocate, bill_run, load, post, resolve, usage, validate

for benchmark in (resolve, validate, load, allocate, post, bill_run, usage):
    benchmark.main()
    print()
