"""Settings of ``trainer=tabular``: rewards are read from a table, and nothing is trained."""

from dataclasses import dataclass

from pnas.validation import check_fields, choice, optional, setting, text


@dataclass(frozen=True)
class TabularSpec:
    """Which table answers a search, and which of its columns.

    Attributes:
        kind: Name of this kind of training.
        table: File of the table (`pnas.tables.table_loading`).
        table_reward: Column of the reward; null means the default of the table.
        table_test: Column of the test accuracy that judges the best cell at the end; null means
            the default of the table, or else the trainings of the cell that the search did not see.
        table_shown: What a search sees of a cell that was trained several times: one training,
            sampled by the seed of the child (``draw``), or the ``mean`` of all.
    """

    kind: str = setting("tabular", choice("tabular"))
    table: str = setting("", text("must be the file of a table"))
    table_reward: str | None = setting(None, optional(text()))
    table_test: str | None = setting(None, optional(text()))
    table_shown: str = setting("draw", choice("draw", "mean"))

    def __post_init__(self) -> None:
        check_fields(self, "trainer")
