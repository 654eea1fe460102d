"""`TrainingStage`: the children of the stage that is trained now, kept in memory."""

from collections.abc import Sequence

from pnas.records import ChildRecord, Status


class TrainingStage:
    """The open stage of a search; the journal is read once for it.

    Attributes:
        number: Number of the stage in the journal, from 1.
    """

    def __init__(self, number: int, children: Sequence[ChildRecord]) -> None:
        self.number = number
        self._children = {child.key: child for child in children}

    @property
    def children(self) -> list[ChildRecord]:
        """The children as they are now, in the order in which they were proposed."""
        return list(self._children.values())

    @property
    def is_cut_short(self) -> bool:
        """Whether a child has not been trained."""
        return bool(self.missing())

    @property
    def has_reward(self) -> bool:
        """Whether a child was trained successfully."""
        return bool(self._with_status(Status.OK))

    def missing(self) -> list[ChildRecord]:
        """Return the children that are still to be trained."""
        return self._with_status(Status.CHOSEN)

    def still_missing(self, children: Sequence[ChildRecord]) -> list[ChildRecord]:
        """Return those of ``children``, some of this stage, that are still to be trained."""
        now = [self._children[child.key] for child in children]
        return [child for child in now if child.status is Status.CHOSEN]

    def failed(self) -> list[ChildRecord]:
        """Return the children that failed; those left out by a constraint did not."""
        return [child for child in self._children.values() if child.has_failed]

    def update(self, child: ChildRecord) -> None:
        """Take the record of a child that has ended in the place of the former one."""
        self._children[child.key] = child

    def _with_status(self, status: Status) -> list[ChildRecord]:
        return [child for child in self._children.values() if child.status is status]
