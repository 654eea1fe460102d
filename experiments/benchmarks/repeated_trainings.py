"""What a further training of a cell costs in a process that has trained it before.

    .venv/bin/python experiments/benchmarks/repeated_trainings.py

Trains the quickstart's children of 1, 2 and 3 blocks and the paper's best cell of 5 as a worker
does: each once as a new child, then again with other seeds from the child that was kept, in turn.
Processor seconds. The last training is done once more as a new child, and must have the same
metrics to the last bit. Takes about 2 minutes.
"""

import gc
import os
import time

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
        for number in range(options.rounds):
            first, again = time_round(manager, cell, number, options.repeats)
            firsts.append(first)
            repeated.extend(again)
            ratios.extend(seconds / first for seconds in again)
        rows.append((f"{blocks}", spread(firsts), spread(repeated), spread(ratios)))
    print_table(("blocks", "first, processor s", "repeated", "ratio"), rows)
    print_machine("tensorflow", "keras", "numpy")


def time_round(
    manager: NetworkManager, cell: Cell, number: int, repeats: int
) -> tuple[float, list[float]]:
    """Return the processor seconds of a new child of ``cell``, and of its further trainings."""
    manager.child_trainer.forget_children()
    seeds = range(1000 * number, 1000 * number + repeats + 1)
    seconds = []
    for seed in seeds:
        start = time.process_time()
        last = manager.evaluate(cell, seed)
        seconds.append(time.process_time() - start)

    manager.child_trainer.forget_children()
    check_equal(last, manager.evaluate(cell, seeds[-1]))
    return seconds[0], seconds[1:]


def check_equal(repeated: ChildResult, new: ChildResult) -> None:
    """Compare by text, as NaN stands where nothing was validated."""
    assert repeated.error is None, repeated.error
    assert str(repeated.metrics) == str(new.metrics), "a repeated training is that of a new child"


if __name__ == "__main__":
    main()
