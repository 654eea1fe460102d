"""What all searches agree on: key and seed of a training, and the number of stages."""

from pnas.search import SearchSpec
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace


def identify(space: SlotSpace, seed: int, cell: Cell, repeat: int = 1) -> tuple[str, int]:
    """Return key and seed of the ``repeat``-th training of ``cell`` in a search with ``seed``."""
    key = space.key(cell)
    if repeat == 1:
        return key, derive_seed(seed, "child", key)
    return f"{key}-{repeat}", derive_seed(seed, "child", key, repeat)


def known_stages(spec: SearchSpec, space: SlotSpace) -> int | None:
    """Return the number of stages of a search; None where its budget decides."""
    return spec.num_stages(space)
