"""Settings of the `task` config group: what a command does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pnas.errors import require, require_choice, require_count

TASKS = ("search", "train", "export", "score", "rank", "report", "list", "show", "sync", "tabulate")
ORDERS = ("sorted", "training")
OBJECTIVES = ("reward", "rank_correlation")
FORMATS = ("keras", "savedmodel", "onnx", "mlflow")


@dataclass(frozen=True)
class TaskSpec:
    """One task and its options; a task reads only its own.

    Attributes:
        name: search, train, export, score, rank, report, list, show, sync or tabulate.
        objective: what ``search`` returns to a sweeper: its best ``reward``, or ``rank_correlation``, how well its
            predictor ranked cells before they were trained (Spearman, mean over stages; of the probe if there is one).
        top: how many of the best cells ``score`` keeps and ``rank`` prints, and how many runs ``list`` prints.
        files: what ``rank`` reads: paths or globs of children.csv, score CSVs, or the original project's CSVs;
            None = the run given by ``from``. Of ``sync``, ``report`` and ``list``: run directories, sweep directories,
            or files or globs of files in them; None = the run given by ``from``, for ``list`` all under outputs/.
        order: of ``rank``: ``sorted`` by reward, or as trained (files with rewards before files with scores).
        overlay: of ``rank``: each file is a ranking of its own, drawn over the others, instead of all in one.
        mixed: of ``report``: compare runs of different state spaces, or on different data, all the same.
        output: where score, rank, report and export write; None = into the run given by ``from``, else this command's
            directory. ``rank`` writes a page for a name in .html, a plot for .png or .svg.
        cells: of ``tabulate``: how many to train, drawn uniformly; None = all of 1 to B blocks.
        repeats: of ``tabulate``: trainings of each cell, with other seeds.
        seeds: trainings of each cell, by ``train``.
        train_on: what ``train`` learns from: ``train``, or ``train+val``, which leaves nothing to validate on.
        formats: what ``export`` writes: keras, savedmodel, onnx, mlflow; None = all.
        register: name under which ``export`` registers the model in the MLflow store; None = it does not.
    """

    name: str = "search"
    objective: str = "reward"
    top: int = 1000
    files: list[str] | None = None
    order: str = "sorted"
    overlay: bool = False
    mixed: bool = False
    output: str | None = None
    seeds: int = 1
    train_on: str = "train"
    formats: list[str] | None = None
    register: str | None = None
    cells: int | None = None
    repeats: int = 2

    def __post_init__(self) -> None:
        require_choice("task", self.name, TASKS)
        require_choice("task.objective", self.objective, OBJECTIVES)
        require_count("task.top", self.top)
        require_count("task.repeats", self.repeats)
        if self.cells is not None:
            require_count("task.cells", self.cells)
        require_choice("task.order", self.order, ORDERS)
        for key in ("overlay", "mixed"):
            value = getattr(self, key)
            require(isinstance(value, bool), f"task.{key}", "must be true or false", value)
        require_count("task.seeds", self.seeds)
        require_choice("task.train_on", self.train_on, ("train", "train+val"))
        rule = f"must be a list of {', '.join(FORMATS)}, none twice, or null"
        wanted = FORMATS if self.formats is None else self.formats
        is_list = isinstance(wanted, Sequence) and not isinstance(wanted, str) and len(wanted) > 0
        is_known = is_list and set(wanted) <= set(FORMATS) and len(set(wanted)) == len(wanted)
        require(is_known, "task.formats", rule, self.formats)
        rule = "must be a name without / and :, or null"
        named = self.register is None or bool(re.fullmatch(r"[^/:]{1,200}", str(self.register)))
        require(named, "task.register", rule, self.register)
