"""Learning rates by step: Keras's schedules and the ones that the fast loop computes itself."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pnas.children import SearchTrainerSpec
from pnas.children.schedules import make_schedule, rates_by_step
from pnas.children.search_training.epoch_batches import learning_rates


def cosine(steps: int) -> list[float]:
    return [0.5 * (1 + math.cos(math.pi * step / steps)) for step in range(steps)]


CASES: list[tuple[dict[str, Any], list[float]]] = [
    ({"schedule": "constant"}, [1.0] * 8),
    ({"schedule": "step", "decay_epochs": 2}, [1.0] * 4 + [0.1] * 4),
    (
        {"schedule": "exponential", "decay_epochs": 2, "decay_rate": 0.5},
        [0.5 ** (step / 4) for step in range(8)],
    ),
    ({}, cosine(8)),
    ({"warmup_epochs": 1}, [0.0, 0.5, *cosine(6)]),
    ({"schedule": "constant", "warmup_epochs": 2}, [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0]),
    ({"schedule": "wsd", "decay_share": 0.5}, [1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]),
    (
        {"schedule": "wsd", "decay_share": 0.01, "warmup_epochs": 1},
        [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5],
    ),
    ({"schedule": "wsd", "decay_share": 1.0}, [1 - step / 8 for step in range(8)]),
]


@pytest.mark.parametrize(("options", "expected"), CASES)
def test_rates_by_hand(options: dict[str, Any], expected: list[float]) -> None:
    trainer = SearchTrainerSpec(epochs=4, learning_rate=1.0, **options)
    np.testing.assert_allclose(rates_by_step(trainer, 2), expected, atol=1e-6)
    np.testing.assert_allclose(learning_rates(trainer, 8), expected, atol=1e-6)


def test_a_constant_rate_is_a_number() -> None:
    trainer = SearchTrainerSpec(learning_rate=1.0, schedule="constant")
    assert make_schedule(trainer, 2) == 1.0
    assert not isinstance(make_schedule(replace(trainer, warmup_epochs=1.0), 2), float)


def test_the_cosine_begins_at_the_learning_rate_and_ends_near_zero() -> None:
    rates = learning_rates(SearchTrainerSpec(learning_rate=0.1), 100)
    expected = [0.1, 0.05, 0.1 * 0.000247]
    np.testing.assert_allclose(rates[[0, 50, 99]], expected, rtol=1e-2)


@pytest.mark.parametrize("options", [{}, {"warmup_epochs": 2}])
def test_a_longer_wsd_training_begins_as_a_shorter_one_before_its_decay(
    options: dict[str, Any],
) -> None:
    trainer = SearchTrainerSpec(schedule="wsd", epochs=25, learning_rate=0.037, **options)
    shorter = replace(trainer, epochs=6)
    assert (shorter.stable_epochs, trainer.stable_epochs) == (5, 20)
    stable = 5 * 3
    first_rates = learning_rates(shorter, 6 * 3)[:stable]
    np.testing.assert_array_equal(first_rates, learning_rates(trainer, 25 * 3)[:stable])
