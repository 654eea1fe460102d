"""What a further training of a cell costs in a process that has trained it before.

    .venv/bin/python experiments/benchmarks/repeated_trainings.py

Trains the quickstart's children of 1, 2 and 3 blocks and the paper's best cell of 5 as a worker
does: each once as a new child, then again with other seeds from the child that was kept, in turn.
Processor seconds. The last training of a round is done once more as a new child; how many had the
same metrics to the last bit is printed too. Takes about 2 minutes.
"""

import gc
import os
import time
from typing import NamedTuple

from child_breakdown import CELLS
from common import WARM_UP_CELL, make_parser, print_machine, print_table, spread

from pnas.children import NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import load_dataset
from pnas.records import ChildResult
from pnas.state_space import Cell

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="new children of each cell")
    parser.add_argument("--repeats", type=int, default=3, help="further trainings of each")
    options = parser.parse_args()

    manager = NetworkManager(
        load_dataset("digits"), network=PNASNetworkSpec(), trainer=SearchTrainerSpec()
    )
    manager.evaluate(Cell.parse(WARM_UP_CELL), 0)
    gc.collect()
    gc.freeze()  # as a worker does

    rows = []
    for blocks, cell in CELLS.items():
        firsts = []
        repeated = []
        ratios = []
        equal = 0
        for number in range(options.rounds):
            found = time_round(manager, cell, number, options.repeats)
            firsts.append(found.first)
            repeated.extend(found.repeated)
            ratios.extend(seconds / found.first for seconds in found.repeated)
            equal += found.is_equal
        same = f"{equal} of {options.rounds}"
        rows.append((f"{blocks}", spread(firsts), spread(repeated), spread(ratios), same))
    print_table(("blocks", "first, processor s", "repeated", "ratio", "as a new child"), rows)
    print_machine("tensorflow", "keras", "numpy")


class Round(NamedTuple):
    """The trainings of one child.

    Attributes:
        first: Processor seconds of the first training.
        repeated: Those of the further ones.
        is_equal: Whether the last had the metrics of a new child.
    """

    first: float
    repeated: list[float]
    is_equal: bool


def time_round(manager: NetworkManager, cell: Cell, number: int, repeats: int) -> Round:
    """Train ``cell`` as a new child, then again, and the last time as a new child again."""
    manager.child_trainer.forget_children()
    seeds = range(1000 * number, 1000 * number + repeats + 1)
    seconds = []
    for seed in seeds:
        start = time.process_time()
        last = manager.evaluate(cell, seed)
        seconds.append(time.process_time() - start)

    manager.child_trainer.forget_children()
    is_equal = have_equal_metrics(last, manager.evaluate(cell, seeds[-1]))
    return Round(seconds[0], seconds[1:], is_equal)


def have_equal_metrics(repeated: ChildResult, new: ChildResult) -> bool:
    """Compare by text, as NaN stands where nothing was validated."""
    assert repeated.error is None, repeated.error
    return str(repeated.metrics) == str(new.metrics)


if __name__ == "__main__":
    main()
