"""Settings of every test: no GPU, no chatter, nothing outside the test's own folders."""

import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Tests run side by side, one a core: further threads of linear algebra would wait in busy loops.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gc
import shutil
import sys
from pathlib import Path

import absl.logging
import pytest

# TensorFlow's log handler closes its stream when Hydra sets up logging anew, unless it is the
# process's own: the stream that it finds while a test runs is pytest's.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__

_MEMORY = Path("/dev/shm")
_ENOUGH_MEMORY = 4 * 2**30

# Where there is a file system in memory, temporary folders of tests lie in it: the thousands of
# transactions of their journals and stores do not wait for a disk.
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_MEMORY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass by what was collected: thousands of tests, which all stay."""
    gc.freeze()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs, for tests to copy: making its schema takes seconds."""
    from pnas.tracking import MlflowSpec, open_store

    database = tmp_path_factory.mktemp("empty_store") / "mlflow.db"
    open_store(MlflowSpec(uri=f"sqlite:///{database}", experiment="template"))
    return database
