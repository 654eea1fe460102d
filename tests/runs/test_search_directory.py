"""What is written to a run directory when a command continues it."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pnas.runs.search_directory import write_config


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x80", "name: \xe9".encode("latin-1")])
def test_a_damaged_configuration_is_written_anew(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    write_config(tmp_path, {"name": "é"})
    assert OmegaConf.load(path) == {"name": "é"}


def test_a_configuration_that_is_right_stays(tmp_path: Path) -> None:
    write_config(tmp_path, {"name": "é"})
    path = tmp_path / "config.yaml"
    before = path.stat().st_mtime_ns
    write_config(tmp_path, {"name": "é"})
    assert path.stat().st_mtime_ns == before
