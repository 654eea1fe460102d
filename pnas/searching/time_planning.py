"""What a search of these settings knows of time: a forecast, its pace, and what is too short."""

from pnas.children import SearchTrainerSpec
from pnas.children.training_time import Workload
from pnas.config import Settings
from pnas.data import DataInfo, Dataset
from pnas.errors import InvalidValue
from pnas.execution import count_workers, visible_gpus
from pnas.records import Journal
from pnas.reports.data.number_format import duration
from pnas.search.pacing import Pace, TrainingForecast
from pnas.search.pacing.least_time import least_seconds
from pnas.search.pacing.timed_ladder import LARGEST_PROMOTED, TimedLadder
from pnas.searching.kept_trainings import continued_epochs
from pnas.state_space import SlotSpace
from pnas.system.contention import contention

_CERTAINLY = 4.0
"""Factor by which a search is predicted to take longer than asked for before it is refused: the
model of a machine on which nothing was measured may be wrong by so much."""


def workload_of(settings: Settings, data: DataInfo | Dataset) -> Workload:
    """Return what a child of a search is trained on."""
    trainer = settings.trainer
    assert isinstance(trainer, SearchTrainerSpec)
    if isinstance(data, Dataset):
        train = len(data.x_train)
        val = len(data.x_val)
    else:
        train = data.train
        val = data.val
    return Workload(
        image_shape=data.image_shape,
        num_classes=data.num_classes,
        train_examples=train,
        val_examples=val,
        epochs=trainer.epochs,
        batchsize=trainer.batchsize,
        validations=trainer.validations,
    )


def training_forecast(
    settings: Settings,
    space: SlotSpace,
    data: DataInfo | Dataset,
    workers: int,
    journal: Journal | None = None,
    slowdown: float = 1.0,
) -> TrainingForecast:
    """Return predictions of training times, by what ``journal`` has of them.

    Args:
        settings: Settings of the command.
        space: State space that is searched.
        data: What children are trained on.
        workers: Number of children that are trained at once.
        journal: Journal of the search; None for one that has not begun.
        slowdown: Factor of all times before a child was measured.
    """
    return TrainingForecast(
        space=space,
        network=settings.child,
        workload=workload_of(settings, data),
        journal=journal,
        workers=workers,
        seed=settings.seed,
        slowdown=slowdown,
    )


def plan_forecast(
    settings: Settings, space: SlotSpace, data: DataInfo, journal: Journal | None = None
) -> TrainingForecast:
    """Return the predictions of a plan, for workers without a GPU on an idle machine."""
    workers = count_workers(settings.executor, settings.trainer.threads, 0)
    return training_forecast(settings, space, data, workers, journal)


def forecast_now(settings: Settings, space: SlotSpace, data: DataInfo) -> TrainingForecast:
    """Return the same predictions under the present load of this machine."""
    workers = count_workers(settings.executor, settings.trainer.threads, 0)
    slowdown = contention(workers)
    return training_forecast(settings, space, data, workers, slowdown=slowdown)


def make_pace(
    settings: Settings, space: SlotSpace, journal: Journal, forecast: TrainingForecast
) -> Pace | None:
    """Return the pace of a search that has a budget in seconds; None for others."""
    if settings.search.max_seconds is None:
        return None
    return Pace(
        settings.search,
        space,
        journal,
        forecast,
        K=settings.controller.K,
        kept_epochs=continued_epochs(settings),
    )


def dear_rungs(settings: Settings, forecast: TrainingForecast, space: SlotSpace) -> str | None:
    """Return a line where short trainings take so long that whole ones of more cells tell more."""
    search = settings.search
    if search.max_seconds is None or not search.rungs or visible_gpus():
        return None
    ladder = TimedLadder.of(search.rungs, forecast, space.B, continued_epochs(settings))
    share = ladder.share_of_time(ladder.short[0])
    if share <= LARGEST_PROMOTED:
        return None
    return (
        f"a training of {ladder.short[0]} of {ladder.full} epochs takes about {share:.0%} of the "
        "time of a whole one, since most of it builds the network: search.rungs=[] trains more "
        "cells whole"
    )


def check_time(settings: Settings, forecast: TrainingForecast, space: SlotSpace) -> str | None:
    """Check that a budget in seconds is not certainly too short for a search.

    Args:
        settings: Settings of the command.
        forecast: Predictions. The load of the machine, which may end at any moment, is a reason to
            warn and none to refuse.
        space: State space that is searched.

    Returns:
        A warning where the time is probably short; None if it is not.

    Raises:
        InvalidValue: It is certainly too short.
    """
    seconds = settings.search.max_seconds
    # How fast a GPU is cannot be told beforehand.
    if seconds is None or visible_gpus():
        return None
    least = least_seconds(settings.search, space, forecast, continued_epochs(settings))
    certain = round(least / forecast.slowdown / _CERTAINLY + 0.5)
    if seconds < certain:
        minutes = (certain // 6 + 1) / 10  # a little more, in tenths
        rule = (
            f"must be at least {certain} (minutes={minutes:g}), and better "
            f"{least:.0f}, for a start, a round and a confirmation at full size"
        )
        raise InvalidValue("search.max_seconds", rule, seconds)
    if seconds < least:
        return (
            f"the time is short: a start, a round and a confirmation at full size take about "
            f"{duration(least)}"
        )
    return None
