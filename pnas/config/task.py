"""Settings of the `task` config group: what a command does."""

from dataclasses import dataclass

from pnas.errors import require, require_choice, require_count

TASKS = ("search", "score", "rank", "report", "list", "show", "sync")
ORDERS = ("sorted", "training")


@dataclass(frozen=True)
class TaskSpec:
    """One task and its options; a task reads only its own.

    Attributes:
        name: search, score, rank, report, list, show or sync.
        top: how many of the best cells ``score`` keeps and ``rank`` prints, and how many runs ``list`` prints.
        files: what ``rank`` reads: paths or globs of children.csv, score CSVs, or the original project's CSVs;
            None = the run given by ``from``. Of ``sync``, ``report`` and ``list``: run directories, sweep directories,
            or files or globs of files in them; None = the run given by ``from``, for ``list`` all under outputs/.
        order: of ``rank``: ``sorted`` by reward, or as trained (files with rewards before files with scores).
        overlay: of ``rank``: each file is a ranking of its own, drawn over the others, instead of all in one.
        mixed: of ``report``: compare runs of different state spaces, or on different data, all the same.
        output: where score, rank and report write; None = into the run given by ``from``, else this command's
            directory. ``rank`` writes a page for a name in .html, a plot for .png or .svg.
    """

    name: str = "search"
    top: int = 1000
    files: list[str] | None = None
    order: str = "sorted"
    overlay: bool = False
    mixed: bool = False
    output: str | None = None

    def __post_init__(self) -> None:
        require_choice("task", self.name, TASKS)
        require_count("task.top", self.top)
        require_choice("task.order", self.order, ORDERS)
        for key in ("overlay", "mixed"):
            value = getattr(self, key)
            require(isinstance(value, bool), f"task.{key}", "must be true or false", value)
