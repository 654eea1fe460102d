"""Settings of the config group ``trainer``: how a network is trained.

The children of a search and the final training of one cell share most keys (`TrainerSpec`); each
has a few of its own. `pnas.tables` adds the option that trains nothing.
"""

from dataclasses import dataclass, fields
from typing import Any

from pnas.errors import require
from pnas.validation import (
    check_fields,
    choice,
    flag,
    integer,
    number_where,
    optional,
    setting,
)

GROUP = "trainer"

OPTIMIZERS = ("adam", "momentum", "nesterov", "sgd", "adamw", "rmsprop", "nadam", "lion")
REWARD_METRICS = ("accuracy", "balanced_accuracy")
SCHEDULES = ("cosine", "constant", "step", "exponential", "wsd")

FINAL_DECAY = "wsd"
"""Schedule of a constant learning rate that falls at the end: warm-up, stable, decay."""

ENDLESS_SCHEDULES = ("wsd", "constant", "step", "exponential")
"""Schedules by which a training begins in the same way however long it is to be."""

_SMALLEST_MICROBATCH = 4
"""Batch normalization has too few examples for its statistics below this."""

_ABOVE_0 = number_where("must be a number above 0", lambda x: x > 0)
_AT_LEAST_0 = number_where("must be a number of at least 0", lambda x: x >= 0)
_FRACTION = number_where("must be in [0, 1)", lambda x: 0 <= x < 1)
_POSITIVE_FRACTION = number_where("must be in (0, 1]", lambda x: 0 < x <= 1)


_MOST_EPOCHS = 1_000_000_000
"""Plans and forecasts count epochs in floating point and 64 bits."""


@dataclass(frozen=True)
class TrainerSpec:
    """What every training reads; the base class of the kinds of training.

    Attributes:
        kind: Name of the kind of training.
        epochs: Passes over the training set.
        batchsize: Examples a step. The examples of a shuffled epoch that fill no whole batch are
            left out of that epoch.
        accumulate: Number of equal microbatches that a batch is computed in, one after the other,
            to need less memory. The step is the same except for batch normalization, which sees
            one microbatch at a time, and for ``ema``, whose average moves at each of them.
        learning_rate: Learning rate at the first step, after the warm-up.
        optimizer: ``adam``, ``momentum`` (SGD with momentum 0.9) or another Keras optimizer.
        schedule: ``cosine`` (to zero at the last step), ``constant``, ``step`` (times
            ``decay_rate`` after every ``decay_epochs``), ``exponential`` (the same, but
            continuous) or ``wsd`` (warm-up, stable, decay; Hägele et al., 2024, arXiv 2405.18392):
            constant, then linearly to zero over the last epochs, the ``decay_share`` of all.
        decay_rate: See ``schedule``.
        decay_epochs: See ``schedule``.
        decay_share: See ``schedule``. It is rounded to whole epochs, of which there is one at
            least.
        warmup_epochs: Epochs in which the learning rate rises linearly from 0, before the schedule.
        clip_norm: Largest global norm of a gradient; a longer one is scaled down to it.
            0 means no limit.
        crop_padding: Largest shift of an image in pixels, along each axis, with zeros padded.
        flip: Whether half of the images are mirrored left to right.
        cutout: Side in pixels of the square of zeros put into each image. 0 means none.
        validate_every: Epochs between validations.
        mixed_precision: Type of activations, ``none`` for float32.
        threads: Intra-op threads of TensorFlow. Results depend on it, so every executor uses the
            same number.
        jit_compile: Whether XLA compiles the training step: ``on``, ``off``, or ``auto``, which is
            on for GPU trainings long enough to repay the compilation.
        device: ``cpu``, ``gpu`` (required) or ``auto`` (a GPU if there is one).
        max_params: Largest number of trainable parameters of a child that may be trained; null
            means no limit.
        max_madds: Largest number of multiply-adds for one example; null means no limit.
        reward_metric: What judges a network on the validation part: ``accuracy``, or
            ``balanced_accuracy``, the mean over classes of the share of their examples that is
            recognised, in which a rare class counts as much as a common one.
        class_weights: Weight of an example in the loss: 1 with ``none``; inversely proportional to
            the training examples of its class with ``balanced``.
    """

    kind: str
    epochs: int = setting(25, integer(minimum=1))
    batchsize: int = setting(64, integer(minimum=1))
    accumulate: int = setting(1, integer(minimum=1))
    learning_rate: float = setting(0.01, _ABOVE_0)
    optimizer: str = setting("adam", choice(*OPTIMIZERS))
    schedule: str = setting("cosine", choice(*SCHEDULES))
    decay_rate: float = setting(0.1, _POSITIVE_FRACTION)
    decay_epochs: float = setting(30.0, _ABOVE_0)
    decay_share: float = setting(0.2, _POSITIVE_FRACTION)
    warmup_epochs: float = setting(0.0, _AT_LEAST_0)
    clip_norm: float = setting(0.0, _AT_LEAST_0)
    crop_padding: int = setting(0, integer(minimum=0))
    flip: bool = setting(False, flag())
    cutout: int = setting(0, integer(minimum=0))
    validate_every: int = setting(5, integer(minimum=1))
    mixed_precision: str = setting("none", choice("none", "float16", "bfloat16"))
    threads: int = setting(1, integer(minimum=1))
    jit_compile: str = setting("auto", choice("auto", "on", "off"))
    device: str = setting("auto", choice("auto", "cpu", "gpu"))
    max_params: int | None = setting(None, optional(integer(minimum=1)))
    max_madds: int | None = setting(None, optional(integer(minimum=1)))
    reward_metric: str = setting("accuracy", choice(*REWARD_METRICS))
    class_weights: str = setting("none", choice("none", "balanced"))

    def __post_init__(self) -> None:
        check_fields(self, GROUP)
        is_countable = self.epochs <= _MOST_EPOCHS
        require(is_countable, "trainer.epochs", f"must be at most {_MOST_EPOCHS:,}", self.epochs)
        rule = f"must divide trainer.batchsize={self.batchsize}"
        divides = self.batchsize % self.accumulate == 0
        require(divides, "trainer.accumulate", rule, self.accumulate)

    @property
    def final_decay_epochs(self) -> int:
        """Number of epochs, at the end, in which the learning rate falls to zero."""
        if self.schedule != FINAL_DECAY:
            return 0
        return max(1, round(self.decay_share * self.epochs))

    @property
    def stable_epochs(self) -> int:
        """Number of epochs before the final decay, which a longer training begins with too.

        It means something for `ENDLESS_SCHEDULES`.
        """
        return self.epochs - self.final_decay_epochs

    @property
    def reward_name(self) -> str:
        """What a reward is, in words."""
        return f"validation {self.reward_metric.replace('_', ' ')}"

    @property
    def notes(self) -> list[str]:
        """What people should know of these settings before anything is trained by them."""
        if self.warmup_epochs < self.epochs:
            return []
        settings = f"trainer.warmup_epochs={self.warmup_epochs} with trainer.epochs={self.epochs}"
        rate = f"the learning rate rises to the end and does not reach {self.learning_rate}"
        return [f"{settings}: {rate}"]

    @property
    def augments(self) -> bool:
        """Whether images are changed at random before a step."""
        return bool(self.crop_padding or self.flip or self.cutout)


