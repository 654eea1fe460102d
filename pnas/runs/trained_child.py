"""The trained child behind ``from=``: of a training, or the best one of a search."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pnas.children import NetworkSpec, TrainerSpec
from pnas.config import Settings
from pnas.data import DataSpec, Parts
from pnas.errors import InvalidValue, PnasError, require
from pnas.records import Journal, best_child
from pnas.records.path_safety import check_no_escaping_symlinks, validate_keys
from pnas.records.run_directory import JOURNAL, WEIGHTS
from pnas.records.training_record import MEMBER_WEIGHTS, MEMBERS, TRAINING, load_training
from pnas.runs.run_source import source_dir, stored_settings
from pnas.state_space import Cell

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Exported:
    """A trained child and all that is known of it.

    Attributes:
        run_dir: where it was trained.
        weights: its file of weights.
        cell, network, trainer, data: what it is made of and was trained by and on.
        num_classes, image_shape, fingerprint: of its data; None where its run did not note it.
        metrics: accuracies.
        params, flops: its size.
        command: what was typed to make it.
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

    def on(self, data: Parts) -> "Exported":
        """The same, with what its run did not note of its data; other data than it was trained on is refused.

        Raises:
            InvalidValue: another number of classes, other images, or another split.
        """
        rule = f"must have the {self.num_classes} classes that {self.weights} was trained on"
        if self.num_classes not in (None, data.num_classes):
            raise InvalidValue("data", rule, f"{data.num_classes} classes")
        if self.fingerprint not in (None, data.fingerprint):
            rule = f"must be what {self.run_dir} was trained on ({self.fingerprint})"
            raise InvalidValue("data", rule, data.fingerprint)
        return replace(self, num_classes=data.num_classes, image_shape=data.image_shape)

    def load_child(self) -> "keras.Model":
        """The child with its weights. After `on`.

        Raises:
            InvalidValue: the weights are not there, or those of another cell or network.
        """
        from pnas.children.final_training.evaluation import load_child

        assert self.image_shape is not None
        assert self.num_classes is not None
        return load_child(self.cell, self.network, self.image_shape, self.num_classes, self.weights)


def exported_from(settings: Settings) -> Exported:
    """The child that ``from=`` names.

    Raises:
        InvalidValue, RunDirectoryError: nothing trained there.
    """
    path = Path(settings.source).expanduser() if settings.source else None
    if path is not None and (path / TRAINING).is_file():
        check_no_escaping_symlinks(path)
        return _of_training(path.absolute())
    return _of_search(source_dir(settings).absolute())


def _of_training(run_dir: Path) -> Exported:
    training = load_training(run_dir)
    settings = stored_settings(run_dir)
    best = training.best()
    if best is None:
        raise PnasError(f"from: {run_dir} has no finished training yet: let it finish first")
    validate_keys([best.id], run_dir / TRAINING)
    metrics = {
        "validation accuracy": best.val_accuracy,
        "test accuracy": best.test_accuracy,
        "epochs": best.epochs,
    }
    height, width, channels = training.data["image_shape"]
    return Exported(
        run_dir,
        run_dir / MEMBERS / best.id / MEMBER_WEIGHTS,
        Cell.parse(best.cell),
        settings.child,
        settings.trainer,
        settings.data,
        training.data["num_classes"],
        (height, width, channels),
        training.data.get("fingerprint"),
        metrics,
        best.params,
        best.flops,
        _command(training.command, training.name),
    )


def _of_search(run_dir: Path) -> Exported:
    settings = stored_settings(run_dir)
    rule = "must be a search that trained its children: one that read a table has no weights"
    require(settings.trainer.table is None, "from", rule, str(run_dir))
    with closing(Journal(run_dir / JOURNAL)) as journal:
        best = best_child(journal.children())
        name = journal.meta("name", "")
        test = journal.meta("test_accuracy")
        fingerprint = journal.meta("data_fingerprint")
    if best is None:
        raise PnasError(f"from: {run_dir} has no trained child yet: let its search train one first")
    validate_keys([best.key], run_dir / JOURNAL)
    metrics = {
        "validation accuracy": best.reward,
        "test accuracy": test,
        "epochs": settings.trainer.epochs,
    }
    return Exported(
        run_dir,
        run_dir / WEIGHTS / f"{best.key}.npz",
        best.cell,
        settings.child,
        settings.trainer,
        settings.data,
        None,
        None,
        fingerprint,
        metrics,
        best.params,
        best.flops,
        _command([], name),
    )


def _command(overrides: list[str], name: str) -> str:
    typed = (
        overrides
        if any(word.startswith("name=") for word in overrides)
        else [*overrides, f"name={name}"]
    )
    return " ".join(
        ["python run.py", *(f"'{word}'" if set(word) & set(" ()[],") else word for word in typed)]
    )
