"""What the sweep scripts share: run a multirun, then read its searches back from MLflow as one table."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from pnas.reports.terminal.text_grid import Column, Grid
from pnas.tracking import TrackingSpec, open_store
from pnas.tracking.mlflow_store import Store

ROOT = Path(__file__).resolve().parent.parent
_SWEEP_DIR = "hydra.sweep.dir="
_METRICS = ("best_reward", "test_accuracy", "spearman_next", "children_trained", "search_seconds")


def key_of(override: str) -> str:
    return override.partition("=")[0]


def run_sweep(name: str, axes: Sequence[str], overrides: Sequence[str]) -> str:
    """Run every combination of ``axes`` (Hydra overrides such as ``controller=lstm,mlp``).

    A ``hydra.sweep.dir`` among ``overrides`` continues the sweep that was started there. Jobs that fail are listed
    by the multirun; the others are there to compare.

    Returns:
        The tag that the sweep's searches carry in MLflow.
    """
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    chosen = [item.partition("=")[2] for item in overrides if item.startswith(_SWEEP_DIR)]
    folder = chosen[0] if chosen else f"multirun/{name}/{stamp}"
    rest = [item for item in overrides if not item.startswith(_SWEEP_DIR)]
    command = [sys.executable, str(ROOT / "run.py"), "-m", f"{_SWEEP_DIR}{folder}"]
    if subprocess.run([*command, *axes, *rest]).returncode == 130:
        sys.exit(130)
    return "_".join(Path(folder).parts[-2:])


def print_table(sweep: str, axes: Sequence[str], overrides: Sequence[str]) -> None:
    """Print the sweep's searches, one row a combination, seeds averaged (mean ± standard deviation)."""
    keys = [key_of(axis) for axis in axes if key_of(axis) != "seed"]
    groups: dict[tuple[str, ...], list[dict[str, float]]] = defaultdict(list)
    for run in searches(sweep, overrides):
        groups[tuple(setting_of(run, key) for key in keys)].append(run.data.metrics)
    columns = [
        *(Column(key, lambda row, at=at: row[0][at]) for at, key in enumerate(keys)),  # type: ignore[misc]
        Column("searches", lambda row: str(len(row[1]))),
        *(Column(name, lambda row, name=name: _spread(row[1], name)) for name in _METRICS),  # type: ignore[misc]
    ]
    Grid.of(
        f"{sweep} (tags.`pnas.sweep` in MLflow)", columns, sorted(groups.items(), key=_by_value)
    ).print()


def _by_value(group: tuple[tuple[str, ...], Any]) -> list[tuple[float, str]]:
    """Numbers in their order, words in theirs."""
    return [
        (float(value) if value.replace(".", "", 1).isdigit() else float("inf"), value)
        for value in group[0]
    ]


def store_of(overrides: Sequence[str]) -> Store:
    """The MLflow store that the sweep's searches are shown in."""
    given = dict(item.split("=", 1) for item in overrides if item.startswith("tracking."))
    spec = TrackingSpec(
        uri=given.get("tracking.uri"), experiment=given.get("tracking.experiment", "pnas")
    )
    return open_store(spec)


def searches(sweep: str, overrides: Sequence[str]) -> list[Any]:
    """The sweep's search runs."""
    store = store_of(overrides)
    condition = f"tags.`pnas.sweep` = '{sweep}' and tags.`pnas.level` = 'search'"
    return list(store.client.search_runs([store.experiment_id], condition))


def setting_of(run: Any, key: str) -> str:
    """What the axis ``key`` was: a config group's option, or a value."""
    return str(run.data.tags.get(f"pnas.{key}") or run.data.params.get(key, "?"))


def _spread(metrics: Sequence[dict[str, float]], name: str) -> str:
    values = [metric[name] for metric in metrics if name in metric]
    if not values:
        return ""
    digits = 0 if max(map(abs, values)) >= 10 else 4
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{spread}"
