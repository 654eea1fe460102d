"""A predictor: the mean reward of the cells that share operators with the one asked about.

PNAS_EXTENSIONS=docs/examples/my_predictor.py python run.py name=mine controller.predictor=sharing
"""

import json
from pathlib import Path

import numpy as np

from pnas.predictors import FitReport


class Sharing:
    """Each operator column votes with the mean reward of the blocks that had it."""

    def __init__(self, space, table=None):
        self.columns = [i for i, kind in enumerate(space.slot_kinds) if kind == "operator"]
        operators = len(space.vocabulary["operator"])
        self.table = np.full(operators, 0.5) if table is None else np.asarray(table)

    @classmethod
    def create(cls, space, spec):
        return cls(space)

    def fit(self, tokens, rewards, stage, seed, repeats=None):
        operators = tokens[:, :, self.columns].reshape(len(tokens), -1)
        for operator in range(len(self.table)):
            share = (operators == operator).mean(axis=1)
            if share.any():
                self.table[operator] = np.average(rewards, weights=share)
        errors = np.abs(self.predict(tokens) - rewards)
        return FitReport([float(errors.mean())])

    def predict(self, tokens):
        votes = self.table[tokens[:, :, self.columns]]
        return votes.mean(axis=(1, 2)).astype(np.float32)

    def predict_mean_std(self, tokens):
        mean = self.predict(tokens).astype(np.float64)
        return mean, np.zeros_like(mean)

    def save(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        description = {"spec": {"predictor": "sharing"}, "table": self.table.tolist()}
        (directory / "predictor.json").write_text(json.dumps(description))

    @classmethod
    def load(cls, directory: Path, space):
        description = json.loads((directory / "predictor.json").read_text())
        return cls(space, description["table"])


PNAS = {"predictors": {"sharing": Sharing}}
