"""`make bench`: every benchmark in turn."""

from __future__ import annotations

from benchmarks import post, resolve, validate

for benchmark in (resolve, validate, post):
    benchmark.main()
    print()
