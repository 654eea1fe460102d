"""How much other processes take of the cores that this one may use."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pnas.system import contention as module
from pnas.system.contention import contention

TICKS = 100
"""Ticks of each core while it is watched."""

Watch = Callable[[dict[int, int]], None]
"""Says how many ticks of a core are busy, by its number."""


def stat(busy: dict[int, int], rounds: int) -> str:
    lines = ["cpu  0 0 0 0 0 0 0 0 0 0"]
    for number, ticks in busy.items():
        idle = rounds * (TICKS - ticks)
        lines.append(f"cpu{number} {rounds * ticks} 0 0 {idle} 0 0 0 0 0 0")
    return "\n".join([*lines, "intr 12 0", "procs_running 3", ""])


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    path = tmp_path / "stat"
    monkeypatch.setattr(module, "_STAT", path)
    monkeypatch.setattr(module, "allowed_cores", lambda: {4, 5})
    monkeypatch.setattr(module, "available_cores", lambda: 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "getloadavg", lambda: (40.0, 0.0, 0.0))
    monkeypatch.setattr(time, "process_time", lambda: 0.0)

    def set_up(busy: dict[int, int]) -> None:
        path.write_text(stat(busy, rounds=1))
        monkeypatch.setattr(time, "sleep", lambda _: path.write_text(stat(busy, rounds=2)))

    return set_up


@pytest.mark.parametrize(
    ("busy", "workers", "expected"),
    [
        ({4: 0, 5: 0}, 2, 1.0),
        ({4: 100, 5: 0}, 1, 1.0),
        ({4: 100, 5: 0}, 2, 1.5),
        ({4: 50, 5: 30}, 2, 1.4),
        # Both are full: a quarter of the machine's 40 processes are on them.
        ({4: 100, 5: 100}, 2, 6.0),
        # What runs on other cores takes nothing from these.
        ({0: 100, 1: 100, 4: 0, 5: 0}, 2, 1.0),
        # No line of these cores: the load average is all there is.
        ({0: 100}, 2, 6.0),
    ],
)
def test_processes_a_core(
    watch: Watch, busy: dict[int, int], workers: int, expected: float
) -> None:
    watch(busy)
    assert contention(workers) == pytest.approx(expected)


def test_more_workers_than_a_limit_of_processor_time_allows(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch({4: 0, 5: 0})
    monkeypatch.setattr(module, "available_cores", lambda: 1)
    assert contention(2) == pytest.approx(2.0)


def test_what_this_process_does_meanwhile_is_not_of_others(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch({4: 75, 5: 0})
    seconds = iter([1.0, 1.1])
    monkeypatch.setattr(time, "process_time", lambda: next(seconds))
    assert contention(2) == pytest.approx((0.25 + 2) / 2)


def test_a_system_that_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STAT", tmp_path / "absent")
    monkeypatch.setattr(os, "getloadavg", _no_load)
    assert contention(1) == 1.0


def _no_load() -> tuple[float, float, float]:
    raise OSError
