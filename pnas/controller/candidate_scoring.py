"""Scoring candidates and keeping the best: a stage of the search, a beam, or a whole space as a stream.

Functions of a space, a predictor and cells, without state. Ties go to the cell that was generated first, so
that equal scores give equal choices.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.errors import require, require_count
from pnas.predictors.base import Predictor
from pnas.state_space import Candidates, Cell, SlotSpace, Tokens

Progress = Callable[[int], None]
"""Called with the number of cells scored since the last call."""

Feasibility = Callable[[Cell], bool]
"""Says whether a cell may be trained."""

Scores = NDArray[np.float32]

CHUNK = 65536


class Generation(NamedTuple):
    """The children chosen for a stage.

    Attributes:
        cells: best predicted first.
        predictions: expected reward of each cell.
        candidates_scored: one-block extensions of the parents, before duplicates were dropped.
        unique_candidates: how many of them were left to choose from.
        seconds: wall-clock time of expansion, scoring and choice.
    """

    cells: list[Cell]
    predictions: list[float]
    candidates_scored: int
    unique_candidates: int
    seconds: float


EMPTY_GENERATION = Generation([], [], 0, 0, 0.0)


def score_tokens(
    predictor: Predictor, tokens: Tokens, chunk: int = CHUNK, progress: Progress | None = None
) -> Scores:
    """Expected rewards (n,) of any cells, ``chunk`` at a time."""
    scores = np.empty(len(tokens), np.float32)
    for first in range(0, len(tokens), chunk):
        part = slice(first, first + chunk)
        scores[part] = predictor.predict(tokens[part])
        if progress is not None:
            progress(len(scores[part]))
    return scores


def top(scores: Scores, count: int | None) -> NDArray[np.intp]:
    """Indices of the ``count`` highest scores (all if None), best first; equal ones in their order."""
    if count is not None and count < len(scores):
        threshold = np.partition(scores, len(scores) - count)[len(scores) - count]
        eligible = np.flatnonzero(scores >= threshold)
        return eligible[np.argsort(-scores[eligible], kind="stable")[:count]]
    return np.argsort(-scores, kind="stable")


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
        parents: cells of one size, as written; none for the cells of one block.
        K: how many to keep; None for all.
        exclude: cells that must not be chosen again, in whatever written form.
        allows: says of a cell whether it may be chosen; None: any may. Asked for the best until K are found.
    """
    started = time.perf_counter()
    candidates = exclude_cells(space, space.expand(parents), exclude)
    scores = score_tokens(predictor, candidates.tokens, chunk, progress)
    best = (
        top(scores, K)
        if is_feasible is None
        else _top_feasible(space, candidates.tokens, scores, K, is_feasible)
    )
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
    """The ``count`` best of all unique cells of ``b`` blocks, best first; None ranks and returns them all.

    Cells are streamed: memory holds ``chunk`` cells and the best so far.
    """
    _require_size(space, b)
    best = _Best(count)
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
    """As `rank_space`, but growing block by block and keeping the best ``K`` at each size."""
    _require_size(space, b)
    generation = EMPTY_GENERATION
    for _ in range(b):
        generation = grow(space, predictor, generation.cells, K, chunk, progress=progress)
    return generation.cells, np.asarray(generation.predictions, np.float32)


def _require_size(space: SlotSpace, b: int) -> None:
    require_count("b", b)
    require(b <= space.B, "b", f"must be at most the space's B = {space.B}", b)


def _top_feasible(
    space: SlotSpace, tokens: Tokens, scores: Scores, K: int | None, is_feasible: Feasibility
) -> NDArray[np.intp]:
    """As `top`, of the cells that ``is_feasible`` lets through."""
    return np.fromiter(
        islice(feasible_rows(space, tokens, top(scores, None), is_feasible), K), np.intp
    )


def feasible_rows(
    space: SlotSpace, tokens: Tokens, rows: Iterable[int], is_feasible: Feasibility | None
) -> Iterable[int]:
    """Those of ``rows`` whose cell ``is_feasible`` lets through, asked for one by one; all if it is None."""
    if is_feasible is None:
        return rows
    return (row for row in rows if is_feasible(space.decode(tokens[row : row + 1])[0]))


def exclude_cells(space: SlotSpace, candidates: Candidates, exclude: Sequence[Cell]) -> Candidates:
    """``candidates`` but for the cells ``exclude``, in whatever written form."""
    size = candidates.tokens.shape[1]
    excluded = space.encode([cell for cell in exclude if len(cell) == size])
    if not len(excluded):
        return candidates
    # The first of each class among both, the excluded ones leading, are the candidates that are not excluded.
    first = space.unique_rows(np.concatenate([excluded, candidates.tokens]))
    kept = first[first >= len(excluded)] - len(excluded)
    return Candidates(candidates.tokens[kept], candidates.generated)


class _Best:
    """The best ``count`` rows of a stream."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._tokens: list[Tokens] = []
        self._scores: list[Scores] = []
        self._held = 0
        self._threshold = -np.inf

    def offer(self, tokens: Tokens, scores: Scores) -> None:
        """Take what may be among the best; of equal scores the earlier row wins."""
        better = scores > self._threshold
        self._tokens.append(tokens[better])
        self._scores.append(scores[better])
        self._held += len(self._scores[-1])
        # Cutting back only when twice the count is held makes sorting a small share of the stream.
        if self._count is not None and self._held >= 2 * self._count:
            self._cut()

    def ranked(self) -> tuple[Tokens, Scores]:
        """The best rows, best first."""
        self._cut()
        return self._tokens[0], self._scores[0]

    def _cut(self) -> None:
        tokens = np.concatenate(self._tokens)
        scores = np.concatenate(self._scores)
        best = top(scores, self._count)
        self._tokens = [tokens[best]]
        self._scores = [scores[best]]
        self._held = len(best)
        if len(best) == self._count:
            self._threshold = scores[best[-1]]
