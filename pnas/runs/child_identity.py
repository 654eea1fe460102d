"""What all searches agree on: a child's key and seed, and how many stages there will be."""

from pnas.search import SearchSpec
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace


def identify(space: SlotSpace, seed: int, cell: Cell) -> tuple[str, int]:
    """Key and seed of the child of ``cell``, in the search seeded with ``seed``."""
    key = space.key(cell)
    return key, derive_seed(seed, "child", key)


def known_stages(spec: SearchSpec, space: SlotSpace) -> int | None:
    """How many stages a search has; None where that is for its budget to say."""
    return space.B if spec.is_progressive and not spec.refine else None
