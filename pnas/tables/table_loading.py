"""From a path to a `Table`, by what the file is."""

from pathlib import Path

from pnas.errors import InvalidValue, require
from pnas.tables.nasbench201_table import read_benchmark201
from pnas.tables.reward_table import KEY, Table
from pnas.tables.table_files import read_written

_SUFFIXES = (".yaml", ".yml", ".npz")


def load_table(path: str | Path, reward: str | None = None, test: str | None = None) -> Table:
    """Read a table: the YAML file of one in our own format, or NAS-Bench-201 as ``.npz``.

    Args:
        path: of the file.
        reward: column of the reward; None: ``reward``, and ``c10_valid_200_naswot`` of NAS-Bench-201.
        test: column that judges; None: ``test`` if there is one, and ``c10_test_200`` of NAS-Bench-201.

    Raises:
        InvalidValue: no such file, not a table, a column that it lacks, a value that is none, two rows of one
            cell that disagree, or a cell that is not of its space.
    """
    file = Path(path).expanduser()
    require(file.is_file(), KEY, "must be an existing file", str(path))
    require(
        file.suffix in _SUFFIXES,
        KEY,
        f"must end in {', '.join(_SUFFIXES)} (see docs/strategies.md)",
        str(path),
    )
    try:
        return (
            read_benchmark201(file, reward, test)
            if file.suffix == ".npz"
            else read_written(file, reward, test)
        )
    except InvalidValue:
        raise
    except Exception as error:  # a file may hold anything, and its readers raise as many things
        raise InvalidValue(
            KEY, f"must be a table ({type(error).__name__}: {error})", str(path)
        ) from error
