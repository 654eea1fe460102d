"""Settings of the `task` config group: one specification a task, with the keys that it reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pnas.registry import Part, Registry
from pnas.validation import (
    Rule,
    check_fields,
    choice,
    drop_former_keys,
    flag,
    integer,
    optional,
    setting,
)

ORDERS = ("sorted", "training")
OBJECTIVES = ("reward", "rank_correlation")
VIEW_FORMATS = ("table", "json")
FORMATS = ("keras", "savedmodel", "onnx", "mlflow")


def _are_formats(value: Any) -> bool:
    if not isinstance(value, list | tuple) or not value:
        return False
    return set(value) <= set(FORMATS) and len(set(value)) == len(value)


def _is_model_name(value: Any) -> bool:
    has_both_quotes = {"'", '"'} <= set(str(value))  # no filter of MLflow finds such a name
    return bool(re.fullmatch(r"[^/:]{1,200}", str(value))) and not has_both_quotes


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _are_paths(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(_is_path(each) for each in value)


_TRAININGS = integer(minimum=1, maximum=1000)
_PATHS = optional(Rule("must be a list of paths, as in '[a,b]'", _are_paths))
_PATH = optional(Rule("must be the path of a file", _is_path))
_FORMATS = optional(Rule(f"must be a list of {', '.join(FORMATS)}, none twice", _are_formats))
_MODEL_NAME = optional(
    Rule("must be a name without / and :, with one kind of quotes at most", _is_model_name)
)


@dataclass(frozen=True)
class TaskSpec:
    """What a command does.

    Attributes:
        name: Name of the task.
    """

    name: str = "search"

    def __post_init__(self) -> None:
        check_fields(self, "task")


@dataclass(frozen=True)
class SearchTask(TaskSpec):
    """Find the best cell of a space.

    Attributes:
        objective: What the search returns to a sweeper: the ``reward`` of its winner, or of its
            best child where nothing was confirmed, or
            ``rank_correlation``, how well its predictor ranked cells before they were trained
            (Spearman, mean over stages; of the probe if there is one).
    """

    name: str = "search"
    objective: str = setting("reward", choice(*OBJECTIVES))


@dataclass(frozen=True)
class TrainTask(TaskSpec):
    """Train cells for as long as it takes, and test them.

    Attributes:
        seeds: Trainings of each cell, each from a seed of its own.
        train_on: Parts to learn from: ``train``, or ``train+val``, which leaves nothing to
            validate on.
    """

    name: str = "train"
    seeds: int = setting(1, _TRAININGS)
    train_on: str = setting("train", choice("train", "train+val"))


@dataclass(frozen=True)
class ExportTask(TaskSpec):
    """Write a trained model in formats that other programs read.

    Attributes:
        output: New folder to write; null = ``export`` in the run directory given by ``from``.
        formats: List of keras, savedmodel, onnx and mlflow; null = all.
        register: Name to register the model under in the MLflow store; null = not registered.
    """

    name: str = "export"
    output: str | None = setting(None, _PATH)
    formats: list[str] | None = setting(None, _FORMATS)
    register: str | None = setting(None, _MODEL_NAME)


@dataclass(frozen=True)
class ScoreTask(TaskSpec):
    """Rank cells by the predictor of a finished search.

    Attributes:
        top: Number of cells to keep, the best predicted.
        output: CSV file to write; null = ``scores_b<B>.csv`` in the run directory given by
            ``from``.
    """

    name: str = "score"
    top: int = setting(1000, integer(minimum=1))
    output: str | None = setting(None, _PATH)


@dataclass(frozen=True)
class RankTask(TaskSpec):
    """Sort, print and plot trained or scored cells.

    Attributes:
        files: Paths or globs of children.csv, score CSVs, or the original project's CSVs; null =
            children.csv of the run given by ``from``.
        order: ``sorted`` by reward, or in ``training`` order (files with rewards before files with
            scores).
        overlay: Whether each file is a ranking of its own, drawn over the others.
        top: Number of cells to print.
        output: File to write, .png, .svg or .html; null = ranking.png and ranking.html in the run
            given by ``from``.
    """

    name: str = "rank"
    files: list[str] | None = setting(None, _PATHS)
    order: str = setting("sorted", choice(*ORDERS))
    overlay: bool = setting(False, flag())
    top: int = setting(20, integer(minimum=1))
    output: str | None = setting(None, _PATH)


@dataclass(frozen=True)
class ReportTask(TaskSpec):
    """Write one HTML file about a run, or about several side by side.

    Attributes:
        files: Run directories, sweep directories, or globs of files in them; null = the run given
            by ``from``.
        mixed: Whether to compare runs of different state spaces, data or reward metrics.
        output: HTML file to write; null = ``report.html`` in the run directory given by ``from``.
    """

    name: str = "report"
    files: list[str] | None = setting(None, _PATHS)
    mixed: bool = setting(False, flag())
    output: str | None = setting(None, _PATH)


@dataclass(frozen=True)
class ListTask(TaskSpec):
    """Print the runs that exist, the newest first.

    Attributes:
        files: Run directories, sweep directories or globs; null = all under ``outputs/``.
        top: Number of runs to print.
        format: ``table`` for people, or ``json`` for programs.
    """

    name: str = "list"
    files: list[str] | None = setting(None, _PATHS)
    top: int = setting(50, integer(minimum=1))
    format: str = setting("table", choice(*VIEW_FORMATS))


@dataclass(frozen=True)
class ShowTask(TaskSpec):
    """Print one run: its status, stages, best cells, failures, and what to run next.

    Attributes:
        top: Number of cells to print, the best ones.
        format: ``table`` for people, or ``json`` for programs.
    """

    name: str = "show"
    top: int = setting(5, integer(minimum=1))
    format: str = setting("table", choice(*VIEW_FORMATS))


@dataclass(frozen=True)
class WatchTask(TaskSpec):
    """Serve the report of a running search to a browser on this machine, kept up to date.

    Attributes:
        port: Port on 127.0.0.1; 0 = any that is free.
        seconds: Seconds between two refreshes of the page.
        until_end: Whether the command ends when the search has ended.
    """

    name: str = "watch"
    port: int = setting(0, integer(minimum=0, maximum=65535))
    seconds: int = setting(5, integer(minimum=1, maximum=3600))
    until_end: bool = setting(False, flag())


@dataclass(frozen=True)
class SyncTask(TaskSpec):
    """Show the journals of runs in an MLflow store.

    Attributes:
        files: Run directories or globs; null = the run given by ``from``.
    """

    name: str = "sync"
    files: list[str] | None = setting(None, _PATHS)


@dataclass(frozen=True)
class TabulateTask(TaskSpec):
    """Train every cell of a space several times, and write a table of the rewards.

    Attributes:
        cells: Number of cells to train, sampled uniformly over the unique ones; null = all cells
            of 1 to B blocks.
        repeats: Trainings of each cell, each from a seed of its own.
    """

    name: str = "tabulate"
    cells: int | None = setting(None, optional(integer(minimum=1)))
    repeats: int = setting(2, _TRAININGS)


@dataclass(frozen=True)
class PreflightTask(TaskSpec):
    """Estimate, from a few trainings, whether a search is worth its cost.

    Attributes:
        cells: Number of random cells of B blocks.
        repeats: Trainings of each cell, each from a seed of its own.
        children: Trainings of the search whose gain is estimated.
    """

    name: str = "preflight"
    cells: int = setting(8, integer(minimum=2, maximum=1000))
    repeats: int = setting(3, integer(minimum=2, maximum=1000))
    children: int = setting(60, integer(minimum=2, maximum=100_000))


def _part(name: str, spec: type) -> Part:
    return Part(factory=f"pnas.tasks.{name}:run", spec=spec)


TASK_SPECS = Registry(
    kind="",  # extensions offer no tasks
    key="task",
    parts={
        "search": _part("search", SearchTask),
        "train": _part("train", TrainTask),
        "export": _part("export", ExportTask),
        "score": _part("score", ScoreTask),
        "rank": _part("rank", RankTask),
        "report": _part("report", ReportTask),
        "list": _part("list", ListTask),
        "show": _part("show", ShowTask),
        "watch": _part("watch", WatchTask),
        "sync": _part("sync", SyncTask),
        "tabulate": _part("tabulate", TabulateTask),
        "preflight": _part("preflight", PreflightTask),
    },
)
TASKS = TASK_SPECS.own_names()

PLANNED_TASKS = ("search", "train", "tabulate", "preflight")
"""Tasks that can say what they would do, with ``plan_only=true``."""

SOURCED_TASKS = ("train", "export", "score", "rank", "report", "show", "watch", "sync")
"""Tasks that read the key ``from``."""

_FORMER_KEYS = frozenset(
    [
        "objective",
        "top",
        "files",
        "order",
        "overlay",
        "mixed",
        "output",
        "seeds",
        "train_on",
        "formats",
        "register",
        "cells",
        "repeats",
    ]
)
"""Keys of the one specification that all tasks shared up to version 0.1.0."""


def migrate_task(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored ``task`` group with the keys that its task reads."""
    spec = TASK_SPECS.spec(values.get("name", "search"), TaskSpec)
    return drop_former_keys(values, spec, _FORMER_KEYS)
