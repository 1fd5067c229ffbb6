"""DuckDB hands rows over as a stream of Arrow, and reads what is decided as one (docs/bulk.md)."""

from __future__ import annotations

import random

import pyarrow as pa

import billpolicy
from tests.bulk.arrow import rows_of_payments
from tests.helpers.tools import needs_package


def test_a_query_is_decided_as_a_table_is_and_can_be_asked() -> None:
    needs_package("duckdb")
    import duckdb

    policy = billpolicy.load_policy("standard")
    payments = rows_of_payments(1000, random.Random(4))
    expected = billpolicy.resolve_table(policy, "create_payment", payments, unset=["reference_is"], keep=["id"])
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE rows AS SELECT * FROM payments")
        rows = connection.sql("SELECT * FROM rows ORDER BY id").to_arrow_reader()
        decided = billpolicy.resolve_table(policy, "create_payment", rows, unset=["reference_is"], keep=["id"])
        assert isinstance(decided, pa.RecordBatchReader)
        with duckdb.connect() as other:  # a connection that reads while the first one is being read
            found = other.sql("SELECT * FROM decided ORDER BY id").to_arrow_table()
    assert found.to_pylist() == expected.to_pylist()
    assert {row["refused"] for row in found.to_pylist()} >= {None, "row-value-wrong: amount"}
