"""How fast a stage's candidates are made: all extensions of 256 parents to 5 blocks in the paper's space.

    python experiments/benchmarks/expansion.py

Compares the vectorised expansion (numpy, one core) with a plain Python loop that writes each extension in
its exact canonical form and keeps those not seen before. The loop runs on a few of the parents, and is scaled
by the number of extensions. Takes under a minute.
"""

import statistics

import numpy as np
from common import print_machine, spread, timed
from paper_stage import PARENTS, B, grow_parents

from pnas.state_space import Cell, StateSpace, Tokens
from pnas.state_space.isomorphism.canonical import canonical_form

LOOP_PARENTS = 32
REPEATS = 10
LOOP_REPEATS = 3


def main() -> None:
    space = StateSpace(B)
    parents = grow_parents(space, np.random.default_rng(0))
    few = parents[:LOOP_PARENTS]
    agree = len(loop(space, few)) == len(space.expand_tokens(few).tokens)
    candidates = space.expand_tokens(parents)

    fast = [
        1e6 * run.wall / candidates.generated
        for run in timed(lambda: space.expand_tokens(parents), REPEATS)
    ]
    scale = 1e6 / space.num_candidates(len(few), B)
    slow = [run.wall * scale for run in timed(lambda: loop(space, few), LOOP_REPEATS)]

    count = candidates.generated
    print(f"{count:,} extensions of {PARENTS} parents, {len(candidates.tokens):,} unique")
    print(f"same number of unique cells on {LOOP_PARENTS} parents: {'yes' if agree else 'NO'}")
    print(
        f"numpy        {spread(fast)} us a cell over {REPEATS} runs: {total(fast, count)} a stage"
    )
    print(
        f"Python loop  {spread(slow)} us a cell over {LOOP_REPEATS} runs: {total(slow, count)} a stage"
    )
    print(f"ratio        {statistics.median(slow) / statistics.median(fast):.0f}")
    print_machine("numpy")


def loop(space: StateSpace, parents: Tokens) -> list[Cell]:
    """The unique extensions of ``parents``, one cell at a time."""
    blocks = [cell.blocks[0] for cell in space.decode(space.block_tokens(B)[:, None])]
    seen: dict[Cell, Cell] = {}
    for parent in space.decode(parents):
        for block in blocks:
            cell = parent.extended(block)
            seen.setdefault(canonical_form(cell), cell)
    return list(seen.values())


def total(microseconds: list[float], cells: int) -> str:
    return f"{statistics.median(microseconds) * cells / 1e6:.2f} s"


if __name__ == "__main__":
    main()
