"""What is checked before a search trains anything, so that its mistakes cost seconds, not hours."""

from pnas.children import Limits, SearchTrainerSpec, check_augmentation, count_network
from pnas.children.manager import check_batchsize
from pnas.children.network.builder import check_image
from pnas.children.network.memory import memory_of_network
from pnas.config import Settings
from pnas.data import DataInfo, Dataset, check_data
from pnas.errors import require
from pnas.execution import check_executor, visible_gpus
from pnas.objectives import MEMORY, Facts
from pnas.searching.cache_reuse import check_cache
from pnas.searching.cell_facts import CellFacts
from pnas.searching.kept_trainings import check_continued
from pnas.searching.objectives import check_objectives, random_full_size
from pnas.searching.sweep_objective import check_objective
from pnas.searching.tabular_search import check_table, is_tabular
from pnas.state_space import Cell, SlotSpace, StateSpace
from pnas.system.wording import plural


def check_search(settings: Settings, space: SlotSpace) -> DataInfo | None:
    """Check everything that can be checked before a search does any work.

    Args:
        settings: Settings of the command.
        space: State space that is searched.

    Returns:
        What is known of the data; None for a search that reads a table instead.

    Raises:
        PnasError: Names the key that must be changed.
    """
    check_objective(settings, space)
    _check_asynchronous(settings)
    if is_tabular(settings):
        check_table(settings, space)
        return None
    data = check_children(settings, space)
    settings.search.check(space, settings.controller.K, settings.trainer.epochs)
    check_continued(settings)
    _check_early_stop(settings)
    _check_limits_at_full_size(settings, space, data)
    check_objectives(settings, space, facts_of_children(settings, data))
    if not settings.plan_only:
        check_cache(settings)
        check_executor(settings.executor)
    return data


def _check_asynchronous(settings: Settings) -> None:
    rule = (
        "must be false with controller.warm_start=true: a fit that begins from the former one "
        "would depend on when workers were idle"
    )
    is_possible = not (settings.search.is_asynchronous and settings.controller.is_warm_started)
    require(is_possible, "search.asynchronous", rule, True)


def _check_early_stop(settings: Settings) -> None:
    trainer: SearchTrainerSpec = settings.trainer
    early = settings.search.early_stop
    rule = (
        f"must be 0 with trainer.epochs={trainer.epochs} and "
        f"trainer.validate_every={trainer.validate_every}: no epoch before the last is validated"
    )
    can_stop = any(trainer.is_validated(epoch) for epoch in range(trainer.epochs - 1))
    require(can_stop or not early, "search.early_stop", rule, early)


def check_children(settings: Settings, space: SlotSpace) -> DataInfo:
    """Check what depends on the sizes of the data, before any of it is trained on.

    Args:
        settings: Settings of the command.
        space: State space whose cells are to be trained.

    Returns:
        Sizes of the data.

    Raises:
        PnasError: Names the key that must be changed.
    """
    rule = "must be a space whose cells can be built as networks (kind: pnas) to train children"
    is_buildable = isinstance(space, StateSpace)
    require(is_buildable, "state_space.kind", rule, settings.state_space.kind)

    trainer = settings.trainer
    data = check_data(settings.data, read_pixels=settings.plan_only)
    rule = "must be search to train the children of a search; final is for task=train"
    require(isinstance(trainer, SearchTrainerSpec), "trainer.kind", rule, trainer.kind)
    check_augmentation(trainer, data.image_shape)
    check_batchsize(trainer, data.train)
    check_image(settings.child, data.image_shape)
    limits_of(settings, data).check(space.initial_children(), at_least=2)
    check_device(settings)
    return data


def _check_limits_at_full_size(settings: Settings, space: SlotSpace, data: DataInfo) -> None:
    """Check that a search which begins with random cells of full size can train some.

    Where hardly any is small enough, finding one would take hours.
    """
    limits = limits_of(settings, data)
    if limits and settings.search.samples_full_size(space):
        which = f"random cell of {plural(space.B, 'block')}"
        limits.check(random_full_size(space), at_least=1, which=which)


def check_device(settings: Settings) -> None:
    """Check that there is a GPU where one is asked for.

    Raises:
        InvalidValue: Names ``trainer.device``.
    """
    device = settings.trainer.device
    rule = "must be auto or cpu where no NVIDIA GPU is visible"
    require(device != "gpu" or bool(visible_gpus()), "trainer.device", rule, device)


def facts_of_children(settings: Settings, data: DataInfo | Dataset) -> CellFacts:
    """Return what is known of children before training, for images and classes of ``data``."""

    network = settings.child
    search = settings.search
    wants_memory = MEMORY in {*search.objectives, *search.constraints}
    batch = settings.inference.batch

    def before(cell: Cell) -> Facts:
        counts = count_network(cell, network, data.image_shape, data.num_classes)
        memory = None
        if wants_memory:
            memory = memory_of_network(cell, network, data.image_shape, data.num_classes, batch)
        return Facts(cell, params=counts.params, madds=counts.flops, memory_mb=memory)

    return CellFacts(before)


def limits_of(settings: Settings, data: DataInfo | Dataset) -> Limits:
    """Return the limits on the size of children, for images and classes of ``data``."""
    return Limits(settings.trainer, settings.child, data.image_shape, data.num_classes)
