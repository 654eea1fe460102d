"""How much memory there is, and what is said where there is not enough."""

from pathlib import Path

import pytest

from pnas.system import cgroups, memory
from pnas.system.memory import available_memory, explain_out_of_memory


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


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 1 GB of free memory whose cgroups are files of the test."""
    (tmp_path / "meminfo").write_text("MemTotal: 2000000 kB\nMemAvailable: 1000000 kB\n")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(cgroups, "_CGROUPS", tmp_path / "fs")
    monkeypatch.setattr(cgroups, "_OWN_CGROUPS", tmp_path / "cgroup")
    return tmp_path


def write_all(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(f"{text}\n")


def test_without_cgroups_the_machine_s_memory_counts(machine: Path) -> None:
    assert available_memory() == 1_000_000 * 1024


def test_the_least_that_any_cgroup_leaves_counts(machine: Path) -> None:
    (machine / "cgroup").write_text("0::/slurm/job/step\n")
    write_all(machine / "fs/slurm/job", {"memory.max": "500", "memory.current": "200"})
    write_all(machine / "fs/slurm/job/step", {"memory.max": "max", "memory.current": "100"})
    assert available_memory() == 300


def test_files_that_were_read_take_no_memory_from_a_container(machine: Path) -> None:
    (machine / "cgroup").write_text("0::/\n")
    stat = "anon 200\nfile 750\nshmem 50\ninactive_file 600\nactive_file 100"
    texts = {"memory.max": "1000", "memory.current": "950", "memory.stat": stat}
    write_all(machine / "fs", texts)
    assert available_memory() == 750


def test_a_memory_limit_of_version_1(machine: Path) -> None:
    (machine / "cgroup").write_text("5:cpu:/docker/abc\n4:memory:/docker/abc\n")
    stat = "inactive_file 1\ntotal_inactive_file 60\ntotal_active_file 10"
    limits = {"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "900"}
    write_all(machine / "fs/memory/docker/abc", {**limits, "memory.stat": stat})
    assert available_memory() == 170
