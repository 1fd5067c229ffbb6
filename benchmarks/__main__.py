"""`make bench`: every benchmark in turn."""

from __future__ import annotations

from benchmarks import allocate, load, post, resolve, validate

for benchmark in (resolve, validate, load, allocate, post):
    benchmark.main()
    print()
