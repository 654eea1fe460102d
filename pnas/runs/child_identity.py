"""What all searches agree on: key and seed of a training, and the number of stages."""

from pnas.records.cell_trainings import short_key
from pnas.search import SearchSpec
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace


def identify(
    space: SlotSpace,
    seed: int,
    cell: Cell,
    repeat: int = 1,
    epochs: int | None = None,
    continues: bool = False,
) -> tuple[str, int]:
    """Return key and seed of a training in a search with ``seed``.

    Args:
        space: State space of the cell.
        seed: Seed of the search.
        cell: The cell.
        repeat: Which of its whole trainings it is, from 1.
        epochs: Epochs of a short training; None for a whole one.
        continues: Whether short trainings are the beginning of the whole one, and have its seed.
    """
    key = space.key(cell)
    if epochs is not None and continues:
        return short_key(key, epochs), derive_seed(seed, "child", key)
    if epochs is not None:
        return short_key(key, epochs), derive_seed(seed, "child", key, f"{epochs} epochs")
    if repeat == 1:
        return key, derive_seed(seed, "child", key)
    return f"{key}-{repeat}", derive_seed(seed, "child", key, repeat)


def known_stages(spec: SearchSpec, space: SlotSpace) -> int | None:
    """Return the number of stages of a search; None where its budget decides."""
    return spec.num_stages(space)
