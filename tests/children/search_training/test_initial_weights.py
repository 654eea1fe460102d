"""Initial weights by seed: those of a new build, or none."""

import keras
import numpy as np

from pnas.children import NetworkManager, PNASNetworkSpec
from pnas.children.search_training.flat_weights import FlatWeights
from pnas.children.search_training.initial_weights import InitialWeights
from pnas.data import Dataset
from pnas.state_space.named_cells import PRESETS

CELL = PRESETS["pnasnet5"]


def test_every_weight_is_that_of_a_new_build(dataset: Dataset) -> None:
    manager = NetworkManager(dataset, batchsize=16, network=PNASNetworkSpec(filters=2))
    model = manager.build_without_variables(CELL, seed=3)
    weights = FlatWeights(model)
    initial = InitialWeights(model, seed=3)
    initial.set_seed(2**31 + 7)
    weights.initialize()

    new = FlatWeights(manager.build(CELL, seed=2**31 + 7))
    np.testing.assert_array_equal(weights.trainable.numpy(), new.trainable.numpy())
    np.testing.assert_array_equal(weights.state.numpy(), new.state.numpy())


def model_in_scope(scope: keras.StatelessScope | None, other_draws: int) -> keras.Model:
    keras.utils.set_random_seed(1)
    for _ in range(other_draws):
        keras.initializers.GlorotUniform()
    inputs = keras.Input((4,))
    if scope is None:
        return keras.Model(inputs, keras.layers.Dense(2)(inputs))
    with scope:
        return keras.Model(inputs, keras.layers.Dense(2)(inputs))


def test_of_a_model_that_was_built_otherwise_nothing_is_known() -> None:
    made = model_in_scope(None, other_draws=0)
    not_made = model_in_scope(keras.StatelessScope(initialize_variables=False), other_draws=0)
    drawn_before = model_in_scope(keras.StatelessScope(initialize_variables=False), other_draws=1)
    assert InitialWeights(not_made, seed=1).is_known
    assert not InitialWeights(not_made, seed=2).is_known
    assert not InitialWeights(made, seed=1).is_known
    assert not InitialWeights(drawn_before, seed=1).is_known
