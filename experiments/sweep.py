"""What the study scripts share: run a multirun, then read its searches back from MLflow."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from pnas.reports.terminal.text_grid import Column, Grid
from pnas.tracking import MlflowSpec, open_store
from pnas.tracking.mlflow_store import Store

ROOT = Path(__file__).resolve().parent.parent
SWEEP_DIR = "hydra.sweep.dir="
METRICS = ("best_reward", "test_accuracy", "spearman_next", "children_trained", "search_seconds")
INTERRUPTED = 130

Settings = tuple[str, ...]
Metrics = dict[str, float]


def key_of(override: str) -> str:
    """Return the key of a Hydra override."""
    return override.partition("=")[0]


def run_sweep(name: str, axes: Sequence[str], overrides: Sequence[str]) -> str:
    """Run every combination of ``axes`` (Hydra overrides such as ``controller=lstm,mlp``).

    A ``hydra.sweep.dir`` among ``overrides`` continues the sweep in that directory. The multirun
    lists the jobs that fail; the others are there to compare.

    Returns:
        The tag that the searches of the sweep carry in MLflow.
    """
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = f"multirun/{name}/{stamp}"
    others = []
    for override in overrides:
        if override.startswith(SWEEP_DIR):
            folder = override.removeprefix(SWEEP_DIR)
        else:
            others.append(override)

    command = [sys.executable, str(ROOT / "run.py"), "-m", f"{SWEEP_DIR}{folder}"]
    done = subprocess.run([*command, *axes, *others])
    if done.returncode == INTERRUPTED:
        sys.exit(INTERRUPTED)
    return "_".join(Path(folder).parts[-2:])


def print_table(sweep: str, axes: Sequence[str], overrides: Sequence[str]) -> None:
    """Print one row for each combination of settings, with mean and deviation over its seeds."""
    keys = [key_of(axis) for axis in axes if key_of(axis) != "seed"]
    groups: dict[Settings, list[Metrics]] = defaultdict(list)
    for run in searches(sweep, overrides):
        settings = tuple(setting_of(run, key) for key in keys)
        groups[settings].append(run.data.metrics)

    columns = [_setting_column(index, key) for index, key in enumerate(keys)]
    columns.append(Column("searches", lambda row: str(len(row[1]))))
    columns += [_metric_column(name) for name in METRICS]
    rows = sorted(groups.items(), key=_by_value)
    Grid.of(f"{sweep} (tags.`pnas.sweep` in MLflow)", columns, rows).print()


def _setting_column(index: int, key: str) -> Column:
    return Column(key, lambda row: row[0][index])


def _metric_column(name: str) -> Column:
    return Column(name, lambda row: _mean_and_deviation(row[1], name))


def _by_value(group: tuple[Settings, Any]) -> list[tuple[float, str]]:
    """Return a sort key that orders numbers as numbers, and after them words as words."""
    found = []
    for value in group[0]:
        is_number = value.replace(".", "", 1).isdigit()
        found.append((float(value) if is_number else float("inf"), value))
    return found


def store_of(overrides: Sequence[str]) -> Store:
    """Open the MLflow store that the searches of the sweep are shown in."""
    given = dict(item.split("=", 1) for item in overrides if item.startswith("tracking."))
    spec = MlflowSpec(
        uri=given.get("tracking.uri"),
        experiment=given.get("tracking.experiment", "pnas"),
    )
    return open_store(spec)


def searches(sweep: str, overrides: Sequence[str]) -> list[Any]:
    """Return the MLflow runs of the searches of the sweep."""
    store = store_of(overrides)
    condition = f"tags.`pnas.sweep` = '{sweep}' and tags.`pnas.level` = 'search'"
    return list(store.client.search_runs([store.experiment_id], condition))


def setting_of(run: Any, key: str) -> str:
    """Return the option of the config group ``key``, or the value of the key, in an MLflow run."""
    return str(run.data.tags.get(f"pnas.{key}") or run.data.params.get(key, "?"))


def _mean_and_deviation(rows: Sequence[Metrics], name: str) -> str:
    values = [row[name] for row in rows if name in row]
    if not values:
        return ""
    digits = 0 if max(map(abs, values)) >= 10 else 4
    text = f"{mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {stdev(values):.{digits}f}"
    return text
