"""What must start fast does not import what is slow."""

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


@pytest.mark.parametrize("module", LIGHT)
def test_nothing_that_takes_long(module: str) -> None:
    heavy = "{'tensorflow', 'keras', 'mlflow', 'pandas', 'scipy.stats', 'sklearn'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        == "[]\n"
    )


def test_the_public_names_are_there() -> None:
    import pnas

    for name in pnas.__all__:
        assert getattr(pnas, name).__name__.removeprefix("pnas.") == name
        assert callable(getattr(pnas, name))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        pnas.Nothing  # noqa: B018
