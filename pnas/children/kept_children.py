"""The children that a process trained last, ready for further trainings of their cells."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from pnas.children.tensorflow_runtime import release_memory
from pnas.state_space import Cell

if TYPE_CHECKING:
    from pnas.children.search_training.traced_child import TracedChild

MOST_KEPT = 8
"""Children that are kept at most; one more, and the older half of them goes.

Each takes some 15 MB. Of one that is not kept TensorFlow does not give back all memory either.
"""


class ChildKey(NamedTuple):
    """What the traced functions of a child depend on, for one data set, network and trainer.

    Attributes:
        cell: Canonical form of its cell.
        microbatches: Number of parts of a batch.
        is_compiled: Whether XLA compiles its steps, which depends on their number.
    """

    cell: Cell
    microbatches: int
    is_compiled: bool


class KeptChildren:
    """Gives children to train, new or kept; a kept one is traced already.

    A child that is given belongs to the caller, who hands it back after a training that went well:
    nothing is kept of one that failed.

    Args:
        make: Makes a new child from its key and its seed.
        most: Number of children that are kept at most.
    """

    def __init__(
        self, make: Callable[[ChildKey, int], "TracedChild"], most: int = MOST_KEPT
    ) -> None:
        self._make = make
        self._most = most
        # The one that was trained longest ago comes first.
        self._children: OrderedDict[ChildKey, TracedChild] = OrderedDict()
        self._has_garbage = False

    def __len__(self) -> int:
        return len(self._children)

    def take(self, key: ChildKey, seed: int) -> "TracedChild":
        """Return the child of ``key`` before its first step, with the weights of ``seed``."""
        # Until it is handed back.
        self._has_garbage = True
        kept = self._children.pop(key, None)
        if kept is None:
            return self._make(key, seed)
        kept.restart(seed)
        return kept

    def keep(self, key: ChildKey, child: "TracedChild") -> None:
        """Keep ``child`` if it can be trained again, perhaps in the place of others."""
        if not child.can_restart or not self._most:
            return
        self._children[key] = child
        self._has_garbage = False
        if len(self._children) > self._most:
            # To find what can be freed takes time for each child that is kept, so that room is
            # made for several at once.
            self._drop(len(self._children) // 2)

    def drop_all(self) -> None:
        """Keep none of them."""
        self._drop(len(self._children))

    def release_memory(self) -> None:
        """Free what children need that are not kept any more, if there are any."""
        if self._has_garbage:
            release_memory()
        self._has_garbage = False

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._children.popitem(last=False)
            self._has_garbage = True
