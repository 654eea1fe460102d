"""Which examples and which learning rate each step of a training has, decided before it begins."""

import numpy as np
from numpy.typing import NDArray

from pnas.children.schedules import rates_by_step
from pnas.children.trainer_specs import TrainerSpec
from pnas.seeds import derive_seed

Rates = NDArray[np.float32]


def epoch_batches(examples: int, trainer: TrainerSpec, seed: int) -> NDArray[np.int32]:
    """Return the indices of every batch of every epoch, (epochs, steps, batchsize).

    Each epoch is shuffled anew. All batches have the same size, so that one graph serves them all;
    the examples that fill no whole batch are left out of their epoch, at random.

    Args:
        examples: Number of training examples.
        trainer: Its epochs and batch size.
        seed: Seed of the child.
    """
    steps = examples // trainer.batchsize
    rng = np.random.default_rng(derive_seed(seed, "shuffle"))
    orders = np.stack([rng.permutation(examples) for _ in range(trainer.epochs)])
    used = orders[:, : steps * trainer.batchsize].astype(np.int32)
    return used.reshape(trainer.epochs, steps, trainer.batchsize)


def learning_rates(trainer: TrainerSpec, steps: int) -> Rates:
    """Return the learning rate of each of the ``steps`` of a training, (steps,)."""
    has_plain_schedule = trainer.schedule in ("cosine", "constant") and not trainer.warmup_epochs
    if not has_plain_schedule:
        return rates_by_step(trainer, steps // trainer.epochs)

    rates = np.full(steps, trainer.learning_rate)
    if trainer.schedule == "cosine":
        # Computed here, because Keras's schedule takes as long as 20 steps of a small child.
        rates *= 0.5 * (1 + np.cos(np.pi * np.arange(steps) / steps))
    return rates.astype(np.float32)
