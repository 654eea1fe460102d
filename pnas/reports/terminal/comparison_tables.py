"""Several searches side by side, as tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from pnas.reports.data.number_format import correlation, count, decimal, duration
from pnas.reports.data.run_comparison import RunGroup, find_differences, noun_of
from pnas.reports.data.run_view import RunView
from pnas.reports.terminal.text_grid import Column, Grid

NamedRun = tuple[str, RunView]


def comparison_table(runs: Sequence[RunView], names: Sequence[str]) -> Grid:
    """Return one row a search, best first."""
    named = sorted(zip(names, runs, strict=True), key=lambda item: -best_reward(item[1]))
    return Grid.of(f"{noun_of(runs).capitalize()}, best first", _RUN_COLUMNS, named)


def best_reward(run: RunView) -> float:
    """Return the best reward of a search, -1 if it has none."""
    if run.best is None or run.best.reward is None:
        return -1.0
    return run.best.reward


def difference_table(runs: Sequence[RunView], names: Sequence[str]) -> Grid | None:
    """Return one row for each value in which the runs differ; None if they do in nothing."""
    found = find_differences(runs)
    if not found:
        return None
    columns = [Column("key", lambda difference: difference.key, prose=True)]
    for index, name in enumerate(names):
        columns.append(_value_column(name, index))
    return Grid.of("What differs", columns, found)


def _value_column(name: str, index: int) -> Column:
    return Column(name, lambda difference: difference.values[index], prose=True)


@dataclass(frozen=True)
class _Repetitions:
    """Searches that differ in their seed only."""

    name: str
    runs: Sequence[RunView]

    @property
    def rewards(self) -> list[float]:
        """Best reward of each search that has one."""
        return [best_reward(run) for run in self.runs if run.best is not None]

    @property
    def mean_reward(self) -> float:
        """Mean of the rewards, -1 if there is none."""
        return mean(self.rewards) if self.rewards else -1.0

    @property
    def test_accuracies(self) -> list[float]:
        """Test accuracy of each search that has one."""
        return _known(run.found_test_accuracy for run in self.runs)

    @property
    def winner_rewards(self) -> list[float]:
        """Mean reward of the winner of each search that has one."""
        return _known(run.winner_reward for run in self.runs)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def seed_table(runs: Sequence[RunView], groups: Sequence[RunGroup]) -> Grid | None:
    """Return one row for each group of searches that differ in their seed only, best mean first.

    None if no group has more than one search.
    """
    if len(groups) == len(runs):
        return None
    rows = []
    for group in groups:
        members = [runs[index] for index in group.indices]
        rows.append(_Repetitions(group.name, members))
    rows.sort(key=lambda row: row.mean_reward, reverse=True)
    return Grid.of("Settings, over seeds", _SEED_COLUMNS, rows)


def _run_column(title: str, show: Callable[[RunView], str], prose: bool = False) -> Column:
    def show_named(item: NamedRun) -> str:
        return show(item[1])

    return Column(title, show_named, prose)


def _mean_and_sd(values: Sequence[float]) -> str:
    if not values:
        return ""
    if len(values) == 1:
        return decimal(values[0])
    return f"{mean(values):.4f} ± {stdev(values):.4f}"


def _mean_duration(row: _Repetitions) -> str:
    return duration(mean(run.seconds for run in row.runs))


_WINNER = "mean reward of the cell that several trainings named the best"
_TEST = "of the winner, where there is one, or else of the best child"

_SEED_COLUMNS = (
    Column("setting", lambda row: row.name, prose=True),
    Column("seeds", lambda row: count(len(row.runs))),
    Column(
        "best reward",
        lambda row: _mean_and_sd(row.rewards),
        about="mean and standard deviation over seeds of each search's best reward",
    ),
    Column("lowest", lambda row: decimal(min(row.rewards, default=None))),
    Column("highest", lambda row: decimal(max(row.rewards, default=None))),
    Column("winner", lambda row: _mean_and_sd(row.winner_rewards), about=_WINNER),
    Column("test accuracy", lambda row: _mean_and_sd(row.test_accuracies), about=_TEST),
    Column("search time", _mean_duration),
)

_RUN_COLUMNS = (
    Column("run", lambda item: item[0], prose=True),
    _run_column("status", lambda run: run.status, prose=True),
    _run_column("best", lambda run: decimal(run.best.reward if run.best else None)),
    _run_column("winner", lambda run: decimal(run.winner_reward)),
    _run_column("test", lambda run: decimal(run.found_test_accuracy)),
    _run_column("b", lambda run: str(len(run.found_cell)) if run.found_cell else ""),
    _run_column("children", lambda run: count(run.trained)),
    _run_column("failed", lambda run: count(len(run.failed)) if run.failed else ""),
    _run_column("predictor", lambda run: run.predictor, prose=True),
    _run_column("ρ", lambda run: correlation(run.last_rho)),
    _run_column("time", lambda run: duration(run.seconds)),
)
