"""A search whose journal is written step by step, for tests of what MLflow shows of it."""

from pathlib import Path
from typing import Any

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.state_space import Cell

CONFIG = {
    "name": "demo",
    "seed": 3,
    "state_space": {"kind": "pnas", "B": 2, "operators": ["3x3 dconv", "identity"]},
    "controller": {"kind": "lstm", "K": 2},
    "tracking": {"uri": None},
}
STARTED = 1_700_000_000.0
OPERATORS = ("3x3 dconv", "identity", "3x3 maxpool", "5x5 dconv")


class HandMade:
    """A search whose journal is written step by step."""

    def __init__(self, run_dir: Path) -> None:
        run_dir.mkdir(parents=True)
        self.run_dir = run_dir
        self.journal = Journal(run_dir / "journal.sqlite", create=True)
        self.set(
            search_id="search-1", name="demo", sweep="sweep-7", config=CONFIG, started_at=STARTED
        )

    def set(self, **meta: Any) -> None:
        self.journal.set_meta(**meta)

    def open(self, b: int, size: int) -> None:
        """Open stage ``b`` with ``size`` children."""
        choices = []
        for i in range(size):
            block = (-1, OPERATORS[i % 4], -2, OPERATORS[i // 4])
            cell = Cell([block] * b)
            predicted = None if b == 1 else 0.5
            choices.append(Choice(cell, f"{b}-{i}", 10 * b + i, predicted))
        self.journal.open_stage(
            b,
            choices,
            candidates_scored=4 * size,
            unique_candidates=3 * size,
            seconds_scoring=0.25,
        )

    def end(self, b: int, i: int, reward: float | None, **changes: Any) -> None:
        """End child ``i`` of stage ``b``; without a reward it failed."""
        fields: dict[str, Any] = {"params": 1000 + i, "flops": 5000, "seconds": 2.0}
        if reward is None:
            fields["status"] = Status.FAILED
            fields["error"] = "ran out of memory"
        else:
            fields["status"] = Status.OK
            fields["reward"] = reward
            fields["metrics"] = {"loss": [0.9, 0.5, 0.1], "val_accuracy": [0.1, 0.2, reward]}
        fields.update(changes)

        cell = self.journal.children(b)[i].cell
        result = ChildResult(cell, seed=10 * b + i, **fields)
        self.journal.end_child(f"{b}-{i}", result)

    def close(self, b: int, spearman_next: float | None = None) -> None:
        learned = {"kind": "lstm", "loss": 0.1, "losses": [0.3, 0.2, 0.1], "spearman_fit": 0.9}
        self.journal.close_stage(b, {**learned, "spearman_next": spearman_next})

    def first_half(self) -> None:
        """Stage 1, with one child that failed, and one of the two children of stage 2."""
        self.open(1, 3)
        for i, reward in enumerate((0.5, None, 0.7)):
            self.end(1, i, reward)
        self.close(1)
        self.open(2, 2)
        self.end(2, 0, 0.6)

    def second_half(self) -> None:
        self.end(2, 1, 0.8)
        self.close(2, spearman_next=0.4)
        for name in ("summary.json", "children.csv", "config.yaml"):
            (self.run_dir / name).write_text(name)
        self.set(status="finished", search_seconds=12.5, test_accuracy=0.75)
