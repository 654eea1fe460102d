"""The largest stage of the paper's search: cells of 5 blocks that grow from 256 parents."""

import numpy as np

from pnas.state_space import StateSpace, Tokens

B = 5
PARENTS = 256


def grow_parents(space: StateSpace, rng: np.random.Generator) -> Tokens:
    """Return random parents of B - 1 blocks, grown as a search grows them."""
    tokens = space.encode(space.initial_children())
    for _ in range(2, B):
        grown = space.expand_tokens(tokens).tokens
        chosen = rng.choice(len(grown), PARENTS, replace=False)
        tokens = grown[np.sort(chosen)]
    return tokens
