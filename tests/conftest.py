"""Settings of every test: no GPU, no chatter, nothing outside the test's own folders."""

import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import sys
from pathlib import Path

import absl.logging
import pytest

# TensorFlow's log handler closes its stream when Hydra sets up logging anew, unless it is the
# process's own: the stream that it finds while a test runs is pytest's.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs, for tests to copy: making its schema takes seconds."""
    from pnas.tracking import MlflowSpec, open_store

    database = tmp_path_factory.mktemp("empty_store") / "mlflow.db"
    open_store(MlflowSpec(uri=f"sqlite:///{database}", experiment="template"))
    return database
