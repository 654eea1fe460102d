"""A process that trains has the Keras that children need, whatever its environment says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPORT = """
from pnas.children import SearchTrainerSpec
from pnas.children.tensorflow_runtime import configure_runtime
configure_runtime(SearchTrainerSpec())
import keras
print(keras.backend.backend(), keras.config.image_data_format(), keras.config.floatx())
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax", "nonsense"])
def test_the_environment_s_backend_and_conventions_do_not_matter(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"backend": backend, "image_data_format": "channels_first", "floatx": "float16"}
    (tmp_path / "keras.json").write_text(json.dumps(settings | {"epsilon": 1e-3}))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", backend)

    command = [sys.executable, "-c", REPORT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tensorflow", "channels_last", "float32"]
