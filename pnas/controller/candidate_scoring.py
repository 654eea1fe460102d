"""Scoring candidates and keeping the best: a stage of a search, a beam, or a whole space as a
stream.

Functions of a space, a predictor and cells, without state. Of equal scores the cell that was
generated first wins, so that equal scores give equal choices.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.errors import require, require_count
from pnas.predictors import Predictor
from pnas.predictors.finite_predictions import require_array, require_finite
from pnas.predictors.specs import CHUNK
from pnas.state_space import Candidates, Cell, SlotSpace, Tokens

Progress = Callable[[int], None]
"""Called with the number of cells scored since the last call."""

Feasibility = Callable[[Cell], bool]
"""Says whether a cell may be trained."""

Scores = NDArray[np.float32]


class Generation(NamedTuple):
    """The children chosen for a stage.

    Attributes:
        cells: The chosen cells, best predicted first.
        predictions: Expected reward of each cell.
        candidates_scored: Number of one-block extensions of the parents, duplicates included.
        unique_candidates: Number of different ones that were left to choose from.
        seconds: Wall-clock time of expansion, scoring and choice.
    """

    cells: list[Cell]
    predictions: list[float]
    candidates_scored: int
    unique_candidates: int
    seconds: float


EMPTY_GENERATION = Generation([], [], 0, 0, 0.0)


# -- scores ----------------------------------------------------------------------------------------


def score_tokens(
    predictor: Predictor, tokens: Tokens, chunk: int = CHUNK, progress: Progress | None = None
) -> Scores:
    """Return the expected rewards of any cells, (n,), scoring ``chunk`` at a time.

    Raises:
        InvalidValue: One of them is not finite.
    """
    scores = np.empty(len(tokens), np.float32)
    for first in range(0, len(tokens), chunk):
        part = slice(first, first + chunk)
        predicted = predictor.predict(tokens[part])
        # One number for all of them would be taken for each.
        require_array(predictor, predicted, len(tokens[part]))
        scores[part] = require_finite(predictor, predicted)
        if progress is not None:
            progress(len(scores[part]))
    return scores


def top(scores: Scores, count: int | None) -> NDArray[np.intp]:
    """Return the indices of the ``count`` highest scores (all if None), best first.

    Equal scores keep their order.
    """
    if count is None or count >= len(scores):
        return np.argsort(-scores, kind="stable")
    place = len(scores) - count
    threshold = np.partition(scores, place)[place]
    eligible = np.flatnonzero(scores >= threshold)
    descending = np.argsort(-scores[eligible], kind="stable")
    return eligible[descending[:count]]


# -- a stage, a beam, a space ----------------------------------------------------------------------


def grow(
    space: SlotSpace,
    predictor: Predictor,
    parents: Sequence[Cell],
    K: int | None,
    chunk: int = CHUNK,
    exclude: Sequence[Cell] = (),
    progress: Progress | None = None,
    is_feasible: Feasibility | None = None,
) -> Generation:
    """Expand ``parents`` by one block, drop duplicates, score what is left and keep the best ``K``.

    Args:
        space: The space of the cells.
        predictor: Scores the candidates.
        parents: Cells of one size, as written; none for the cells of one block.
        K: Number of cells to keep; None for all.
        chunk: Number of cells scored at a time.
        exclude: Cells that must not be chosen again, in whatever written form.
        progress: Called as candidates are scored.
        is_feasible: Says whether a cell may be chosen; None for no limit. It is asked about the
            best candidates until K are found.
    """
    started = time.perf_counter()
    candidates = exclude_cells(space, space.expand(parents), exclude)
    scores = score_tokens(predictor, candidates.tokens, chunk, progress)
    if is_feasible is None:
        best = top(scores, K)
    else:
        ranked = top(scores, None)
        rows = feasible_rows(space, candidates.tokens, ranked, is_feasible)
        best = np.fromiter(islice(rows, K), np.intp)
    return Generation(
        cells=space.decode(candidates.tokens[best]),
        predictions=scores[best].tolist(),
        candidates_scored=candidates.generated,
        unique_candidates=len(candidates.tokens),
        seconds=time.perf_counter() - started,
    )


def rank_space(
    space: SlotSpace,
    predictor: Predictor,
    b: int,
    count: int | None,
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> tuple[list[Cell], Scores]:
    """Return the best of all unique cells of ``b`` blocks, best first, and their scores.

    Cells are streamed: memory holds ``chunk`` cells and the best so far.

    Args:
        space: The space of the cells.
        predictor: Scores them.
        b: Number of blocks.
        count: Number of cells to return; None for all.
        chunk: Number of cells scored at a time.
        progress: Called as cells are scored.
    """
    _require_size(space, b)
    best = _BestOfStream(count)
    for tokens in space.iter_cells(b, chunk):
        best.offer(tokens, score_tokens(predictor, tokens, chunk, progress))
    tokens, scores = best.ranked()
    return space.decode(tokens), scores


def rank_beam(
    space: SlotSpace,
    predictor: Predictor,
    b: int,
    K: int | None,
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> tuple[list[Cell], Scores]:
    """Grow cells block by block, keeping the best ``K`` at each size (see `rank_space`)."""
    _require_size(space, b)
    generation = EMPTY_GENERATION
    for _ in range(b):
        generation = grow(space, predictor, generation.cells, K, chunk, progress=progress)
    return generation.cells, np.asarray(generation.predictions, np.float32)


def _require_size(space: SlotSpace, b: int) -> None:
    require_count("b", b)
    require(b <= space.B, "b", f"must be at most the space's B = {space.B}", b)


# -- which candidates ------------------------------------------------------------------------------


def feasible_rows(
    space: SlotSpace, tokens: Tokens, rows: Iterable[int], is_feasible: Feasibility | None
) -> Iterable[int]:
    """Return those of ``rows`` whose cell is feasible, deciding one by one; all if None."""
    if is_feasible is None:
        return rows
    return (row for row in rows if is_feasible(space.decode(tokens[row : row + 1])[0]))


def exclude_cells(space: SlotSpace, candidates: Candidates, cells: Sequence[Cell]) -> Candidates:
    """Return ``candidates`` without ``cells``, in whatever written form."""
    size = candidates.tokens.shape[1]
    excluded = space.encode([cell for cell in cells if len(cell) == size])
    if not len(excluded):
        return candidates
    # With the excluded cells in front, the first of each class are those and the candidates to
    # keep.
    first = space.unique_rows(np.concatenate([excluded, candidates.tokens]))
    kept = first[first >= len(excluded)] - len(excluded)
    return Candidates(candidates.tokens[kept], candidates.generated)


class _BestOfStream:
    """The best rows of a stream."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._tokens: list[Tokens] = []
        self._scores: list[Scores] = []
        self._held = 0
        self._threshold = -np.inf

    def offer(self, tokens: Tokens, scores: Scores) -> None:
        """Take what may be among the best; of equal scores the earlier row wins."""
        is_better = scores > self._threshold
        self._tokens.append(tokens[is_better])
        self._scores.append(scores[is_better])
        self._held += len(self._scores[-1])
        # Cutting back only when twice the count is held makes sorting a small share of the work.
        if self._count is not None and self._held >= 2 * self._count:
            self._cut_back()

    def ranked(self) -> tuple[Tokens, Scores]:
        """Return the best rows and their scores, best first."""
        self._cut_back()
        return self._tokens[0], self._scores[0]

    def _cut_back(self) -> None:
        tokens = np.concatenate(self._tokens)
        scores = np.concatenate(self._scores)
        best = top(scores, self._count)
        self._tokens = [tokens[best]]
        self._scores = [scores[best]]
        self._held = len(best)
        if len(best) == self._count:
            self._threshold = scores[best[-1]]
