"""Ctrl-C while children are trained, by real signals."""

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


def test_the_first_ctrl_c_is_a_request_and_answered_at_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with soft_interrupts(grace=60) as requested:
        assert not requested()
        interrupt()
        assert requested()
        answer = capfd.readouterr().err
    assert "finishing the children in training, at most 60 s" in answer
    assert "press Ctrl-C again to stop now" in answer
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_one_is_answered_and_interrupts(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), soft_interrupts(grace=60):
        interrupt_and_wait(times=2)
    assert "stopping now" in capfd.readouterr().err


def test_the_wait_is_bounded() -> None:
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
        with soft_interrupts(grace=1) as requested:
            seen.append(requested())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [False]
