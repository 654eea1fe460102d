"""A whole study script: a multirun, and what it found as a table, a plot and a page."""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from sweep import key_of, print_table, run_sweep, searches, setting_of, store_of

from pnas.reports.cells.palette import run_colour
from pnas.reports.charts.figure_style import MUTED, house_style, new_figure, save

PLOT = "comparison.png"


def study(name: str, axes: Sequence[str], about: str | None) -> None:
    """Run every combination of ``axes``, then print a table and draw a plot of what MLflow holds of it.

    Overrides on the command line go to every search. One that names the key of an axis takes the axis's place; one with
    several values (``seed=0,1,2``) is an axis more. ``about`` is the script's --help.
    """
    overrides = _typed(about)
    named = {key_of(item) for item in overrides}
    kept = [axis for axis in axes if key_of(axis) not in named]
    varied = [*kept, *(item for item in overrides if _is_varied(item))]
    sweep = run_sweep(name, kept, overrides)
    print_table(sweep, varied, overrides)
    path = plot_sweep(sweep, varied, overrides)
    if path is not None:
        print(f"plot: {path}")
        print(f"page: python run.py task=report 'task.files=[{path.parent}]' task.mixed=true")


def plot_sweep(sweep: str, axes: Sequence[str], overrides: Sequence[str]) -> Path | None:
    """Best reward by children trained, as MLflow has it: a thin line a search, their mean a thick one.

    Returns:
        The plot, beside the searches of the sweep; None if there are none.
    """
    store = store_of(overrides)
    runs = searches(sweep, overrides)
    keys = [key_of(axis) for axis in axes if key_of(axis) != "seed"]
    groups: dict[str, list[list[float]]] = defaultdict(list)
    for run in runs:
        history = store.client.get_metric_history(run.info.run_id, "best_reward")
        name = ", ".join(f"{key}={setting_of(run, key)}" for key in keys) or "all searches"
        groups[name].append([metric.value for metric in sorted(history, key=lambda m: m.step)])
    if not runs:
        return None
    return _draw(sweep, groups, Path(runs[0].data.tags["pnas.run_dir"]).parent / PLOT)


def _draw(title: str, groups: dict[str, list[list[float]]], path: Path) -> Path:
    with house_style():
        figure, (axes,) = new_figure(8, 4.6)
        for number, (name, curves) in enumerate(sorted(groups.items())):
            colour = run_colour(number)
            for curve in curves:
                axes.step(
                    range(1, len(curve) + 1),
                    curve,
                    where="post",
                    color=colour,
                    linewidth=0.7,
                    alpha=0.5,
                )
            length = min(map(len, curves))
            mean = [sum(curve[i] for curve in curves) / len(curves) for i in range(length)]
            axes.step(
                range(1, length + 1), mean, where="post", color=colour, linewidth=1.8, label=name
            )
        axes.set_xlabel("children trained")
        axes.set_ylabel("best reward so far")
        axes.set_title(title, loc="left", fontweight="bold", color=MUTED)
        axes.legend(loc="lower right", frameon=False)
        return save(figure, path)


def _typed(about: str | None) -> list[str]:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", help="as for run.py, for example trainer.epochs=10")
    return list(parser.parse_args().overrides)


def _is_varied(override: str) -> bool:
    """Whether Hydra reads several values in it: ``seed=0,1`` does, ``operators=[a,b]`` does not."""
    return OverridesParser.create().parse_override(override).is_sweep_override()
