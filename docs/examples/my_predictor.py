"""A predictor: the mean reward of the cells that share operators with the one asked about.

PNAS_EXTENSIONS=docs/examples/my_predictor.py python run.py name=mine controller.predictor=sharing
"""

import json
from pathlib import Path

import numpy as np

from pnas.predictors.base import FitReport


class Sharing:
    """Each operator column votes with the mean reward of the blocks that had it."""

    def __init__(self, space, table=None):
        self.columns = [i for i, kind in enumerate(space.slot_kinds) if kind == "operator"]
        self.table = (
            np.full(len(space.vocabulary["operator"]), 0.5) if table is None else np.asarray(table)
        )

    @classmethod
    def create(cls, space, spec):
        return cls(space)

    def fit(self, tokens, rewards, stage, seed):
        seen = tokens[:, :, self.columns].reshape(len(tokens), -1)
        for operator in range(len(self.table)):
            share = (seen == operator).mean(axis=1)
            if share.any():
                self.table[operator] = np.average(rewards, weights=share)
        return FitReport([float(np.abs(self.predict(tokens) - rewards).mean())])

    def predict(self, tokens):
        return self.table[tokens[:, :, self.columns]].mean(axis=(1, 2)).astype(np.float32)

    def predict_members(self, tokens):
        return self.predict(tokens)[None]

    def predict_mean_std(self, tokens):
        mean = self.predict(tokens).astype(np.float64)
        return mean, np.zeros_like(mean)

    def save(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {"format": 1, "spec": {"predictor": "sharing"}, "table": self.table.tolist()}
        )
        (directory / "predictor.json").write_text(text)

    @classmethod
    def load(cls, directory: Path, space):
        return cls(space, json.loads((directory / "predictor.json").read_text())["table"])


PNAS = {"predictors": {"sharing": Sharing}}
