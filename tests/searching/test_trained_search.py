"""What workers make their runner with."""

import pytest

from pnas.children import ChildRunnerFactory
from pnas.config import read_settings
from pnas.data import load_dataset
from pnas.library.composition import compose_search
from pnas.searching.trained_search import runner_factory


@pytest.mark.parametrize(("executor", "is_given"), [("serial", True), ("local", False)])
def test_data_are_loaded_once_in_a_process(executor: str, is_given: bool) -> None:
    config = compose_search(["name=demo", f"executor={executor}"]).config
    dataset = load_dataset("digits")
    factory = runner_factory(read_settings(config), dataset)
    assert isinstance(factory, ChildRunnerFactory)
    assert (factory.dataset is dataset) == is_given
    assert factory.fingerprint == dataset.fingerprint
