"""`make bench`: every benchmark in turn."""

from __future__ import annotations

from benchmarks import allocate, post, resolve, validate

for benchmark in (resolve, validate, allocate, post):
    benchmark.main()
    print()
