"""`RungStrategy`: any strategy, with short trainings before whole ones (``search.rungs``).

The strategy inside proposes more cells than are trained whole. All of them are trained on the
lowest rung; those of the highest expected reward go on to the next, until the last are trained
whole. The strategy inside then learns a reward of every cell: that of its whole training, or the
one that is expected after what its short trainings have shown.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pnas.search.expected_reward import Evidence, expected_rewards
from pnas.search.rung_ladder import FEWEST_FIRST, Ladder
from pnas.search.rungs.agreement import (
    RungAgreement,
    measure_agreement,
    spread_over_ranks,
)
from pnas.search.rungs.cell_group import CellGroup, continues, gather_groups
from pnas.search.short_training import Signals
from pnas.search.strategies.base import (
    ClosedStage,
    OpenStage,
    Proposal,
    Reward,
    SearchHistory,
    Strategy,
    StrategyContext,
)
from pnas.search.strategies.registry import make_strategy
from pnas.seeds import derive_seed
from pnas.state_space import Cell


class RungStrategy:
    """A strategy whose stages are rungs; see the module.

    Args:
        context: What the strategy inside is made of.
        ladder: The rungs.
        history: The stages that were trained already.
    """

    def __init__(
        self,
        context: StrategyContext,
        ladder: Ladder,
        history: SearchHistory = SearchHistory(),  # noqa: B008 - frozen
    ) -> None:
        self._context = context
        self._ladder = ladder
        self._groups = gather_groups(history.closed)
        self._open = history.open
        self._inside: Strategy | None = None
        self._dropped: list[int] | None = None

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        proposal = self._next_proposal()
        if proposal is not None:
            self._open = OpenStage(proposal.cells, proposal.predictions, proposal.epochs)
        return proposal

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        if self._groups and not self._groups[-1].is_complete:
            return False
        return self._strategy_inside().is_over()

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any] | None:
        """See `pnas.search.Strategy.tell`, of a stage of whole trainings."""
        return self._close(rewards, None)

    def tell_short(
        self, signals: Sequence[Signals | None], rewards: Sequence[Reward]
    ) -> dict[str, Any] | None:
        """Learn what the short trainings of the open stage have shown.

        Args:
            signals: Signals of each cell, in order; None of those that failed.
            rewards: Reward that a failed training counts as; None of the others.
        """
        return self._close(rewards, signals)

    def expected(self) -> dict[Cell, float]:
        """Return the reward, known or expected, of each cell that did not fail."""
        known: dict[Cell, float] = {}
        for group, rewards in zip(self._groups, self._rewards_learned(), strict=True):
            for cell, reward in zip(group.cells, rewards, strict=True):
                if reward is not None:
                    known[cell] = reward
        return known

    @property
    def dropped(self) -> list[int]:
        """The epochs of the rungs that have turned out to tell too little."""
        if self._dropped is None:
            agreements = self._agreements()
            self._dropped = [each.epochs for each in agreements if not each.is_trusted]
        return self._dropped

    # -- proposals ---------------------------------------------------------------------------------

    def _next_proposal(self) -> Proposal | None:
        if self._groups and not self._groups[-1].is_complete:
            return self._promotion(self._groups[-1])
        proposal = self._strategy_inside().ask()
        if proposal is None:
            return None
        ladder = self._trusted_ladder()
        promotions = ladder.promotions(len(proposal.cells), ladder.lowest)
        return replace(proposal, epochs=ladder.lowest, promotions=promotions)

    def _promotion(self, group: CellGroup) -> Proposal:
        """Propose the best cells of the last stage of ``group`` for the next rung."""
        last = group.stages[-1]
        assert last.epochs is not None
        ladder = self._trusted_ladder()
        shown = group.signals(last.epochs)
        expected = self._expected_on(last.epochs)
        ranked = sorted(
            (cell for cell in last.cells if cell in shown), key=lambda cell: -expected[cell]
        )
        count = ladder.promoted(len(last.cells), last.epochs)
        chosen = ranked[:count]
        if len(self._groups) == 1:
            chosen = spread_over_ranks(ranked, max(count, FEWEST_FIRST))
        epochs = ladder.above(last.epochs)
        predictions = None
        if any(earlier.rewards() for earlier in self._groups):
            predictions = [expected[cell] for cell in chosen]
        return Proposal(
            cells=chosen,
            # Before there is a reward only the order of what is expected means something.
            predictions=predictions,
            candidates_scored=len(ranked),
            unique_candidates=len(ranked),
            seconds=0.0,
            epochs=epochs,
            promotions=ladder.promotions(len(chosen), epochs),
        )

    def _strategy_inside(self) -> Strategy:
        """Return the strategy inside, as it is after all groups so far."""
        if self._inside is None:
            history = SearchHistory(self._history_inside(self._groups))
            self._inside = make_strategy(self._widened_context(), history)
        return self._inside

    def _widened_context(self) -> StrategyContext:
        """Return the context of a strategy that proposes what the lowest rung trains."""
        width = self._trusted_ladder().width
        controller = self._context.controller
        if controller.K is not None:
            controller = replace(controller, K=controller.K * width)
        spec = self._context.spec.widened(width)
        return replace(self._context, spec=spec, controller=controller)

    # -- what is learned ---------------------------------------------------------------------------

    def _close(
        self, rewards: Sequence[Reward], signals: Sequence[Signals | None] | None
    ) -> dict[str, Any] | None:
        if self._open is None:
            raise RuntimeError("tell() follows ask(), or a history with an open stage")
        stage = ClosedStage(
            self._open.cells, rewards, self._open.predictions, self._open.epochs, signals
        )
        self._open = None
        if not self._groups or not continues(self._groups[-1], stage.cells):
            self._groups.append(CellGroup(stage.cells, stage.predictions))
        group = self._groups[-1]
        group.stages.append(stage)
        self._dropped = None
        return self._teach(group) if group.is_complete else None

    def _teach(self, group: CellGroup) -> dict[str, Any] | None:
        """Let the strategy inside learn the rewards of a group that is complete."""
        earlier = self._history_inside(self._groups[:-1])
        history = SearchHistory(earlier, OpenStage(group.cells, group.predictions))
        self._inside = make_strategy(self._widened_context(), history)
        learned = self._inside.tell(self._rewards_learned()[-1])
        agreements = [each.as_record() for each in self._agreements()]
        return {**(learned or {}), "rungs": agreements} if agreements else learned

    def _history_inside(self, groups: Sequence[CellGroup]) -> list[ClosedStage]:
        learned = self._rewards_learned()
        return [
            ClosedStage(group.cells, rewards)
            for group, rewards in zip(groups, learned[: len(groups)], strict=True)
        ]

    def _rewards_learned(self) -> list[list[Reward]]:
        """Return, by group, the reward of each cell that the strategy inside learns."""
        expected: dict[Cell, float] = {}
        # What a rung tells that is not trusted would mislead the strategy inside.
        for epochs in self._trusted_ladder().short:
            # What a higher rung has shown replaces what a lower one did.
            expected.update(self._expected_on(epochs))
        learned = []
        for group in self._groups:
            rewards: dict[Cell, Reward] = {**expected, **group.rewards()}
            rewards.update(group.failed())
            learned.append([rewards.get(cell) for cell in group.cells])
        return learned

    # -- rungs -------------------------------------------------------------------------------------

    def _expected_on(self, epochs: int) -> dict[Cell, float]:
        """Return the expected reward of each cell that was trained for ``epochs`` epochs."""
        cells, evidence = self._evidence(epochs)
        if not cells:
            return {}
        return dict(zip(cells, map(float, expected_rewards(evidence)), strict=True))

    def _evidence(self, epochs: int) -> tuple[list[Cell], Evidence]:
        cells: list[Cell] = []
        signals: list[Signals] = []
        predictions: list[float | None] = []
        rewards: list[float | None] = []
        for group in self._groups:
            predicted = group.predicted()
            known = group.rewards()
            for cell, shown in group.signals(epochs).items():
                cells.append(cell)
                signals.append(shown)
                predictions.append(predicted.get(cell))
                rewards.append(known.get(cell))
        return cells, Evidence(signals, predictions, rewards)

    def _agreements(self) -> list[RungAgreement]:
        agreements = []
        for epochs in self._ladder.short:
            cells, evidence = self._evidence(epochs)
            if cells:
                seed = derive_seed(self._context.seed, "rung", epochs)
                agreements.append(measure_agreement(epochs, evidence, seed))
        return agreements

    def _trusted_ladder(self) -> Ladder:
        return self._ladder.without(self.dropped)