@dataclass(frozen=True)
class SearchTrainerSpec(TrainerSpec):
    """Training of the children of a search by the fast loop (`pnas.children.search_training`).

    A child that runs out of memory is trained again in more microbatches, see `microbatch_counts`.

    Attributes:
        reward: What the reward is: ``reward_metric`` on the validation part after the ``last``
            epoch, the ``best`` one, or the ``mean`` of the last ``reward_epochs`` epochs. The
            epochs that it reads are validated in any case, whatever ``validate_every`` says.
        reward_epochs: See ``reward``.
    """

    kind: str = setting("search", choice("search"))
    reward: str = setting("last", choice("last", "best", "mean"))
    reward_epochs: int = setting(5, integer(minimum=1))

    @property
    def reward_name(self) -> str:
        """See `TrainerSpec.reward_name`."""
        name = super().reward_name
        epochs = len(self.rewarded_epochs)
        if epochs == 1:
            return name
        if self.reward == "best":
            return f"best {name} of {epochs} epochs"
        return f"mean {name} of the last {epochs} epochs"

    @property
    def rewarded_epochs(self) -> range:
        """The epochs (from 0) whose ``reward_metric`` the reward reads."""
        counts = {"last": 1, "mean": self.reward_epochs, "best": self.epochs}
        first = max(self.epochs - counts[self.reward], 0)
        return range(first, self.epochs)

    def is_validated(self, epoch: int) -> bool:
        """Return whether the child is validated after ``epoch`` (from 0)."""
        return (epoch + 1) % self.validate_every == 0 or epoch in self.rewarded_epochs

    @property
    def validations(self) -> int:
        """Number of epochs after which the child is validated, of a training of any length."""
        rewarded = self.rewarded_epochs
        before = rewarded.start // self.validate_every
        return before + len(rewarded)

    def microbatch_counts(self, minimum: int = 1) -> list[int]:
        """Return the numbers of microbatches to try in turn, until memory is enough.

        Each divides the batch and is at least twice the one before.

        Args:
            minimum: Smallest number to try: an earlier attempt with fewer ran out of memory.
        """
        counts = []
        threshold = self.accumulate + 1
        if minimum <= self.accumulate:
            counts.append(self.accumulate)
            threshold = 2 * self.accumulate

        for count in self._divisions():
            if count >= max(minimum, threshold):
                counts.append(count)
                threshold = 2 * count
        return counts

    def _divisions(self) -> list[int]:
        """Return, in ascending order, all numbers of microbatches that are not too small."""
        counts = []
        for size in range(self.batchsize, _SMALLEST_MICROBATCH - 1, -1):
            if self.batchsize % size == 0:
                counts.append(self.batchsize // size)
        return counts


@dataclass(frozen=True)
class FinalTrainerSpec(TrainerSpec):
    """Final training of one cell (``task=train``) by Keras's ``fit``, with regularization.

    Attributes:
        weight_decay: Factor of half the squared norm of convolution and dense kernels, which is
            added to the loss (with ``adamw``: Keras's decoupled weight decay).
        label_smoothing: Share of a label that is spread over all classes.
        dropout: Share of the features that are zeroed before the last layer.
        drop_path_keep: Probability at the last step that an operator of the last cell is kept; it
            falls linearly with depth and time (Zoph et al. 2018, appendix A.7). 1 means no
            drop-path.
        aux_weight: Weight of the auxiliary head's loss. 0 means no auxiliary head.
        ema: Decay of an exponential moving average of the weights, which is what is validated,
            tested and kept. 0 means none.
        mixup: Parameter of the beta distribution from which MixUp samples weights. 0 means none.
        cutmix: Parameter of the beta distribution from which CutMix samples areas. 0 means none.
        patience: Epochs without a better validation accuracy after which a training stops early.
            0 means never.
        distribute: ``none``, or ``mirrored``: all visible GPUs share each step.
        checkpoint_every: Epochs between checkpoints.
    """

    kind: str = setting("final", choice("final"))
    weight_decay: float = setting(0.0, _AT_LEAST_0)
    label_smoothing: float = setting(0.0, _FRACTION)
    dropout: float = setting(0.0, _FRACTION)
    drop_path_keep: float = setting(1.0, _POSITIVE_FRACTION)
    aux_weight: float = setting(0.0, _AT_LEAST_0)
    ema: float = setting(0.0, _FRACTION)
    mixup: float = setting(0.0, _AT_LEAST_0)
    cutmix: float = setting(0.0, _AT_LEAST_0)
    patience: int = setting(0, integer(minimum=0))
    distribute: str = setting("none", choice("none", "mirrored"))
    checkpoint_every: int = setting(1, integer(minimum=1))

    @property
    def validated_epochs(self) -> list[int]:
        """The epochs (from 1) after which the network is validated; the last one is among them."""
        epochs = list(range(self.validate_every, self.epochs + 1, self.validate_every))
        if self.epochs not in epochs:
            epochs.append(self.epochs)
        return epochs


TRAINER_SPECS: dict[str, type[TrainerSpec]] = {
    "search": SearchTrainerSpec,
    "final": FinalTrainerSpec,
}
"""Specification of each kind of training, by the value of ``trainer.kind``."""


def final_trainer(trainer: Any) -> FinalTrainerSpec:
    """Return the final training with the settings of ``trainer``, which may be that of a search.

    Raises:
        InvalidValue: It is no training, but a table.
    """
    if isinstance(trainer, FinalTrainerSpec):
        return trainer
    rule = "must be search or final to train a cell"
    require(isinstance(trainer, TrainerSpec), "trainer.kind", rule, trainer.kind)
    shared = {each.name: getattr(trainer, each.name) for each in fields(TrainerSpec)}
    del shared["kind"]
    return FinalTrainerSpec(**shared)


def check_augmentation(trainer: TrainerSpec, image_shape: tuple[int, int, int]) -> None:
    """Check that shifts and cutout squares are smaller than the images.

    Raises:
        InvalidValue: One that is not.
    """
    smallest = min(image_shape[:2])
    for name in ("crop_padding", "cutout"):
        value = getattr(trainer, name)
        rule = f"must be below {smallest}, the smaller side of the images"
        require(value < smallest, f"trainer.{name}", rule, value)
