"""`KeptNetworks`: which networks the workers of a search have built and still keep.

A worker keeps the children that it trained last (`pnas.children.kept_children`): another training
of one of their cells, such as a whole one after a short one, neither builds nor traces.
"""

from collections import OrderedDict

from pnas.children.kept_children import MOST_KEPT
from pnas.records import ChildRecord
from pnas.state_space import Cell
from pnas.system.process_name import process_name


class KeptNetworks:
    """Follows the trainings of a search in the order of their ends.

    With several workers it is not known which of them trained a cell, but one that has trained it
    is preferred for its next training: together they keep so many times what one does.

    Args:
        workers: Number of workers.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._cells: OrderedDict[Cell, None] = OrderedDict()
        self._process: str | None = None

    def __contains__(self, cell: Cell) -> bool:
        return cell in self._cells

    def trained(self, child: ChildRecord) -> bool:
        """Take up a training that has ended; return whether its network had been kept."""
        # A search that goes on in another process has other workers.
        if child.worker != self._process:
            self._cells.clear()
            self._process = child.worker
        was_kept = child.cell in self._cells
        self._cells.pop(child.cell, None)
        self._cells[child.cell] = None
        if len(self._cells) > MOST_KEPT * self._workers:
            for _ in range(len(self._cells) // 2):
                self._cells.popitem(last=False)
        return was_kept

    def of_this_process(self) -> "KeptNetworks":
        """Return what workers of this process have kept: nothing before it has trained a child."""
        return self if self._process == process_name() else KeptNetworks(self._workers)


def kept_share(cells: int, workers: int) -> float:
    """Return the share of ``cells``, trained one after the other, that is kept after the last."""
    # As it is full the older half goes: three quarters are there on average.
    kept = MOST_KEPT * workers
    return 1.0 if cells <= kept else 0.75 * kept / cells
