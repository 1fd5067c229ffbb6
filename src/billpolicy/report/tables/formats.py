"""Every format of a table by its name, as what is written of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from billpolicy.accounting.tables import Table
from billpolicy.report.tables.csv import table_csv
from billpolicy.report.tables.data import table_report
from billpolicy.report.tables.text import table_text
from billpolicy.report.tables.xlsx import table_xlsx
from billpolicy.source.write import to_json

TABLE_FORMATS: Mapping[str, Callable[[Table], bytes]] = {
    "text": lambda table: table_text(table).encode(),
    "json": lambda table: to_json(table_report(table)).encode(),
    "csv": lambda table: table_csv(table).encode(),
    "xlsx": table_xlsx,
}
