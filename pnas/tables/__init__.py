"""Tables of cells that were trained before: they answer rewards in place of training.

A search uses one with ``trainer=tabular``.
"""

from pnas.tables.reward_table import Row, Table
from pnas.tables.table_loading import load_table
from pnas.tables.table_runner import TableRunnerFactory
from pnas.tables.table_writing import write_table
from pnas.tables.tabular_spec import TabularSpec

__all__ = ["Row", "Table", "TableRunnerFactory", "TabularSpec", "load_table", "write_table"]
