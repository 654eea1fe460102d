"""The weights of children: which are kept while a search goes on, and which at its end."""

from collections.abc import Sequence
from pathlib import Path

from pnas.records import ChildRecord, Journal, best_child
from pnas.records.cell_trainings import cell_key, is_repeated
from pnas.records.plan_facts import WINNER
from pnas.search import Observer


class KeepBestWeights(Observer):
    """Keeps the weights of the best child so far and removes the others as they are beaten.

    A superseded child that is better than all others may be chosen again by a later stage: until
    that stage is planned its weights stay too. So do those of further trainings of a cell, until
    the winner is known (`keep_winner_weights`).
    """

    def __init__(self, weights_dir: Path, journal: Journal) -> None:
        self._dir = weights_dir
        self._journal = journal
        self._best = best_child(journal.children())
        self._remove_others(len(journal.stages()), in_training=[])

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Look for the best child again: the stage may have brought results along."""
        self._best = best_child(self._journal.children())

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Look for the best child again if results were brought along."""
        if children[-1].ended_at is not None:
            self._best = best_child(self._journal.children())

    def child_ended(self, child: ChildRecord) -> None:
        """Remove the weights of the worse of ``child`` and the best child before it."""
        loser = self._loser_against(child)
        if loser is not None and not is_repeated(loser):
            path = self._dir / f"{loser.key}.npz"
            path.unlink(missing_ok=True)

    def stage_closed(self, b: int) -> None:
        """Remove everything that no stage after ``b`` can need."""
        chosen = self._journal.children()
        # In an asynchronous search children are in training beside a stage that ends.
        self._remove_others(b, [child for child in chosen if child.ended_at is None])

    def _loser_against(self, child: ChildRecord) -> ChildRecord | None:
        if child.reward is None:
            return child
        former = self._best
        if former is None:
            self._best = child
            return None
        self._best = best_child([former, child])
        return former if self._best is child else child

    def _remove_others(self, b: int, in_training: Sequence[ChildRecord]) -> None:
        """Keep the best weights, and those of a better child that may be chosen after ``b``.

        Children ``in_training`` may be writing theirs.
        """
        chosen = self._journal.children()
        superseded = [child for child in self._journal.superseded() if child.b > b]
        best = best_child(chosen)
        best_to_come = best_child([*chosen, *superseded])
        again = [child for child in chosen if is_repeated(child)]
        kept = [best, best_to_come, *again, *in_training]
        keep = {f"{child.key}.npz" for child in kept if child is not None}
        for path in self._dir.iterdir():
            is_draft = bool(in_training) and path.name.startswith(".")
            if path.name not in keep and not is_draft:
                path.unlink()


def keep_winner_weights(weights_dir: Path, journal: Journal) -> None:
    """Remove the weights of cells that were trained again and did not win."""
    winner = journal.meta(WINNER) or {}
    best = best_child(journal.children())
    for child in journal.children():
        is_kept = cell_key(child.key) == winner.get("key") or child is best
        if is_repeated(child) and not is_kept:
            path = weights_dir / f"{child.key}.npz"
            path.unlink(missing_ok=True)
