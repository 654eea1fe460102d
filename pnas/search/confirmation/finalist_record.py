"""`FinalistRecord`: what the journal knows of a confirmation before its first round."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pnas.records import Journal, StageRecord
from pnas.records.cell_trainings import CellTrainings, rewarded
from pnas.records.plan_facts import FINALISTS
from pnas.search.confirmation.further_trainings import is_confirmation_stage
from pnas.search.history import own_stages


class FinalistRecord:
    """What a confirmation was begun with; it is decided once, and a killed search goes on from it.

    Args:
        journal: Journal of the search.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def begin(self, searched: Sequence[CellTrainings], trainings: int) -> None:
        """Begin a confirmation, unless the journal has one that was begun with the same cells.

        That one goes on with what it was begun with, also where fewer trainings are asked for now.
        A search that went on after an earlier confirmation, or is given more trainings for it, gets
        another one, which begins with all trainings so far.

        Args:
            searched: All cells of the search.
            trainings: Number of further trainings.
        """
        keys = [each.key for each in rewarded(searched)]
        stored = self._stored
        is_same = stored is not None and _is_of(stored, keys)
        if stored is not None and is_same and stored.get("trainings", trainings) >= trainings:
            # Earlier versions did not keep the number.
            self._store(**{"trainings": trainings, **stored})
            return

        self._abandon_unfinished_rounds()
        self._store(
            searched=len(keys),
            digest=_digest(keys),
            trainings=trainings,
            after=max((stage.b for stage in self._journal.stages()), default=0),
            ranked=None,
        )

    @property
    def after(self) -> int:
        """Stage after which the confirmation begins."""
        return int(self._begun["after"])

    @property
    def has_begun(self) -> bool:
        """Whether there has been a confirmation."""
        return self._stored is not None

    def trainings_given(self, default: int) -> int:
        """Return how many further trainings the last confirmation was given; 0 if there was none.

        Args:
            default: Number to return where an earlier version did not keep it.
        """
        stored = self._stored
        return 0 if stored is None else int(stored.get("trainings", default))

    def ranked(
        self,
        searched: Sequence[CellTrainings],
        rank: Callable[[list[CellTrainings], int], list[CellTrainings]],
    ) -> list[CellTrainings]:
        """Return the cells that have a reward, most promising first.

        The order is kept in the journal, so that no predictor is fitted for it twice.

        Args:
            searched: All cells of the search.
            rank: Orders the cells that have a reward, given the number of stages.
        """
        known = {each.key: each for each in rewarded(searched)}
        begun = self._begun
        if begun["ranked"] is None:
            ranked = rank(list(known.values()), self.after)
            begun["ranked"] = [each.key for each in ranked]
            self._store(**begun)
        return [known[key] for key in begun["ranked"]]

    def trainings(self, count_in_time: Callable[[], int] | None = None) -> int:
        """Return the number of further trainings, which decides how many finalists there are.

        It is the same from the first round on, however much time is left then.

        Args:
            count_in_time: Returns for how many there is time now; None where time is no limit.
        """
        begun = self._begun
        is_decided = begun.get("in_time") is not None or bool(self._rounds())
        if count_in_time is not None and not is_decided:
            begun["in_time"] = count_in_time()
            self._store(**begun)
        in_time = begun.get("in_time")
        return int(begun["trainings"] if in_time is None else in_time)

    def _rounds(self) -> list[StageRecord]:
        """Return the rounds that this confirmation has begun."""
        rounds = own_stages(self._journal, is_confirmation_stage)
        return [each for each in rounds if each.b > self.after]

    def _abandon_unfinished_rounds(self) -> None:
        """Close what an earlier confirmation left unfinished: no other one trains its children.

        A budget may have ended it in a round, which is closed with children that were not trained.
        """
        for each in own_stages(self._journal, is_confirmation_stage):
            children = self._journal.children(each.b)
            is_whole = all(child.ended_at is not None for child in children)
            if each.closed_at is None or not is_whole:
                self._journal.abandon_stage(each.b)

    def _store(self, **begun: Any) -> None:
        self._journal.set_meta(**{FINALISTS: begun})

    @property
    def _begun(self) -> dict[str, Any]:
        stored = self._stored
        assert stored is not None
        return stored

    @property
    def _stored(self) -> dict[str, Any] | None:
        stored: dict[str, Any] | None = self._journal.meta(FINALISTS)
        return stored


def _is_of(stored: Mapping[str, Any], keys: Sequence[str]) -> bool:
    """Whether a stored confirmation was begun with the cells of ``keys``."""
    if "digest" in stored:
        return bool(stored["digest"] == _digest(keys))
    # Earlier versions kept the number of cells, and the keys of those that can be confirmed.
    ranked = stored["ranked"] or []
    return stored["searched"] == len(keys) and set(ranked) <= set(keys)


def _digest(keys: Sequence[str]) -> str:
    """Return what tells sets of cells apart, in whatever order they are."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
