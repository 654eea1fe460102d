"""The trained child behind ``from=``: the best one of a training, or of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pnas.children import NetworkSpec, TrainerSpec
from pnas.config import Settings
from pnas.config.credentials import VARIABLE
from pnas.data import DataSpec, ImageFolderSpec, Parts
from pnas.errors import InvalidValue, require
from pnas.records import Journal, best_child
from pnas.records.earlier_training import open_run
from pnas.records.path_safety import validate_keys
from pnas.records.run_directory import JOURNAL, WEIGHTS
from pnas.records.run_task import is_search, is_training, kind_of
from pnas.records.training_journal import read_training
from pnas.records.training_record import MEMBER_WEIGHTS, MEMBERS, Training
from pnas.runs.run_source import source_dir, stored_settings
from pnas.state_space import Cell
from pnas.system.console import shell_command
from pnas.tables import TabularSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TrainedChild:
    """A trained child and all that is known of it.

    Attributes:
        run_dir: Run directory in which it was trained.
        weights: File of its weights.
        cell: Its cell.
        network: Network around the cell.
        trainer: Recipe of its training.
        data: Data that it was trained on.
        num_classes: Number of classes of the data; None if its run did not note it.
        image_shape: Height, width and channels of an image; None if its run did not note it.
        fingerprint: Fingerprint of the data; None if its run did not note it.
        metrics: Accuracies and epochs by name.
        params: Trainable parameters.
        flops: Multiply-adds of one forward pass of one example.
        command: Command that trained it.
    """

    run_dir: Path
    weights: Path
    cell: Cell
    network: NetworkSpec
    trainer: TrainerSpec
    data: DataSpec
    num_classes: int | None
    image_shape: tuple[int, int, int] | None
    fingerprint: str | None
    metrics: dict[str, Any]
    params: int | None
    flops: int | None
    command: str

    def with_data(self, data: Parts) -> "TrainedChild":
        """Return the child with what its run did not note of its data.

        Args:
            data: The data, which must be what the child was trained on.

        Raises:
            InvalidValue: ``data`` has another number of classes, other images or another split.
        """
        if self.num_classes not in (None, data.num_classes):
            rule = f"must have the {self.num_classes} classes that {self.weights} was trained on"
            raise InvalidValue("data", rule, f"{data.num_classes} classes")
        if self.fingerprint not in (None, data.fingerprint):
            rule = f"must be what {self.run_dir} was trained on ({self.fingerprint})"
            raise InvalidValue("data", rule, data.fingerprint)
        return replace(self, num_classes=data.num_classes, image_shape=data.image_shape)

    def load_child(self) -> "keras.Model":
        """Return the child with its weights. `with_data` comes before.

        Raises:
            InvalidValue: The weights are missing, or those of another cell or network.
        """
        from pnas.children.final_training.evaluation import load_child

        assert self.image_shape is not None
        assert self.num_classes is not None
        return load_child(self.cell, self.network, self.image_shape, self.num_classes, self.weights)


def find_trained_child(settings: Settings) -> TrainedChild:
    """Return the child that ``from=`` names.

    Args:
        settings: Settings of the command.

    Raises:
        InvalidValue: ``from`` names no run, or one that trained nothing or keeps no weights.
        RunDirectoryError: The directory is not a run's.
    """
    run_dir = source_dir(settings).absolute()
    with open_run(run_dir) as journal:
        config = journal.meta("config")
        training = read_training(journal) if is_training(config) else None
    if training is not None:
        child = _best_of_training(run_dir, training)
    else:
        rule = (
            f"must be a search or a training; {run_dir} is {kind_of(config)}, which keeps no "
            "weights"
        )
        require(is_search(config), "from", rule, settings.source)
        child = best_of_search(run_dir)
    rule = f"must be a run with the weights of its best child ({child.weights} is missing)"
    require(child.weights.is_file(), "from", rule, settings.source)
    return child


def _best_of_training(run_dir: Path, training: Training) -> TrainedChild:
    settings = stored_settings(run_dir)
    best = training.best()
    if best is None:
        rule = f"must be a training that is over ({run_dir} has no finished training yet)"
        raise InvalidValue("from", rule, str(run_dir))
    validate_keys([best.id], run_dir / JOURNAL)
    validated = {"validation accuracy": best.val_accuracy}
    if best.reward is not None:
        validated[settings.trainer.reward_name] = best.reward
    return TrainedChild(
        run_dir=run_dir,
        weights=run_dir / MEMBERS / best.id / MEMBER_WEIGHTS,
        cell=Cell.parse(best.cell),
        network=settings.child,
        trainer=settings.trainer,
        data=settings.data,
        num_classes=training.num_classes,
        image_shape=training.image_shape,
        fingerprint=training.data.get("fingerprint"),
        metrics=_metrics(validated, best.test_accuracy, best.epochs),
        params=best.params,
        flops=best.flops,
        command=_command(training.command, training.name),
    )


def best_of_search(run_dir: Path) -> TrainedChild:
    """Return the best child of the search in ``run_dir``.

    Raises:
        InvalidValue: The search read its rewards from a table, or has trained nothing yet.
        RunDirectoryError: The directory cannot be read.
    """
    settings = stored_settings(run_dir)
    rule = "must be a search that trained its children: one that read a table has no weights"
    is_trained = not isinstance(settings.trainer, TabularSpec)
    require(is_trained, "from", rule, str(run_dir))
    with Journal(run_dir / JOURNAL) as journal:
        best = best_child(journal.children())
        name = journal.meta("name", "")
        overrides = journal.meta("overrides") or []
        test_accuracy = journal.meta("test_accuracy")
        fingerprint = journal.meta("data_fingerprint")
    if best is None:
        rule = f"must be a search that has trained a child ({run_dir} has no trained child yet)"
        raise InvalidValue("from", rule, str(run_dir))
    validate_keys([best.key], run_dir / JOURNAL)
    return TrainedChild(
        run_dir=run_dir,
        weights=run_dir / WEIGHTS / f"{best.key}.npz",
        cell=best.cell,
        network=settings.child,
        trainer=settings.trainer,
        data=_as_searched(settings.data),
        num_classes=None,
        image_shape=None,
        fingerprint=fingerprint,
        metrics=_metrics(
            {settings.trainer.reward_name: best.reward}, test_accuracy, settings.trainer.epochs
        ),
        params=best.params,
        flops=best.flops,
        command=_command(overrides, name),
    )


def _as_searched(data: DataSpec) -> DataSpec:
    """Return ``data`` as a search reads it: from memory, whatever ``data.stream`` says."""
    return replace(data, stream=False) if isinstance(data, ImageFolderSpec) else data


def _metrics(
    validated: Mapping[str, float | None], test: float | None, epochs: int
) -> dict[str, Any]:
    return {**validated, "test accuracy": test, "epochs": epochs}


def _command(overrides: Sequence[str], name: str) -> str:
    """Return the command as one would type it in a shell, without credentials."""
    words = [override for override in overrides if VARIABLE not in override]
    has_name = any(word.startswith("name=") for word in words)
    if not has_name:
        words.append(f"name={name}")
    return shell_command(words)
