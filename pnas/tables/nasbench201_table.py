"""NAS-Bench-201 (Dong and Yang, arXiv 2001.00326) as one ``.npz`` file.

The file has ``ops`` (cells, 6), the operator of each edge in the order (1<-0), (2<-0), (2<-1), (3<-0), (3<-1),
(3<-2) as an index into ``op_names``, and columns (cells,) of accuracies in percent.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from pnas.errors import require
from pnas.state_space import Cell, NASBench201Space
from pnas.state_space.nasbench201 import OPERATORS, full_cell
from pnas.tables.column_parsing import accuracy, add_row, as_number, column
from pnas.tables.reward_table import KEY, Row, Table

REWARD = "c10_valid_200_naswot"
TEST = "c10_test_200"
_PARAMS = "params_M_naswot"
_EDGES = 6


def read_benchmark201(path: Path, reward: str | None = None, test: str | None = None) -> Table:
    """See `pnas.tables.load_table`."""
    with np.load(path, allow_pickle=False) as arrays:
        columns = {name: arrays[name].tolist() for name in arrays.files}
    names = column(columns, "op_names", path)
    ops = column(columns, "ops", path)
    rule = f"must have the operators {', '.join(OPERATORS)}"
    require(set(names) == set(OPERATORS), KEY, rule, names)
    require(
        all(len(row) == _EDGES for row in ops), KEY, f"must have {_EDGES} edges a cell", path.name
    )
    rewards = column(columns, reward or REWARD, path)
    tests = column(columns, test or TEST, path)
    epochs = _epochs(reward or REWARD)
    params = columns.get(_PARAMS, [None] * len(ops))
    rows: dict[str, Row] = {}
    for edges, shown, judged, millions in zip(ops, rewards, tests, params, strict=True):
        key = "|".join(names[edge] for edge in edges)
        row = Row(
            rewards=(_share(shown, reward or REWARD, key),),
            test=_share(judged, test or TEST, key),
            epochs=epochs,
            params=None if millions is None else round(millions * 1e6),
        )
        add_row(rows, key, row, key)
    return Table(path, NASBench201Space(), rows, identify)


def identify(cell: Cell) -> str:
    """The operators on a cell's edges; a cell of 1 or 2 nodes is the one of 3 that computes the same."""
    return "|".join(full_cell(cell))


def _share(percent: Any, name: str, cell: str) -> float:
    number = as_number(percent)
    return accuracy(percent if number is None else number / 100, name, cell)


def _epochs(name: str) -> float | None:
    """``c10_test_12`` says that it was trained for 12."""
    found = re.search(r"_(\d+)(?:_|$)", name)
    return float(found[1]) if found else None
