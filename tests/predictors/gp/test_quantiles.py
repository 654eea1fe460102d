"""Quantiles of predicted rewards."""

import numpy as np

from pnas.predictors import make_predictor, named_spec
from pnas.state_space import StateSpace


def test_quantiles_are_the_rewards_of_normal_quantiles() -> None:
    space = StateSpace(1, ["3x3 conv", "identity", "3x3 maxpool"])
    tokens = space.encode(space.initial_children())
    predictor = make_predictor(space, named_spec("gp"))
    rewards = np.random.default_rng(0).uniform(0.2, 0.9, 12).tolist()
    predictor.fit(tokens[:12], rewards, 1, 0)

    mean, std = predictor.predict_mean_std(tokens)
    found = predictor.predict_quantiles(tokens, np.array([-1.0, 0.0, 1.0]))
    assert np.allclose(found[:, 1], mean)
    assert np.allclose(found[:, 2], mean + std)
    assert (np.diff(found, axis=1) >= 0).all()
