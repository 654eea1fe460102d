"""Predictors of extensions that were written against an earlier contract."""

from pathlib import Path

import numpy as np
import pytest

from pnas.predictors import make_controller_spec, make_predictor
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity"])
BODY = """
import numpy as np
from pnas.predictors import FitReport

class Constant:
    @classmethod
    def create(cls, space, spec):
        return cls()

    def fit(self, tokens, rewards, stage, seed):
        self.mean = float(np.mean(rewards))
        return FitReport([0.0])

    def predict(self, tokens):
        return np.full(len(tokens), self.mean, np.float32)
"""
WITH_SPREAD = """
    def predict_with_spread(self, tokens):
        return self.predict(tokens).astype(float), np.full(len(tokens), 0.25)
"""
WITH_MEMBERS = """
    def predict_members(self, tokens):
        return np.stack([self.predict(tokens) - 0.25, self.predict(tokens) + 0.25])
"""
OFFER = """
PNAS = {"predictors": {"constant": Constant}}
"""


@pytest.mark.parametrize("methods", [WITH_SPREAD, WITH_MEMBERS])
def test_it_still_works_and_is_reported_once(
    methods: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = tmp_path / "constant.py"
    module.write_text(BODY + methods + OFFER)
    monkeypatch.setenv("PNAS_EXTENSIONS", str(module))
    monkeypatch.setattr("pnas.predictors.former_contract._reported", set())
    spec = make_controller_spec(predictor="constant")

    predictor = make_predictor(SPACE, spec)
    make_predictor(SPACE, spec)
    tokens = SPACE.encode(SPACE.initial_children())
    predictor.fit(tokens, [0.5] * len(tokens), 1, 0, repeats=[2] * len(tokens))
    mean, deviation = predictor.predict_mean_std(tokens)

    np.testing.assert_allclose(mean, 0.5)
    np.testing.assert_allclose(deviation, 0.25)
    reported = capsys.readouterr().err
    assert reported.count("constant has an earlier contract") == 1
    assert "predict_mean_std" in reported
