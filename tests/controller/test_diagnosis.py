import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from pnas.controller.diagnosis import rank_agreement


def test_agrees_with_scipy_and_lies_within_its_interval() -> None:
    generator = np.random.default_rng(0)
    predicted = generator.normal(size=40).round(1)
    actual = predicted + generator.normal(size=40).round(1)
    found = rank_agreement(predicted.tolist(), actual.tolist(), seed=0)
    assert found["spearman"] == pytest.approx(spearmanr(predicted, actual).statistic)
    assert found["kendall"] == pytest.approx(kendalltau(predicted, actual).statistic)
    for name in ("spearman", "kendall"):
        low, value, high = found[f"{name}_low"], found[name], found[f"{name}_high"]
        assert low is not None
        assert value is not None
        assert high is not None
        assert -1 <= low < value < high <= 1
    assert found == rank_agreement(predicted.tolist(), actual.tolist(), seed=0)


@pytest.mark.parametrize("actual", [[0.5, 0.5, 0.5], [0.1, None, 0.2], [None, None, None]])
def test_undefined_is_none(actual: list[float | None]) -> None:
    found = rank_agreement([0.1, 0.2, 0.3], actual, seed=0)
    assert {value for name, value in found.items() if name != "n"} == {None}
