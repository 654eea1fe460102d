"""How fast a stage's candidates are made: all extensions of 256 parents to 5 blocks of the paper.

    python experiments/benchmarks/expansion.py

Compares the vectorised expansion (numpy, one core) with a plain Python loop that writes each
extension in its exact canonical form and keeps those not seen before. The loop runs on a few of the
parents, and is scaled by the number of extensions. Takes under a minute.
"""

import statistics

import numpy as np
from common import make_parser, print_machine, spread, timed
from paper_stage import PARENTS, B, grow_parents

from pnas.state_space import Cell, StateSpace, Tokens
from pnas.state_space.isomorphism.canonical import canonical_form


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=10, help="runs of the expansion")
    parser.add_argument("--loop-repeats", type=int, default=3, help="runs of the loop")
    parser.add_argument("--loop-parents", type=int, default=32, help="parents of the loop")
    arguments = parser.parse_args()

    space = StateSpace(B)
    parents = grow_parents(space, np.random.default_rng(0))
    few = parents[: arguments.loop_parents]
    is_same = len(expand_by_loop(space, few)) == len(space.expand_tokens(few).tokens)
    candidates = space.expand_tokens(parents)
    count = candidates.generated

    fast_runs = timed(lambda: space.expand_tokens(parents), arguments.repeats)
    fast = [1e6 * run.wall / count for run in fast_runs]
    slow_runs = timed(lambda: expand_by_loop(space, few), arguments.loop_repeats)
    slow = [1e6 * run.wall / space.num_candidates(len(few), B) for run in slow_runs]

    print(f"{count:,} extensions of {PARENTS} parents, {len(candidates.tokens):,} unique")
    print(f"same number of unique cells on {len(few)} parents: {'yes' if is_same else 'NO'}")
    show("numpy", fast, count)
    show("Python loop", slow, count)
    print(f"ratio        {statistics.median(slow) / statistics.median(fast):.0f}")
    print_machine("numpy")


def expand_by_loop(space: StateSpace, parents: Tokens) -> list[Cell]:
    """Return the unique extensions of ``parents``, made one cell at a time."""
    one_block_cells = space.decode(space.block_tokens(B)[:, None])
    seen: dict[Cell, Cell] = {}
    for parent in space.decode(parents):
        for one_block in one_block_cells:
            cell = parent.extended(one_block.blocks[0])
            seen.setdefault(canonical_form(cell), cell)
    return list(seen.values())


def show(name: str, microseconds: list[float], cells: int) -> None:
    """Print microseconds a cell, and seconds of the whole stage."""
    stage = statistics.median(microseconds) * cells / 1e6
    runs = len(microseconds)
    print(f"{name:<12} {spread(microseconds)} us a cell over {runs} runs: {stage:.2f} s a stage")


if __name__ == "__main__":
    main()
