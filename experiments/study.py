"""A whole study script: a multirun, and its searches as a table, a plot and a report."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from sweep import key_of, print_table, run_sweep, searches, setting_of, store_of

from pnas.reports.charts.curve_chart import CurveGroup, save_curves

PLOT = "comparison.png"
Curve = list[float]


def study(name: str, axes: Sequence[str], about: str | None) -> None:
    """Run every combination of ``axes``, then print a table and plot what MLflow holds of it.

    Overrides on the command line go to every search. An override of an axis's key replaces that
    axis; an override with several values (``seed=0,1,2``) is a further axis.

    Args:
        name: Name of the study, which names its directory.
        axes: Hydra overrides with several values each.
        about: Text of the script's ``--help``.
    """
    overrides = _command_line(about)
    _check_tracking(overrides)
    overridden = {key_of(item) for item in overrides}
    kept = [axis for axis in axes if key_of(axis) not in overridden]
    added = [item for item in overrides if _has_several_values(item)]

    sweep = run_sweep(name, kept, overrides)
    print_table(sweep, [*kept, *added], overrides)
    path = plot_sweep(sweep, [*kept, *added], overrides)
    if path is not None:
        print(f"plot: {path}")
        print(f"page: python run.py task=report 'task.files=[{path.parent}]' task.mixed=true")


def _check_tracking(overrides: Sequence[str]) -> None:
    """Refuse a study whose searches would be shown nowhere, before any of them is trained."""
    if "tracking=none" in overrides:
        rule = "must be mlflow for a study, which reads its searches there"
        sys.exit(f"tracking: {rule}. Received: 'none'")


def plot_sweep(sweep: str, axes: Sequence[str], overrides: Sequence[str]) -> Path | None:
    """Plot the best reward by children trained: a thin line a search, a thick one for their mean.

    Returns:
        Path of the plot, beside the searches of the sweep; None if there are no searches.
    """
    runs = searches(sweep, overrides)
    if not runs:
        return None

    client = store_of(overrides).client
    keys = [key_of(axis) for axis in axes if key_of(axis) != "seed"]
    groups: dict[str, list[Curve]] = defaultdict(list)
    for run in runs:
        settings = [f"{key}={setting_of(run, key)}" for key in keys]
        history = client.get_metric_history(run.info.run_id, "best_reward")
        history.sort(key=lambda metric: metric.step)
        groups[", ".join(settings) or "all searches"].append([metric.value for metric in history])

    directory = Path(runs[0].data.tags["pnas.run_dir"]).parent
    return _plot(title=sweep, groups=groups, path=directory / PLOT)


def _plot(title: str, groups: dict[str, list[Curve]], path: Path) -> Path:
    drawn = []
    for name, curves in sorted(groups.items()):
        points = [list(enumerate(curve, start=1)) for curve in curves]
        drawn.append(CurveGroup(name, points))
    return save_curves(drawn, path, x_label="children trained", title=title)


def _command_line(about: str | None) -> list[str]:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", help="as for run.py, for example trainer.epochs=10")
    return list(parser.parse_args().overrides)


def _has_several_values(override: str) -> bool:
    """Whether Hydra sweeps over an override (``seed=0,1``; but not ``operators=[a,b]``)."""
    return OverridesParser.create().parse_override(override).is_sweep_override()
