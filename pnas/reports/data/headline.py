"""The figures at the head of a report: how a search ended and what it found."""

from datetime import UTC, datetime

from pnas.reports.data.number_format import correlation, count, decimal, duration
from pnas.reports.data.run_reader import RunView


def headline(run: RunView) -> dict[str, str]:
    """Return the known figures of a search by name."""
    best = run.best
    test_accuracy = run.test_accuracy
    figures = {
        "status": run.status,
        **_winner(run),
        "best reward": decimal(best.reward if best else None),
        "expected to be too high by": decimal(run.optimism),
        "its test accuracy": decimal(test_accuracy),
        "children trained": count(run.trained),
        "failed": count(len(run.failed)) if run.failed else "",
        "search time": duration(run.seconds),
        "predictor": run.predictor,
        "ρ at the last stage": correlation(run.last_rho),
        "seed": str(run.value("seed", "")),
        "started (UTC)": _started(run),
    }
    if run.is_tabular:
        # Nothing was trained by this search, so none of its times says how long training takes.
        figures["children read from a table"] = figures.pop("children trained")
    return {name: value for name, value in figures.items() if value}


def _winner(run: RunView) -> dict[str, str]:
    """Return the figures of the winner of a search whose best cells were trained again."""
    winner = run.winner
    if winner is None:
        return {}
    mean = f"{decimal(winner['mean'])} ± {decimal(winner['standard_error'])}"
    figures = {
        "winner's mean reward": f"{mean} ({winner['trainings']} trainings)",
        "it is the best with probability": f"{winner['probability_best']:.0%}",
        "cells that cannot be told from it": count(len(winner["runners_up"])),
    }
    if winner["test_accuracy"] is not None:
        test = decimal(winner["test_accuracy"])
        if winner["test_standard_deviation"] is not None:
            test = f"{test} ± {decimal(winner['test_standard_deviation'])}"
        figures["winner's test accuracy"] = test
    return figures


def _started(run: RunView) -> str:
    if run.started_at is None:
        return ""
    return datetime.fromtimestamp(run.started_at, UTC).strftime("%Y-%m-%d %H:%M")
