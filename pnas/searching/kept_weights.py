"""The weights of children: which are kept while a search goes on, and which at its end."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pnas.records import ChildRecord, Journal, best_child, best_children
from pnas.records.cell_trainings import cell_key, is_repeated
from pnas.records.plan_facts import WINNER
from pnas.search import Observer


class KeepBestWeights(Observer):
    """Keeps the weights of the best children so far and removes the others as they are beaten.

    Superseded children that are better than others may be chosen again by a later stage: until that
    stage is planned their weights stay too. So do those of further trainings of a cell, until the
    winner is known (`keep_winner_weights`).

    Args:
        weights_dir: Directory of the weights.
        journal: Journal of the search.
        count: Number of first trainings whose weights are kept. With 1 the winner of a confirmation
            may be a cell whose first training was beaten, and can be tested by the others only.
    """

    def __init__(self, weights_dir: Path, journal: Journal, count: int = 1) -> None:
        self._dir = weights_dir
        self._journal = journal
        self._count = count
        self._best = self._best_of(journal.children())
        self._remove_others(len(journal.stages()), in_training=[])

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Look for the best children again: the stage may have brought results along."""
        self._best = self._best_of(self._journal.children())

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Look for the best children again if results were brought along."""
        if children[-1].ended_at is not None:
            self._best = self._best_of(self._journal.children())

    def child_ended(self, child: ChildRecord) -> None:
        """Remove the weights of the worst of ``child`` and the best children before it."""
        if is_repeated(child):
            return
        ranked = [*self._best, child]
        self._best = self._best_of(ranked)
        for loser in ranked:
            if loser not in self._best:
                path = self._dir / f"{loser.key}.npz"
                path.unlink(missing_ok=True)

    def stage_closed(self, b: int) -> None:
        """Remove everything that no stage after ``b`` can need."""
        chosen = self._journal.children()
        # In an asynchronous search children are in training beside a stage that ends.
        self._remove_others(b, [child for child in chosen if child.ended_at is None])

    def _best_of(self, children: Iterable[ChildRecord]) -> list[ChildRecord]:
        first_trainings = (child for child in children if not is_repeated(child))
        return best_children(first_trainings, self._count)

    def _remove_others(self, b: int, in_training: Sequence[ChildRecord]) -> None:
        """Keep the best weights, and those of better children that may be chosen after ``b``.

        Children ``in_training`` may be writing theirs.
        """
        chosen = self._journal.children()
        superseded = [child for child in self._journal.superseded() if child.b > b]
        best = self._best_of(chosen)
        best_to_come = self._best_of([*chosen, *superseded])
        again = [child for child in chosen if is_repeated(child)]
        keep = {f"{child.key}.npz" for child in (*best, *best_to_come, *again, *in_training)}
        for path in self._dir.iterdir():
            is_draft = bool(in_training) and path.name.startswith(".")
            if path.name not in keep and not is_draft:
                path.unlink()


def keep_winner_weights(weights_dir: Path, journal: Journal) -> None:
    """Remove the weights of all children but the best one and those of the winner's cell."""
    winner = journal.meta(WINNER) or {}
    children = journal.children()
    best = best_child(children)
    for child in children:
        is_kept = cell_key(child.key) == winner.get("key") or child is best
        if not is_kept:
            path = weights_dir / f"{child.key}.npz"
            path.unlink(missing_ok=True)
