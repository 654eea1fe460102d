"""`HistoryFit`: the predictor of a search, fitted to the history of its stages."""

from collections.abc import Sequence

from pnas.controller.reward_history import Reward, Stage, rewarded
from pnas.controller.training_report import (
    Diagnosis,
    TrainingReport,
    diagnose_fit,
    diagnose_next,
    diagnose_unseen,
)
from pnas.errors import PnasError, require
from pnas.predictors import ControllerSpec, ExpectsCells, FitReport, Predictor, make_predictor
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace


class HistoryFit:
    """A predictor, and how far into the history it was fitted.

    Args:
        state_space: The space of the cells.
        spec: Settings of the predictor.
        seed: Seed of the search; the seed of each fit is derived from it and the stage.

    Attributes:
        predictor: See `pnas.predictors.Predictor`.
    """

    def __init__(self, state_space: SlotSpace, spec: ControllerSpec, seed: int) -> None:
        self._space = state_space
        self._spec = spec
        self._seed = seed
        self.forget()

    def forget(self) -> None:
        """Begin with a new predictor, which was fitted to nothing."""
        self.predictor: Predictor = make_predictor(self._space, self._spec)
        self._stages_fitted = 0
        self._losses: list[float] = []
        self._fitted_to: tuple[int, int] | None = None

    def fit(self, stages: Sequence[Stage]) -> None:
        """Fit to ``stages``, which are those of the last fit and further ones.

        Raises:
            PnasError: Fewer than 2 cells of them have a reward.
        """
        cells, rewards = rewarded(stages)
        if len(cells) < 2:
            raise PnasError(
                f"the predictor needs at least 2 children with a reward, there are {len(cells)}"
            )
        stage = len(stages)
        seed = derive_seed(self._seed, "predictor", stage)
        report = self.predictor.fit(self._space.encode(cells), rewards, stage, seed)
        has_losses = isinstance(report, FitReport) and bool(report.losses)
        rule = "must return a FitReport of at least one loss from fit"
        require(has_losses, "controller.predictor", rule, report)
        self._stages_fitted = stage
        self._losses = report.losses

    def fit_missing(self, stages: Sequence[Stage]) -> None:
        """Fit to ``stages``, unless that was done.

        Without warm starts a fit depends on the history alone, so that one is enough; with them
        there is one for each stage.
        """
        last = len(stages)
        first = self._stages_fitted + 1 if self._spec.is_warm_started else last
        for stage in range(max(first, 1), last + 1):
            if stage > self._stages_fitted:
                self.fit(stages[:stage])

    def fit_expecting(self, stages: Sequence[Stage], expected: Sequence[Cell] = ()) -> None:
        """Fit to ``stages``, and count cells in training as expected.

        A predictor that cannot do so (`pnas.predictors.ExpectsCells`) leaves them out.

        Args:
            stages: Cells and rewards of stages 1, 2, ... as they were trained.
            expected: Cells in training.
        """
        _, known = rewarded(stages)
        # Stages and rewards only become more.
        fitted_to = (len(stages), len(known))
        if fitted_to != self._fitted_to:
            self.fit(stages)
            self._fitted_to = fitted_to
        if expected and isinstance(self.predictor, ExpectsCells):
            self.predictor.expect(self._space.encode(list(expected)))
            # It is another predictor now, that of these cells.
            self._fitted_to = None

    def report(
        self,
        stages: Sequence[Stage],
        predicted: Sequence[float] | None,
        rewards: Sequence[Reward],
        cross_validates: bool = True,
    ) -> TrainingReport:
        """Return how well the predictor, fitted to ``stages``, agrees with rewards.

        Args:
            stages: Cells and rewards of stages 1, 2, ... as they were trained.
            predicted: Expected rewards of cells before they were trained; None for no prediction.
            rewards: Rewards of these cells.
            cross_validates: Whether it is fitted to parts of the history, too, if
                ``controller.cross_validate`` asks for it.
        """
        cells, known = rewarded(stages)
        tokens = self._space.encode(cells)
        stage = len(stages)
        seed = derive_seed(self._seed, "diagnosis", stage)

        spearman_fit, fit = diagnose_fit(self.predictor, tokens, known)
        spearman_next, unseen_stage = diagnose_next(predicted, rewards, seed)
        unseen_cells: Diagnosis = {}
        if cross_validates:
            unseen_cells = diagnose_unseen(
                self._space, self._spec, tokens=tokens, rewards=known, stage=stage, seed=seed
            )
        return TrainingReport(
            kind=self._spec.kind,
            loss=self._losses[-1],
            losses=self._losses,
            spearman_fit=spearman_fit,
            spearman_next=spearman_next,
            diagnosis={**fit, **unseen_stage, **unseen_cells},
        )
