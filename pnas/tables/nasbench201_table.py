"""NAS-Bench-201 (Dong and Yang, ICLR 2020, arXiv 2001.00326) as one ``.npz`` file.

The file has ``ops``, shape (cells, 6), the operator of each edge in the order (1<-0), (2<-0),
(2<-1), (3<-0), (3<-1), (3<-2) as an index into ``op_names``, and columns, shape (cells,), of
accuracies in percent. A column of fewer epochs on the same data, such as ``c10_test_12`` beside
``c10_valid_200_naswot``, is that of a short training (``search.rungs``).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pnas.errors import require
from pnas.state_space import Cell, NASBench201Space
from pnas.state_space.nasbench201 import OPERATORS, full_cell
from pnas.system.bounded_files import read_arrays
from pnas.tables.column_parsing import Columns, accuracy, add_row, as_number, column
from pnas.tables.reward_table import Row, ShortTraining, Table
from pnas.tables.table_key import KEY

REWARD = "c10_valid_200_naswot"
TEST = "c10_test_200"
_PARAMS = "params_M_naswot"
_EDGES = 6


def read_nasbench201(path: Path, reward: str | None = None, test: str | None = None) -> Table:
    """Read the benchmark; see `pnas.tables.load_table`."""
    columns = {name: array.tolist() for name, array in read_arrays(path).items()}
    rows = _rows(columns, path, reward or REWARD, test or TEST)
    return Table(path, NASBench201Space(), rows, identify)


def _rows(columns: Columns, path: Path, reward: str, test: str) -> dict[str, Row]:
    keys = _cell_keys(columns, path)
    rewards = column(columns, reward, path)
    tests = column(columns, test, path)
    epochs = _epochs_in_name(reward)
    shorter = _shorter_columns(columns, reward)
    millions = columns.get(_PARAMS, [None] * len(keys))

    rows: dict[str, Row] = {}
    for i, (key, reward_percent, test_percent, params) in enumerate(
        zip(keys, rewards, tests, millions, strict=True)
    ):
        row = Row(
            rewards=(_accuracy_of_percent(reward_percent, reward, key),),
            test=_accuracy_of_percent(test_percent, test, key),
            epochs=epochs,
            params=None if params is None else round(params * 1e6),
            shorter=_short_trainings(columns, shorter, i),
        )
        add_row(rows, key, row, key)
    return rows


def _shorter_columns(columns: Columns, reward: str) -> dict[int, str]:
    """Return the columns of trainings on the same data that are shorter than ``reward``'s."""
    epochs = _epochs_in_name(reward)
    data = reward.partition("_")[0]
    found: dict[int, str] = {}
    for name in columns:
        its_epochs = _epochs_in_name(name)
        is_of_data = name.partition("_")[0] == data
        if is_of_data and epochs is not None and its_epochs is not None and its_epochs < epochs:
            found.setdefault(int(its_epochs), name)
    return found


def _short_trainings(
    columns: Columns, shorter: Mapping[int, str], i: int
) -> dict[int, tuple[ShortTraining, ...]]:
    """Return the short trainings of row ``i``; a column that is malformed is no column of them."""
    trainings: dict[int, tuple[ShortTraining, ...]] = {}
    for epochs, name in shorter.items():
        percent = as_number(columns[name][i]) if i < len(columns[name]) else None
        if percent is not None and 0 <= percent <= 100:
            trainings[epochs] = (ShortTraining(percent / 100),)
    return trainings


def _cell_keys(columns: Columns, path: Path) -> list[str]:
    names = column(columns, "op_names", path)
    cells = column(columns, "ops", path)
    has_operators = set(names) == set(OPERATORS)
    require(has_operators, KEY, f"must have the operators {', '.join(OPERATORS)}", names)
    has_edges = all(len(edges) == _EDGES for edges in cells)
    require(has_edges, KEY, f"must have {_EDGES} edges a cell", path.name)

    keys = []
    for edges in cells:
        operators = [names[edge] for edge in edges]
        keys.append("|".join(operators))
    return keys


def identify(cell: Cell) -> str:
    """Return the operators on all edges of the cell of 3 nodes that computes the same."""
    return "|".join(full_cell(cell))


def _accuracy_of_percent(percent: Any, name: str, cell: str) -> float:
    number = as_number(percent)
    share = percent if number is None else number / 100
    return accuracy(share, name, cell)


def _epochs_in_name(name: str) -> float | None:
    """Return 12 for ``c10_test_12``; None for a name without a number of epochs."""
    found = re.search(r"_(\d+)(?:_|$)", name)
    return None if found is None else float(found[1])
