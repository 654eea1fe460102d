"""Visible GPUs: what the driver shows, as CUDA_VISIBLE_DEVICES selects it."""

from pathlib import Path

import pytest

from pnas.execution import devices
from pnas.execution.devices import visible_gpus

UUIDS = ("GPU-1f3a77e2-0000", "GPU-9b11c0de-0000")


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A driver without GPUs: an empty /dev and an empty /proc/driver/nvidia/gpus."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "proc").mkdir()
    monkeypatch.setattr(devices, "_DEVICES", tmp_path / "dev")
    monkeypatch.setattr(devices, "_DRIVER", tmp_path / "proc")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


@pytest.fixture
def two_gpus(driver: Path) -> None:
    """A driver that shows two GPUs, with the minor numbers 4 and 5."""
    for name in ("nvidia4", "nvidia5", "nvidiactl", "nvidia-uvm"):
        (driver / "dev" / name).touch()
    for index, uuid in enumerate(UUIDS):
        folder = driver / "proc" / f"0000:0{index}:00.0"
        folder.mkdir()
        (folder / "information").write_text(f"Model: \t\t H100\nGPU UUID: \t {uuid}\n")


@pytest.mark.usefixtures("two_gpus")
def test_gpus_are_counted_by_their_device_files() -> None:
    assert visible_gpus() == ["0", "1"]


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("value", ["0", "7", "NoDevFiles", UUIDS[0], "MIG-1f3a", "0,1", "", "-1"])
def test_without_a_driver_there_is_no_gpu_whatever_the_environment_says(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_gpus() == []


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0", ["0"]),
        ("1,0", ["1", "0"]),
        (" 1 ", ["1"]),
        # The first id that names no GPU ends the list.
        ("2", []),
        ("1,2,0", ["1"]),
        ("0,-1,1", ["0"]),
        (UUIDS[1], [UUIDS[1]]),
        ("GPU-9b", ["GPU-9b"]),
        ("GPU-ffff", []),
        ("MIG-41aa,MIG-52bb", ["MIG-41aa", "MIG-52bb"]),
    ],
)
def test_the_environment_selects_among_the_gpus_of_the_driver(
    value: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_gpus() == expected
