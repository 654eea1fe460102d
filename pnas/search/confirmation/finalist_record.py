"""`FinalistRecord`: what the journal knows of a confirmation before its first round."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pnas.records import Journal
from pnas.records.cell_trainings import CellTrainings, rewarded
from pnas.records.plan_facts import FINALISTS


class FinalistRecord:
    """What a confirmation was begun with; it is decided once, and a killed search goes on from it.

    Args:
        journal: Journal of the search.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def begin(self, searched: Sequence[CellTrainings], trainings: int) -> int:
        """Return the stage after which this confirmation begins, and keep it in the journal.

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
            return int(stored["after"])
        after = max((stage.b for stage in self._journal.stages()), default=0)
        begun = {
            "searched": len(keys),
            "digest": _digest(keys),
            "trainings": trainings,
            "after": after,
            "ranked": None,
        }
        self._journal.set_meta(**{FINALISTS: begun})
        return after

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
        stored = self._stored
        assert stored is not None
        if stored["ranked"] is None:
            ranked = rank(list(known.values()), stored["after"])
            stored["ranked"] = [each.key for each in ranked]
            self._journal.set_meta(**{FINALISTS: stored})
        return [known[key] for key in stored["ranked"]]

    def trainings_in_time(self, count: Callable[[], int]) -> int:
        """Return the number of further trainings that there was time for when it was asked first.

        It decides how many finalists there are.

        Args:
            count: Returns how many there is time for now.
        """
        stored = self._stored
        assert stored is not None
        if stored.get("in_time") is None:
            stored["in_time"] = count()
            self._journal.set_meta(**{FINALISTS: stored})
        return int(stored["in_time"])

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
