"""What a worker makes its runner with."""

from pathlib import Path

import numpy as np
import pytest

from pnas.children import ChildRunnerFactory, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import NpzSpec, load_dataset
from pnas.errors import InvalidValue


def save_images(path: Path, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
    np.savez(path, x_train=images, y_train=np.arange(60) % 3)


def test_a_worker_refuses_data_that_have_changed_since_the_search_began(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    save_images(path, seed=0)
    data = NpzSpec(path=str(path))
    before = load_dataset(data).fingerprint
    save_images(path, seed=1)
    trainer = SearchTrainerSpec(epochs=1, batchsize=16)
    factory = ChildRunnerFactory(data, PNASNetworkSpec(), trainer, fingerprint=before)
    with pytest.raises(InvalidValue, match=rf"data: must not change during a search .*{before}"):
        factory()
