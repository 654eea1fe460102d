"""Ctrl-C outside the training of children, by real signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from support.command import ROOT, run_here, start
from support.journals import make_run
from support.small import SMALL

from pnas import hydra_job
from pnas.errors import PnasError
from pnas.system.interrupts import answer_interrupts, was_interrupted


@pytest.fixture
def _own_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    answer_interrupts()  # forgets the presses of this test
    signal.signal(signal.SIGINT, before)


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("_own_handler")
def test_each_press_is_answered_and_interrupts(capfd: pytest.CaptureFixture[str]) -> None:
    answer_interrupts()
    assert not was_interrupted()
    with pytest.raises(KeyboardInterrupt):
        press()
    assert "press Ctrl-C again to stop now" in capfd.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        press()
    assert capfd.readouterr().err == "\nstopping now\n"
    assert was_interrupted()


def test_a_third_press_ends_the_process_whatever_it_does() -> None:
    script = """
import os, signal
from pnas.system.interrupts import answer_interrupts
answer_interrupts()
for _ in range(3):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        pass  # as a library that swallows it
print("went on")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 130
    assert done.stdout == ""


@pytest.mark.usefixtures("_own_handler")
@pytest.mark.parametrize("error", [PnasError("of the second press"), OSError(), SystemExit(2)])
def test_whatever_goes_wrong_after_a_press_the_exit_code_is_130(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> NoReturn:
        try:
            press()
        except KeyboardInterrupt:
            raise error from None
        raise AssertionError

    monkeypatch.setattr(hydra_job, "run", interrupted)
    assert run_here() == 130


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seconds", [0.4, 1.0, 2.0, 4.0, 8.0])
def test_in_whatever_phase_two_presses_come(seconds: float, tmp_path: Path) -> None:
    process = start(["name=demo", *SMALL, "trainer.epochs=300"], tmp_path)
    time.sleep(seconds)  # composing, reading, starting workers or training, as the machine has it
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "Ctrl-C again" in err


@pytest.mark.slow
@pytest.mark.alone
def test_during_a_report(tmp_path: Path) -> None:
    # The report of so many takes longer than the pause below, which is longer than Python's start.
    make_run(tmp_path / "outputs" / "large", (1500, 1000))
    process = start(["task=report", "from=outputs/large"], tmp_path)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
