"""Cores that may be used: the affinity of the process, and the limits of its cgroups."""

import os
from pathlib import Path

import pytest

from pnas.system import cgroups, cores


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 64 cores whose cgroups are files of the test."""
    (tmp_path / "fs").mkdir()
    monkeypatch.setattr(cgroups, "_CGROUPS", tmp_path / "fs")
    monkeypatch.setattr(cgroups, "_OWN_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_cgroups_all_cores_of_the_affinity_count(machine: Path) -> None:
    assert cores.available_cores() == 64


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("50000 100000\n", 1),
        ("max 100000\n", 64),
        ("9900000 100000\n", 64),
        ("nonsense\n", 64),
    ],
)
def test_a_limit_of_version_2(machine: Path, limit: str, expected: int) -> None:
    write(machine / "cgroup", "0::/docker/abc\n")
    write(machine / "fs/docker/abc/cpu.max", limit)
    assert cores.available_cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [("300000", 3), ("-1", 64), ("0", 64)])
def test_a_limit_of_version_1(machine: Path, quota: str, expected: int) -> None:
    write(machine / "cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n")
    write(machine / "fs/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", f"{quota}\n")
    write(machine / "fs/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n")
    assert cores.available_cores() == expected


def test_the_limit_of_a_parent_counts_too(machine: Path) -> None:
    write(machine / "cgroup", "0::/slurm/job/step\n")
    write(machine / "fs/slurm/cpu.max", "400000 100000\n")
    write(machine / "fs/slurm/job/step/cpu.max", "max 100000\n")
    assert cores.available_cores() == 4


def test_within_a_container_the_limit_is_at_the_root(machine: Path) -> None:
    write(machine / "cgroup", "0::/docker/abc\n")
    write(machine / "fs/cpu.max", "150000 100000\n")
    assert cores.available_cores() == 1
