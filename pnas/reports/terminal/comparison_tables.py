"""Several searches side by side, as tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from pnas.reports.data.number_format import correlation, count, decimal, duration
from pnas.reports.data.run_comparison import RunGroup, find_differences
from pnas.reports.data.run_reader import RunView
from pnas.reports.terminal.text_grid import Column, Grid

NamedRun = tuple[str, RunView]


def comparison_table(runs: Sequence[RunView], names: Sequence[str]) -> Grid:
    """Return one row a search, best first."""
    named = sorted(zip(names, runs, strict=True), key=lambda item: -best_reward(item[1]))
    return Grid.of("Searches, best first", _RUN_COLUMNS, named)


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
        return [best_reward(run) for run in self.runs if run.best is not None]

    @property
    def test_accuracies(self) -> list[float]:
        return [run.test_accuracy for run in self.runs if run.test_accuracy is not None]


def seed_table(runs: Sequence[RunView], groups: Sequence[RunGroup]) -> Grid | None:
    """Return one row for each group of searches that differ in their seed only, best mean first.

    None if no group has more than one search.
    """
    if all(len(group.indices) == 1 for group in groups):
        return None
    rows = []
    for group in groups:
        rows.append(_Repetitions(group.name, [runs[index] for index in group.indices]))
    rows.sort(key=lambda row: -mean(row.rewards) if row.rewards else 1.0)
    return Grid.of("Settings, over seeds", _SEED_COLUMNS, rows)


def _mean_and_sd(values: Sequence[float]) -> str:
    if not values:
        return ""
    if len(values) == 1:
        return decimal(values[0])
    return f"{mean(values):.4f} ± {stdev(values):.4f}"


def _mean_duration(row: _Repetitions) -> str:
    return duration(mean(run.seconds for run in row.runs))


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
    Column("test accuracy", lambda row: _mean_and_sd(row.test_accuracies)),
    Column("search time", _mean_duration),
)

_RUN_COLUMNS = (
    Column("search", lambda item: item[0], prose=True),
    Column("status", lambda item: item[1].status, prose=True),
    Column("best", lambda item: decimal(item[1].best.reward if item[1].best else None)),
    Column("test", lambda item: decimal(item[1].test_accuracy)),
    Column("b", lambda item: str(len(item[1].best.cell)) if item[1].best else ""),
    Column("children", lambda item: count(item[1].trained)),
    Column("failed", lambda item: count(len(item[1].failed)) if item[1].failed else ""),
    Column("predictor", lambda item: item[1].predictor, prose=True),
    Column("ρ", lambda item: correlation(item[1].last_rho)),
    Column("time", lambda item: duration(item[1].seconds)),
)
