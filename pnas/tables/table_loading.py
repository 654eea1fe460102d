"""From a path to a `Table`, by what the file is."""

from pathlib import Path

from pnas.errors import InvalidValue, MalformedFile, require
from pnas.tables.nasbench201_table import read_nasbench201
from pnas.tables.reward_table import Table
from pnas.tables.table_files import read_table_file
from pnas.tables.table_key import KEY

_SUFFIXES = (".yaml", ".yml", ".npz")


def load_table(path: str | Path, reward: str | None = None, test: str | None = None) -> Table:
    """Read a table: the YAML file of one in the package's format, or NAS-Bench-201 as ``.npz``.

    Args:
        path: Path of the file.
        reward: Column of the reward; None for ``reward``, and ``c10_valid_200_naswot`` of
            NAS-Bench-201.
        test: Column that judges; None for ``test`` if there is one, and ``c10_test_200`` of
            NAS-Bench-201.

    Raises:
        InvalidValue: There is no such file, it is not a table, it lacks a column, a value is not an
            accuracy, two rows of one cell disagree, or a cell does not belong to its space.
    """
    file = Path(path).expanduser()
    require(file.is_file(), KEY, "must be an existing file", str(path))
    rule = f"must end in {', '.join(_SUFFIXES)} (see docs/strategies.md)"
    require(file.suffix in _SUFFIXES, KEY, rule, str(path))

    read = read_nasbench201 if file.suffix == ".npz" else read_table_file
    try:
        return read(file, reward, test)
    except InvalidValue:
        raise
    except MalformedFile as error:
        raise InvalidValue(KEY, f"must be a table ({error})", str(path)) from error
    except Exception as error:  # A file may hold anything, and its readers raise as many things.
        rule = f"must be a table ({type(error).__name__}: {error})"
        raise InvalidValue(KEY, rule, str(path)) from error
