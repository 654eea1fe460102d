"""Tables of cells that were trained before: they answer rewards in place of training (`trainer=tabular`)."""

from pnas.tables.load import load_table
from pnas.tables.runner import TableRunnerFactory
from pnas.tables.table import Row, Table
from pnas.tables.written import write_table

__all__ = ["Row", "Table", "TableRunnerFactory", "load_table", "write_table"]
