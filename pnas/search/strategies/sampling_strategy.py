"""What strategies that draw cells of full size have in common: none is asked for twice."""

from collections.abc import Sequence

from pnas.search.strategies.stage_history import StageHistory
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.state_space import Cell


class SamplingStrategy(StageHistory):
    """The part of `pnas.search.Strategy` that keeps the stages and what may still be drawn.

    Attributes:
        draws: knows all cells that were asked for.
    """

    def __init__(self, draws: UniqueSampler) -> None:
        super().__init__()
        self.draws = draws

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return self.draws.is_empty

    def resume(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        """See `pnas.search.Strategy.resume`."""
        super().resume(cells, predictions)
        for cell in cells:
            self.draws.take(cell)
