"""When children were trained, side by side, and when no command was running."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pnas.records import ChildRecord
from pnas.records.evaluation_cache import seed_if_cached

# Seconds without a child in training after which no command was running: the search had been
# stopped, and was continued later.
_LONGEST_IDLE = 600.0

# Seconds between a child's end and the moment when the journal stores it.
_CLOCK_TOLERANCE = 0.1


class TrainingSpan(NamedTuple):
    """Start and end of a training in seconds since the epoch."""

    start: float
    end: float


class Pause(NamedTuple):
    """Start and end, in seconds since the epoch, of a time in which no command was running."""

    start: float
    end: float


class PlacedChild(NamedTuple):
    """A trained child and the number, from 0, of the worker that trained it."""

    worker: int
    child: ChildRecord
    span: TrainingSpan


def span_of(child: ChildRecord) -> TrainingSpan | None:
    """Return when ``child`` was trained; None if it was not (yet) trained by this search."""
    if child.ended_at is None or seed_if_cached(child.metrics) is not None:
        return None
    return TrainingSpan(child.ended_at - (child.seconds or 0.0), child.ended_at)


def pauses_between(children: Iterable[ChildRecord]) -> list[Pause]:
    """Return the pauses between commands: long times without a child in training."""
    spans = []
    for child in children:
        span = span_of(child)
        if span is not None:
            spans.append(span)
    spans.sort()

    pauses = []
    busy_until = spans[0].end if spans else 0.0
    for span in spans:
        if span.start - busy_until > _LONGEST_IDLE:
            pauses.append(Pause(busy_until, span.start))
        busy_until = max(busy_until, span.end)
    return pauses


def assign_workers(children: Iterable[ChildRecord]) -> list[PlacedChild]:
    """Return each trained child with the first worker that was free when its training started.

    The journal does not number workers, but no worker trains two children at once: there were as
    many as were ever busy together.
    """
    spans = []
    for child in children:
        span = span_of(child)
        if span is not None:
            spans.append((span, child.id, child))
    spans.sort(key=lambda item: item[:2])

    free_from: list[float] = []
    placed = []
    for span, _, child in spans:
        worker = _first_free(free_from, span.start)
        if worker == len(free_from):
            free_from.append(span.end)
        else:
            free_from[worker] = span.end
        placed.append(PlacedChild(worker, child, span))
    return placed


def _first_free(free_from: Sequence[float], start: float) -> int:
    for worker, instant in enumerate(free_from):
        if instant <= start + _CLOCK_TOLERANCE:
            return worker
    return len(free_from)
