"""What a child is called by in MLflow: the params of its run, and its tags under some condition."""

from pnas.records import ChildRecord
from pnas.records.cell_trainings import short_epochs
from pnas.records.evaluation_cache import seed_if_cached
from pnas.tracking.naming import LONGEST_TAG, LONGEST_VALUE, cut
from pnas.tracking.run_facts import CACHED, ERROR, SPARE, STOPPED, SUPERSEDED

_WHY_SUPERSEDED = "trained for an earlier plan, which a larger K has replaced"


def child_notes(child: ChildRecord) -> dict[str, str]:
    """Return the tags that a child's run has only under some condition."""
    notes = {}
    if child.error:
        notes[ERROR] = cut(child.error, LONGEST_TAG)
    seed = seed_if_cached(child.metrics)
    if seed is not None:
        notes[CACHED] = f"trained by another search, with seed {seed}"
    if child.stopped_after is not None:
        ending = "" if child.stopped_after == 1 else "s"
        notes[STOPPED] = f"stopped early after {child.stopped_after} epoch{ending}"
    if child.position is None:
        notes[SUPERSEDED] = _WHY_SUPERSEDED
        notes[SPARE] = _WHY_SUPERSEDED
    return notes


def child_params(child: ChildRecord) -> dict[str, str]:
    """Return the params of a child's run."""
    operators: set[str] = set()
    for block in child.cell.blocks:
        operators.update(value for value in block if isinstance(value, str))
    params = {
        "cell": str(child.cell),
        "b": str(child.b),
        "operators": ", ".join(sorted(operators)),
        "seed": str(child.seed),
    }
    epochs = short_epochs(child.key) or child.stopped_after
    if epochs is not None:
        params["epochs"] = str(epochs)
    return {name: cut(value, LONGEST_VALUE) for name, value in params.items()}
