"""A DataFrame of Spark, decided where its rows are: each executor does what `tables.py` does, batch by batch.

An executor needs this package and pyarrow, and no file of the policy: the policy that was read goes to it as a value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from billpolicy.bulk.arguments import expect_to_decide
from billpolicy.bulk.tables import Bulk, plain, sized
from billpolicy.deciding.matching.engines import default_engine
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, type_of
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def resolve_frame(
    policy: Versions,
    operation: str | Sequence[str],
    frame: DataFrame,
    *,
    unset: Collection[str] = (),
    keep: Collection[str] = (),
    vocabulary: Vocabulary = VOCABULARY,
) -> DataFrame:
    """What a policy decides of each row of a DataFrame of Spark, as another one, computed when it is asked for.

    Columns, options and result are those of `resolve_table`. Executors match by the rules engine, too, where it is
    installed there and `policy` does. `vocabulary`: of the operations, as it was for the policy. Raises `Refused` at
    once where the columns are not what the policy asks for.
    """
    expect_to_decide(policy, operation, unset, keep)
    expect(vocabulary, Mapping, "`vocabulary` must be that of operations")
    if not hasattr(frame, "mapInArrow"):
        raise TypeError(f"`frame` must be a DataFrame of Spark, not {type_of(frame)}")
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    schema = to_arrow_schema(frame.schema)
    result = Bulk(policy, operation, schema, unset=unset, keep=keep, vocabulary=vocabulary).schema
    decides = _Decides(policy, operation, frame.columns, {"unset": unset, "keep": keep, "vocabulary": vocabulary})
    # Spark takes a dot in a name for the field of a struct, so on their way columns are numbered.
    numbered = frame.toDF(*(f"column_{number}" for number in range(len(frame.columns))))
    return numbered.mapInArrow(decides, from_arrow_schema(plain(result)))


class _Decides:
    """What goes to the executors."""

    def __init__(
        self,
        policy: Versions,
        operation: str | Sequence[str],
        names: Sequence[str],
        options: Mapping[str, Any],
    ) -> None:
        self._policies: list[Policy] = policy.policies
        self._engine = policy.engine
        self._operation = operation if isinstance(operation, str) else tuple(operation)
        self._names, self._options = list(names), dict(options)

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        engine = "python" if self._engine == "python" else default_engine()
        policy = Versions(Resolver(one, engine) for one in self._policies)
        bulk = None
        for batch in sized(batches):
            batch = batch.rename_columns(self._names)
            bulk = bulk or Bulk(policy, self._operation, batch.schema, **self._options)
            yield bulk.decide(batch).cast(plain(bulk.schema))
