"""Settings of the `task` config group: what a command does."""

from dataclasses import dataclass

from pnas.errors import require_choice, require_count

TASKS = ("search", "score", "rank", "sync", "tabulate")
ORDERS = ("sorted", "training")


@dataclass(frozen=True)
class TaskSpec:
    """One task and its options; a task reads only its own.

    Attributes:
        name: search, score, rank, sync or tabulate.
        top: how many of the best cells ``score`` keeps, and ``rank`` prints.
        files: what ``rank`` reads: paths or globs of children.csv, score CSVs, or the original project's CSVs;
            None = the run given by ``from``. Of ``sync``: run directories, or files or globs of files in them.
        order: of ``rank``: ``sorted`` by reward, or as trained.
        cells: of ``tabulate``: how many to train, drawn uniformly; None = all of 1 to B blocks.
        repeats: of ``tabulate``: trainings of each cell, with other seeds.
        output: where score and rank write; None = into the run given by ``from``, else this command's directory.
    """

    name: str = "search"
    top: int = 1000
    files: list[str] | None = None
    order: str = "sorted"
    output: str | None = None
    cells: int | None = None
    repeats: int = 2

    def __post_init__(self) -> None:
        require_choice("task", self.name, TASKS)
        require_count("task.top", self.top)
        require_count("task.repeats", self.repeats)
        if self.cells is not None:
            require_count("task.cells", self.cells)
        require_choice("task.order", self.order, ORDERS)
