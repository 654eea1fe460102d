"""What is said where there is not enough memory."""

import pytest

from pnas.system.memory import explain_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 3 GiB"),
        ImportError("libtensorflow_framework.so.2: failed to map segment from shared object"),
    ],
)
def test_a_want_of_memory_is_one_line(error: MemoryError | ImportError) -> None:
    assert explain_out_of_memory(error) == (
        f"memory: this process may not have enough of it (`ulimit -v`): {error}"
    )


def test_a_missing_library_is_no_want_of_memory() -> None:
    assert explain_out_of_memory(ImportError("No module named 'lightgbm'")) is None
