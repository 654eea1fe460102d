"""The order of examples in a training."""

import numpy as np

from pnas.children import SearchTrainerSpec
from pnas.children.search_training.epoch_batches import epoch_batches

TRAINER = SearchTrainerSpec(epochs=3, batchsize=4)


def test_batches_cover_every_epoch_in_a_new_order() -> None:
    batches = epoch_batches(10, TRAINER, seed=5)
    assert batches.shape == (3, 2, 4)
    for epoch in batches:
        assert len(set(epoch.ravel().tolist())) == 8
    assert not np.array_equal(batches[0], batches[1])


def test_the_same_seed_gives_the_same_order() -> None:
    first = epoch_batches(10, TRAINER, seed=5)
    again = epoch_batches(10, TRAINER, seed=5)
    np.testing.assert_array_equal(first, again)
