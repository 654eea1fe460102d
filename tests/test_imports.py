"""What must start fast does not import what is slow."""

import json
import subprocess
import sys

import pytest

LIGHT = [
    "pnas",
    "pnas.state_space",
    "pnas.records",
    "pnas.data",
    "pnas.search",
    "pnas.config",
    "pnas.children",
    "pnas.controller",
    "pnas.tables",
    "pnas.tracking",
    "pnas.reports.terminal.result_tables",
]


HEAVY = {"tensorflow", "keras", "mlflow", "pandas", "scipy.stats", "sklearn"}

REPORT_IMPORTS = f"""
import importlib, json, sys
found = {{}}
for module in {LIGHT!r}:
    importlib.import_module(module)
    found[module] = sorted({HEAVY!r} & set(sys.modules))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def heavy_after() -> dict[str, list[str]]:
    """What one new process has imported of ``HEAVY`` after each module, those before it included.

    A module of which nothing is heavy beside the others is so alone as well.
    """
    command = [sys.executable, "-c", REPORT_IMPORTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", LIGHT)
def test_nothing_that_takes_long(module: str, heavy_after: dict[str, list[str]]) -> None:
    assert heavy_after[module] == []


def test_the_public_names_are_there() -> None:
    import pnas

    for name in pnas.__all__:
        assert getattr(pnas, name).__name__.removeprefix("pnas.") == name
        assert callable(getattr(pnas, name))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        pnas.Nothing  # noqa: B018
