"""Ctrl-C while children run, by real signals."""

import os
import signal
import threading
import time

import pytest

from pnas.execution import soft_interrupts


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def interrupt_and_wait(times: int) -> None:
    for _ in range(times):
        interrupt()
    time.sleep(30)


def test_the_first_ctrl_c_is_a_wish_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with soft_interrupts(grace=60) as asked:
        assert not asked()
        interrupt()
        assert asked()
        time.sleep(0.2)
    assert "waiting 60 s at most" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_one_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt), soft_interrupts(grace=60):
        interrupt_and_wait(times=2)


def test_waiting_is_bounded() -> None:
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), soft_interrupts(grace=0.3):
        interrupt_and_wait(times=1)
    assert time.monotonic() - start < 10


def test_what_ends_in_time_is_not_interrupted_later() -> None:
    with soft_interrupts(grace=0.2):
        interrupt()
    time.sleep(0.5)


def test_outside_the_main_thread_nothing_changes() -> None:
    seen: list[bool] = []

    def run() -> None:
        with soft_interrupts(grace=1) as asked:
            seen.append(asked())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [False]
