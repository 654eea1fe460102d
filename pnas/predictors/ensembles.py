"""How the members of an ensemble differ in the data that they are fitted on."""

import numpy as np
from numpy.typing import NDArray


def member_subsets(n: int, members: int, seed: int) -> list[NDArray[np.intp]]:
    """Return the rows that each member is fitted on.

    A single member sees all n rows. Of several, each leaves out its own fold, as in the paper
    (arXiv 1712.00559, section 4.2).
    """
    if members == 1:
        return [np.arange(n)]
    fold = np.random.default_rng(seed).permutation(n) % members
    return [np.flatnonzero(fold != member) for member in range(members)]
