import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pnas.controller import grow, rank_beam, rank_space, score_tokens
from pnas.controller.candidate_scoring import top
from pnas.errors import InvalidValue
from pnas.predictors import FitReport, make_predictor
from pnas.search.selection import predict_mean_std_in_chunks
from pnas.state_space import Cell, NASBench201Space, StateSpace, Tokens


class Hashing:
    """A predictor without a fit: scores are a fixed function of the tokens, with many ties."""

    def __init__(self, levels: int = 50) -> None:
        self.levels = levels

    def predict(self, tokens: Tokens) -> np.ndarray:
        flat = tokens.reshape(len(tokens), -1).astype(np.int64)
        mixed = flat @ (7919 ** np.arange(flat.shape[1]) % 10007) % self.levels
        return (mixed / self.levels).astype(np.float32)

    def predict_mean_std(self, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
        mean = self.predict(tokens).astype(np.float64)
        return mean, np.zeros_like(mean)

    def fit(self, tokens: Tokens, rewards: Sequence[float], stage: int, seed: int) -> FitReport:
        raise NotImplementedError

    def save(self, directory: Path) -> None:
        raise NotImplementedError


@pytest.fixture
def small_space() -> StateSpace:
    return StateSpace(3, ["3x3 conv", "identity"], input_lookback_depth=-1)


def test_chunks_and_progress() -> None:
    tokens = StateSpace(1).encode(StateSpace(1).initial_children())
    seen: list[int] = []
    scores = score_tokens(Hashing(), tokens, chunk=50, progress=seen.append)
    assert seen == [50, 50, 36]
    np.testing.assert_array_equal(scores, Hashing().predict(tokens))


class Diverged(Hashing):
    """A predictor that has no number for some cells."""

    def predict(self, tokens: Tokens) -> np.ndarray:
        scores = super().predict(tokens)
        scores[:2] = np.nan
        return scores


def test_predictions_that_are_no_numbers_end_the_command(small_space: StateSpace) -> None:
    parents = small_space.initial_children()
    with pytest.raises(InvalidValue, match=r"controller\.predictor: must predict finite numbers"):
        grow(small_space, Diverged(), parents, K=2)
    with pytest.raises(InvalidValue, match=r"2 of [0-9]+ by Diverged are not"):
        rank_space(small_space, Diverged(), b=1, count=2)
    with pytest.raises(InvalidValue, match="finite"):
        predict_mean_std_in_chunks(Diverged(), small_space.encode(parents))


@pytest.mark.parametrize("count", [1, 3, 4, 6, 9, None])
def test_top_is_a_stable_sort(count: int | None) -> None:
    scores = np.array([0.2, 0.7, 0.7, 0.1, 0.7, 0.2], np.float32)
    assert top(scores, count).tolist() == [1, 2, 4, 0, 5, 3][:count]


def test_growing_the_papers_first_stage() -> None:
    space = StateSpace(5)
    generation = grow(space, Hashing(), space.initial_children(), K=256)
    assert (generation.candidates_scored, generation.unique_candidates) == (40_800, 31_620)
    assert len(generation.cells) == len(generation.predictions) == 256
    assert generation.predictions == sorted(generation.predictions, reverse=True)
    assert len({space.key(cell) for cell in generation.cells}) == 256


def test_growing_from_nothing_is_the_first_stage(small_space: StateSpace) -> None:
    assert set(grow(small_space, Hashing(), [], None).cells) == set(small_space.initial_children())


def test_excluded_cells_are_not_chosen_in_any_written_form(small_space: StateSpace) -> None:
    parents = small_space.initial_children()
    every = grow(small_space, Hashing(), parents, None)
    mirrored = [
        Cell([(b.input2, b.operator2, b.input1, b.operator1) for b in cell.blocks])
        for cell in every.cells[:5]
    ]
    rest = grow(small_space, Hashing(), parents, None, exclude=[*mirrored, *parents])
    assert rest.unique_candidates == every.unique_candidates - 5
    gone = {small_space.key(cell) for cell in mirrored}
    assert gone.isdisjoint(map(small_space.key, rest.cells))


@pytest.mark.parametrize("chunk", [7, 100_000])
@pytest.mark.parametrize("count", [1, 10, 10_000, None])
def test_rank_space_is_exact(small_space: StateSpace, count: int | None, chunk: int) -> None:
    chunks = list(small_space.iter_cells(3, chunk))
    tokens = np.concatenate(chunks)
    predicted = Hashing().predict(tokens)
    order = np.argsort(-predicted, kind="stable")
    best = order[:count]

    cells, scores = rank_space(small_space, Hashing(), 3, count, chunk)
    assert cells == small_space.decode(tokens[best])
    np.testing.assert_array_equal(scores, predicted[best])


def test_rank_space_counts_every_cell_once(small_space: StateSpace) -> None:
    seen: list[int] = []
    cells, _ = rank_space(small_space, Hashing(), 3, None, 1000, seen.append)
    assert sum(seen) == len({small_space.key(cell) for cell in cells}) == small_space.num_cells(3)


def test_rank_space_holds_a_chunk_not_the_space() -> None:
    space = NASBench201Space()
    tracemalloc.start()
    try:
        rank_space(space, Hashing(15_625), 3, count=10, chunk=500)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    whole = 15_625 * 3 * 3 * 2
    assert peak < 2 * whole  # all tokens, their prefixes and scores would be many times that


def test_a_beam_of_everything_is_the_space(small_space: StateSpace) -> None:
    everything, _ = rank_space(small_space, Hashing(), 2, None)
    beam, _ = rank_beam(small_space, Hashing(), 2, None)
    assert set(map(small_space.key, everything)) == set(map(small_space.key, beam))


def test_a_beam_keeps_k_at_each_size(small_space: StateSpace) -> None:
    cells, scores = rank_beam(small_space, Hashing(), 3, K=4)
    assert list(map(len, cells)) == [3] * 4
    assert scores.shape == (4,)

    parents = {cell.blocks[:2] for cell in cells}
    kept, _ = rank_beam(small_space, Hashing(), 2, K=4)
    assert parents <= {cell.blocks for cell in kept}


@pytest.mark.parametrize("rank", [rank_space, rank_beam])
@pytest.mark.parametrize("b", [0, 4])
def test_sizes_outside_the_space_are_refused(small_space: StateSpace, rank: object, b: int) -> None:
    with pytest.raises(InvalidValue, match=r"^b: must be"):
        rank(small_space, Hashing(), b, 5)  # type: ignore[operator]


def test_a_real_predictor_ranks_bigger_cells(space: StateSpace, make_spec: object) -> None:
    predictor = make_predictor(space, make_spec("lstm"))  # type: ignore[operator]
    cells, scores = rank_space(space, predictor, 2, 5)
    np.testing.assert_allclose(predictor.predict(space.encode(cells)), scores, atol=1e-6)
