"""The neural predictors say nothing of TensorFlow's."""

import os
import subprocess
import sys

from support.command import ROOT


def test_a_fit_writes_nothing_to_the_standard_error() -> None:
    script = """
from pnas.controller import ControllerManager
from pnas.state_space import StateSpace
space = StateSpace(B=1, operators=["identity"])
controller = ControllerManager(space, B=1, K=None, predictor="mlp")
controller.train([0.5] * len(controller.get_actions()))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
