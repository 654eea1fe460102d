"""From a child of the journal to what its objectives are computed from."""

from pnas.objectives import Facts
from pnas.records.journal_records import ChildRecord


def facts_of(child: ChildRecord) -> Facts:
    """Return what is known of the cell of ``child``.

    The seconds of a training that failed are not those that its cell takes.
    """
    seconds = None if child.has_failed else child.seconds
    return Facts(
        cell=child.cell,
        params=child.params,
        madds=child.flops,
        reward=child.reward,
        seconds=seconds,
        metrics=child.metrics,
    )
