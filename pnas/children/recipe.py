"""How a child is trained beyond the bare loop: schedule, augmentation, regularisation (`TrainerSpec` has them all)."""

import math
from dataclasses import dataclass, fields
from typing import Any

from pnas.errors import InvalidValue, require, require_choice, require_count

LEAN = (
    "schedule", "decay_rate", "decay_epochs", "warmup_epochs", "clip_norm", "crop_padding", "flip", "cutout",
    "checkpoint_every",
)  # fmt: skip
"""Keys that mean something, or nothing, to the bare loop that trains the children of a search."""

SCHEDULES = ("cosine", "constant", "step", "exponential")


@dataclass(frozen=True)
class Recipe:
    """The part of the ``trainer`` group that makes long trainings good; its defaults change nothing.

    Attributes:
        schedule: ``cosine`` (to zero at the last step), ``constant``, ``step`` (times ``decay_rate`` after every
            ``decay_epochs``) or ``exponential`` (the same, continuously).
        decay_rate: see ``schedule``.
        decay_epochs: see ``schedule``.
        warmup_epochs: epochs in which the learning rate rises linearly from 0, before the schedule begins.
        clip_norm: longest gradient, all weights together; longer ones are shortened to it. 0: any.
        weight_decay: times half the squares of convolution and dense kernels, added to the loss (Keras's decoupled
            decay with ``adamw``).
        label_smoothing: share of the label that is spread over all classes.
        dropout: share of the features zeroed before the last layer.
        drop_path_keep: probability that the last cell's operators are kept, from the last step on; that of earlier
            cells and steps is nearer to 1 (Zoph et al. 2018, appendix A.7). 1: no drop-path.
        aux_weight: of the auxiliary head's loss. 0: no such head.
        ema: decay of a moving average of the weights, which is what is validated, tested and kept. 0: none.
        crop_padding: pixels that images are shifted by at most, in any direction, zeros coming in at the edge.
        flip: mirror half of the images, left to right.
        cutout: side in pixels of a square of zeros put into every image. 0: none.
        mixup: parameter of the beta distribution that draws how two images are blended. 0: none.
        cutmix: the same, of how large a part of another image is pasted in. 0: none.
        patience: epochs without a better validation accuracy after which a training ends. 0: never before its time.
        distribute: ``none``, or ``mirrored``: each step is shared by all visible GPUs.
        checkpoint_every: epochs between checkpoints.
    """

    schedule: str = "cosine"
    decay_rate: float = 0.1
    decay_epochs: float = 30.0
    warmup_epochs: float = 0.0
    clip_norm: float = 0.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    dropout: float = 0.0
    drop_path_keep: float = 1.0
    aux_weight: float = 0.0
    ema: float = 0.0
    crop_padding: int = 0
    flip: bool = False
    cutout: int = 0
    mixup: float = 0.0
    cutmix: float = 0.0
    patience: int = 0
    distribute: str = "none"
    checkpoint_every: int = 1

    def __post_init__(self) -> None:
        require_choice("trainer.schedule", self.schedule, SCHEDULES)
        for name in ("decay_rate", "ema", "label_smoothing", "dropout"):
            below = "(0, 1]" if name == "decay_rate" else "[0, 1)"
            value = getattr(self, name)
            is_inside = is_finite(value) and (
                0 < value <= 1 if name == "decay_rate" else 0 <= value < 1
            )
            require(is_inside, f"trainer.{name}", f"must be in {below}", value)
        keep = self.drop_path_keep
        require(
            is_finite(keep) and 0 < keep <= 1, "trainer.drop_path_keep", "must be in (0, 1]", keep
        )
        for name in ("warmup_epochs", "clip_norm", "weight_decay", "aux_weight", "mixup", "cutmix"):
            value = getattr(self, name)
            require(
                is_finite(value) and value >= 0,
                f"trainer.{name}",
                "must be a number of at least 0",
                value,
            )
        decay = self.decay_epochs
        require(
            is_finite(decay) and decay > 0,
            "trainer.decay_epochs",
            "must be a number above 0",
            decay,
        )
        for name in ("crop_padding", "cutout", "patience"):
            require_count(f"trainer.{name}", getattr(self, name), minimum=0)
        require(isinstance(self.flip, bool), "trainer.flip", "must be true or false", self.flip)
        require_choice("trainer.distribute", self.distribute, ("none", "mirrored"))
        require_count("trainer.checkpoint_every", self.checkpoint_every)

    @property
    def augments(self) -> bool:
        """Whether images are changed at random before a step."""
        return bool(self.crop_padding or self.flip or self.cutout or self.mixup or self.cutmix)

    def check_search_supported(self) -> None:
        """Raise `InvalidValue` unless the bare loop that trains the children of a search can do all of this."""
        for field in fields(Recipe):
            value = getattr(self, field.name)
            if field.name not in LEAN and value != field.default:
                rule = f"must be {field.default} for the children of a search; task=train has it"
                raise InvalidValue(f"trainer.{field.name}", rule, value)


def is_finite(value: Any) -> bool:
    """Whether ``value`` is a number, and not a boolean, NaN or infinite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_augmentation(recipe: Recipe, image_shape: tuple[int, int, int]) -> None:
    """Raise `InvalidValue` for a shift or a hole that is larger than the images."""
    smallest = min(image_shape[:2])
    for key in ("crop_padding", "cutout"):
        rule = f"must be below {smallest}, the smaller side of the images"
        require(getattr(recipe, key) < smallest, f"trainer.{key}", rule, getattr(recipe, key))
