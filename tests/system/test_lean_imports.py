"""What a process of pnas imports with Keras, and what one of somebody else does."""

import subprocess
import sys
import threading

import pytest

from pnas.system import lean_imports
from pnas.system.lean_imports import UNUSED

KERAS = """
import sys
from pnas.system.lean_imports import own_process
from pnas.system.quiet_tensorflow import start_tensorflow
{first}
start_tensorflow()
import keras
found = sorted(name for name in ("matplotlib", "pandas", "sklearn") if name in sys.modules)
import pandas, sklearn.base
print(found, pandas.DataFrame({{"a": [1]}}).shape, keras.backend.backend())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "found"),
    [("own_process()", []), ("", ["matplotlib", "pandas", "sklearn"])],
)
def test_a_process_of_pnas_imports_less(first: str, found: list[str]) -> None:
    command = [sys.executable, "-c", KERAS.format(first=first)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == f"{found} (1, 1) tensorflow"


def test_other_threads_import_what_is_hidden_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean_imports._Process, "is_own", True)
    monkeypatch.setattr(lean_imports, "UNUSED", UNUSED | {"colorsys"})
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    found = []

    def import_it() -> None:
        import colorsys

        found.append(colorsys.__name__)

    with lean_imports.lean_imports():
        with pytest.raises(ModuleNotFoundError, match="colorsys is not imported with Keras"):
            import_it()
        other = threading.Thread(target=import_it)
        other.start()
        other.join()
    assert found == ["colorsys"]
    assert not any(isinstance(finder, lean_imports._Hidden) for finder in sys.meta_path)
