"""Spark is half a gigabyte and needs a Java: its test is there where it is installed, as `make spark` does."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("pyspark") else ["test_spark.py"]
