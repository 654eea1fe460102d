"""A signal does not interrupt the main thread where it takes an import lock."""

import signal
import time
from collections.abc import Iterator
from types import FrameType, SimpleNamespace
from typing import Any, cast

import pytest

from pnas.system import import_locks
from pnas.system.import_locks import postpone_in_import


def frame_in(file: str) -> FrameType:
    return cast(FrameType, SimpleNamespace(f_code=SimpleNamespace(co_filename=file)))


IMPORTING = frame_in("<frozen importlib._bootstrap>")


@pytest.fixture
def received() -> Iterator[list[int]]:
    """Signals that arrive in the test."""
    signals: list[int] = []

    def note(signum: int, frame: Any) -> None:
        signals.append(signum)

    before = signal.signal(signal.SIGUSR1, note)
    yield signals
    postpone_in_import(signal.SIGUSR1, None)  # forgets what was postponed
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_in_the_import_system_comes_again(received: list[int]) -> None:
    assert postpone_in_import(signal.SIGUSR1, IMPORTING)
    deadline = time.monotonic() + 10
    while not received and time.monotonic() < deadline:
        time.sleep(0.01)
    assert received == [signal.SIGUSR1]


def test_a_signal_elsewhere_is_answered_at_once(received: list[int]) -> None:
    assert not postpone_in_import(signal.SIGUSR1, frame_in(__file__))
    assert not postpone_in_import(signal.SIGUSR1, None)
    assert received == []


def test_whoever_waits_for_an_import_is_interrupted_in_the_end(
    received: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_locks, "_SECONDS", 0.0)
    times = 0
    while postpone_in_import(signal.SIGUSR1, IMPORTING):
        times += 1
    assert times == import_locks._MOST_TIMES
    # The next interrupt is postponed anew.
    assert postpone_in_import(signal.SIGUSR1, IMPORTING)
    time.sleep(0.1)
    assert set(received) == {signal.SIGUSR1}
