"""Settings of the `task` config group: what a command does."""

from dataclasses import dataclass

from pnas.errors import require_choice, require_count

TASKS = ("search", "score", "rank", "sync")
ORDERS = ("sorted", "training")


@dataclass(frozen=True)
class TaskSpec:
    """One task and its options; a task reads only its own.

    Attributes:
        name: search, score, rank or sync.
        top: how many of the best cells ``score`` keeps, and ``rank`` prints.
        files: what ``rank`` reads: paths or globs of children.csv, score CSVs, or the original project's CSVs;
            None = the run given by ``from``. Of ``sync``: run directories, or files or globs of files in them.
        order: of ``rank``: ``sorted`` by reward, or as trained.
        output: where score and rank write; None = into the run given by ``from``, else this command's directory.
    """

    name: str = "search"
    top: int = 1000
    files: list[str] | None = None
    order: str = "sorted"
    output: str | None = None

    def __post_init__(self) -> None:
        require_choice("task", self.name, TASKS)
        require_count("task.top", self.top)
        require_choice("task.order", self.order, ORDERS)
