"""The figures at the head of a report: how a run ended and what it found."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pnas.records.training_record import Training
from pnas.reports.data.number_format import correlation, count, decimal, duration
from pnas.reports.data.run_view import RunView
from pnas.system.wording import plural


def headline(run: RunView) -> dict[str, str]:
    """Return the known figures of a run by name."""
    if run.training is not None:
        return _of_training(run, run.training)
    best = run.best
    test_accuracy = run.test_accuracy
    figures = {
        "status": run.status,
        **_winner(run),
        "best reward": decimal(best.reward if best else None),
        "best reward too high by, probably": decimal(run.optimism),
        "best reward's test accuracy": decimal(test_accuracy),
        "children trained": count(run.trained),
        "short trainings": count(run.short_trainings) if run.short_trainings else "",
        "stopped early": _stopped(run),
        "failed": count(len(run.failed)) if run.failed else "",
        "left out by a limit": count(run.left_out) if run.left_out else "",
        "search time": duration(run.seconds),
        "time left, about": duration(run.seconds_left),
        "predictor": run.predictor,
        _rho_name(run): correlation(run.last_rho),
        "seed": str(run.value("seed", "")),
        "started (UTC)": _started(run),
    }
    if run.is_tabular:
        # Nothing was trained by this search, so none of its times says how long training takes.
        figures["children read from a table"] = figures.pop("children trained")
    return {name: value for name, value in figures.items() if value}


def _of_training(run: RunView, training: Training) -> dict[str, str]:
    """Return the figures of a `task=train`: of its best cell, and how far the trainings are."""
    best = training.best()
    cells = {cell["cell"]: cell for cell in training.cells()}
    of_best = {} if best is None else cells[best.cell]
    validated = _mean_sd(of_best.get("val_accuracy"))
    test_name = "its test accuracy" if validated else "test accuracy"
    figures = {
        "status": run.status,
        "best cell's validation accuracy": validated,
        test_name: _mean_sd(of_best.get("test_accuracy")),
        "trainings finished": f"{run.trained} of {len(training.members)}",
        "failed": count(len(run.failed)) if run.failed else "",
        "time": duration(run.seconds),
        "seed": str(run.value("seed", "")),
        "started (UTC)": _started(run),
    }
    return {name: value for name, value in figures.items() if value}


def _mean_sd(value: Mapping[str, float | None] | None) -> str:
    if value is None:
        return ""
    mean = decimal(value["mean"])
    return mean if value["sd"] is None else f"{mean} ± {decimal(value['sd'])}"


def _rho_name(run: RunView) -> str:
    has_rounds = run.growing_stages is not None and run.is_refined
    return "ρ of the rounds (mean)" if has_rounds else "ρ at the last stage"


def _winner(run: RunView) -> dict[str, str]:
    """Return the figures of the winner of a search whose best cells were trained again."""
    winner = run.winner
    if winner is None:
        return {}
    mean = f"{decimal(winner['mean'])} ± {decimal(winner['standard_error'])}"
    figures = {
        "winner's mean reward": f"{mean} ({plural(winner['trainings'], 'training')})",
        "probability that it is the best": f"{winner['probability_best']:.0%}",
        "cells that tie with it": count(len(winner["runners_up"])),
    }
    if winner["test_accuracy"] is not None:
        test = decimal(winner["test_accuracy"])
        if winner["test_standard_deviation"] is not None:
            test = f"{test} ± {decimal(winner['test_standard_deviation'])}"
        figures["winner's test accuracy"] = test
    return figures


def _stopped(run: RunView) -> str:
    """Return how many trainings were stopped early, and how early."""
    epochs = [child.stopped_after or 0 for child in run.stopped]
    if not epochs:
        return ""
    mean = sum(epochs) / len(epochs)
    return f"{count(len(epochs))} (after {mean:.1f} epochs on average)"


def _started(run: RunView) -> str:
    if run.started_at is None:
        return ""
    return datetime.fromtimestamp(run.started_at, UTC).strftime("%Y-%m-%d %H:%M")
