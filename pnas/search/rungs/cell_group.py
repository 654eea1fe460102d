"""The cells of one stage of a strategy, and the stages of trainings that they go through."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pnas.search.short_training import Signals
from pnas.search.strategies.base import ClosedStage, Reward
from pnas.state_space import Cell


@dataclass
class CellGroup:
    """Cells that a strategy proposed together, trained rung by rung.

    Attributes:
        cells: The cells, in the order in which they were proposed.
        predictions: Predicted reward of each; None before there was a predictor.
        stages: The stages that trained them, from the lowest rung on.
    """

    cells: Sequence[Cell]
    predictions: Sequence[float] | None
    stages: list[ClosedStage] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the last of its stages trained cells whole, or left none that could go on."""
        last = self.stages[-1]
        return last.epochs is None or not any(last.signals or ())

    def signals(self, epochs: int) -> dict[Cell, Signals]:
        """Return what the short trainings of ``epochs`` epochs have shown, by cell."""
        shown = {}
        for stage in self.stages:
            if stage.epochs != epochs:
                continue
            for cell, signals in zip(stage.cells, stage.signals or (), strict=True):
                if signals is not None:
                    shown[cell] = signals
        return shown

    def rewards(self) -> dict[Cell, float]:
        """Return the rewards of its whole trainings, by cell."""
        known = {}
        for stage in self.stages:
            if stage.epochs is not None:
                continue
            for cell, reward in zip(stage.cells, stage.rewards, strict=True):
                if reward is not None:
                    known[cell] = reward
        return known

    def failed(self) -> dict[Cell, Reward]:
        """Return the cells a training of which failed, with the reward that this counts as."""
        failures: dict[Cell, Reward] = {}
        for stage in self.stages:
            signals = stage.signals or [None] * len(stage.cells)
            for cell, reward, shown in zip(stage.cells, stage.rewards, signals, strict=True):
                if stage.epochs is not None and shown is None:
                    failures[cell] = reward
                if stage.epochs is None and reward is None:
                    failures[cell] = None
        return failures

    def predicted(self) -> dict[Cell, float]:
        """Return the prediction of each cell; none before there was a predictor."""
        if self.predictions is None:
            return {}
        return dict(zip(self.cells, self.predictions, strict=True))


def gather_groups(stages: Sequence[ClosedStage]) -> list[CellGroup]:
    """Return the groups of the closed stages of a search, in order.

    A stage whose cells were trained before belongs to the group of the stage before it.
    """
    groups: list[CellGroup] = []
    for stage in stages:
        if not groups or not continues(groups[-1], stage.cells):
            groups.append(CellGroup(stage.cells, stage.predictions))
        groups[-1].stages.append(stage)
    return groups


def continues(group: CellGroup, cells: Sequence[Cell]) -> bool:
    """Whether ``cells`` are some of ``group``, on their way up."""
    return set(cells) <= set(group.cells)
