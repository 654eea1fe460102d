"""Choosing children by scores that are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pnas.search.selection import Selection, predict_mean_std_in_chunks, rarest
from pnas.state_space import Cell, NASBench201Space, Tokens

SPACE = NASBench201Space(2)
CANDIDATES = SPACE.expand([Cell([("none",)]), Cell([("nor_conv_3x3",)])])


class Known:
    """Predicts a falling reward by row, and the standard deviation it is given."""

    def __init__(self, std: float | NDArray[np.float64] = 0.0) -> None:
        self._std = std

    def predict_mean_std(self, tokens: Tokens) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = len(tokens)
        return 1 - np.arange(rows) / 100, np.broadcast_to(self._std, rows).copy()


def rows(selection: Selection, predictor: object, seed: int = 0) -> list[int]:
    generation = selection.choose(SPACE, predictor, CANDIDATES, np.random.default_rng(seed))  # type: ignore[arg-type]
    every = SPACE.decode(CANDIDATES.tokens)
    assert generation.candidates_scored == CANDIDATES.generated
    assert generation.unique_candidates == len(every) == 50
    found = [every.index(cell) for cell in generation.cells]
    assert generation.predictions == [pytest.approx(1 - row / 100) for row in found]
    return found


def test_without_anything_added_the_best_predicted_are_chosen() -> None:
    assert rows(Selection(3), Known()) == [0, 1, 2]
    assert rows(Selection(None), Known()) == list(range(50))
    assert rows(Selection(1000), Known()) == list(range(50))


def test_the_predictive_standard_deviation_is_a_bonus() -> None:
    std = np.zeros(50)
    std[[20, 30]] = 0.25
    assert rows(Selection(2, uncertainty=1.0), Known(std)) == [20, 0]
    assert rows(Selection(3, uncertainty=2.0), Known(std)) == [20, 30, 0]


def test_a_probe_is_a_sample_of_the_others_and_comes_last() -> None:
    found = rows(Selection(3, probe=4), Known())
    assert found[:3] == [0, 1, 2]
    assert len(set(found)) == 7
    assert found == rows(Selection(3, probe=4), Known())
    assert found != rows(Selection(3, probe=4), Known(), seed=1)
    assert len(rows(Selection(48, probe=4), Known())) == 50


def test_a_share_goes_to_decisions_that_the_chosen_lack() -> None:
    # Candidate 5 i + j extends `none` by the operators (i, j): each of the last four brings one
    # that was lacking.
    assert rows(Selection(8), Known()) == list(range(8))
    assert rows(Selection(8, explore=0.5), Known()) == [0, 1, 2, 3, 6, 12, 18, 24]


def test_rarest_counts_what_it_has_chosen_itself() -> None:
    tokens = SPACE.encode([Cell([("none",)]), Cell([("none",)]), Cell([("nor_conv_1x1",)])])
    assert list(rarest(SPACE, tokens, [], [0, 1, 2])) == [0, 2, 1]
    assert list(rarest(SPACE, tokens, [2], [0, 1, 2])) == [0, 1, 2]


def test_cells_that_may_not_be_trained_are_not_chosen() -> None:
    feasible_rows = set(SPACE.decode(CANDIDATES.tokens)[::2])
    found = rows(
        Selection(3, explore=0.34, probe=5, is_feasible=feasible_rows.__contains__), Known()
    )
    assert len(found) == 8
    assert all(row % 2 == 0 for row in found)


def test_where_too_few_rare_cells_may_be_trained_the_best_take_their_places() -> None:
    every = SPACE.decode(CANDIDATES.tokens)
    # None of the better half of what is left may be trained.
    feasible = {*every[:4], *every[40:]}
    selection = Selection(6, explore=0.5, probe=2, is_feasible=feasible.__contains__)
    found = rows(selection, Known())
    assert found[:6] == [0, 1, 2, 3, 40, 41]
    assert len(found) == 8


def test_means_and_deviations_in_chunks_are_those_of_all_cells_at_once() -> None:
    predictor = Known(std=0.5)
    mean, std = predict_mean_std_in_chunks(
        predictor, CANDIDATES.tokens, chunk=len(CANDIDATES.tokens)
    )
    assert mean.tolist() == predictor.predict_mean_std(CANDIDATES.tokens)[0].tolist()
    assert std.tolist() == [0.5] * 50

    _, in_chunks = predict_mean_std_in_chunks(predictor, CANDIDATES.tokens, chunk=7)
    assert in_chunks.tolist() == std.tolist()
    no_means, _ = predict_mean_std_in_chunks(predictor, CANDIDATES.tokens[:0])
    assert no_means.shape == (0,)
