"""What surrounds a cell (`NetworkSpec`, group ``child``) and how a child is trained (`TrainerSpec`)."""

from dataclasses import dataclass

from pnas.children.recipe import Recipe, is_finite
from pnas.errors import require, require_choice, require_count


@dataclass(frozen=True)
class NetworkSpec:
    """The network that stacks a cell.

    Attributes:
        kind: ``pnas``, 3N cells of which N and 2N (from 0) are reductions, after a 3x3 stem; or ``flat``, the
            original project's toy network of two stride-2 cells right on the image.
        stem: what comes before the first cell: ``cifar``, a 3x3 convolution to stem_multiplier * F filters, or
            ``imagenet``, a 3x3 convolution of stride 2 to 32 * stem_multiplier filters and two cells of stride 2 at a
            quarter and a half of F. Not used by ``flat``.
        stem_multiplier: see ``stem``.
        repeats: N. Not used by ``flat``.
        filters: F, width of the first cells; it doubles at every reduction.
        concat: blocks that make the output of a cell: ``all``, or those ``unused`` by other blocks.
        bn_momentum: share of the old moving statistics kept at each step. Keras's 0.99 never arrives in short
            trainings.
        bn_epsilon: added to variances.
    """

    kind: str = "pnas"
    stem: str = "cifar"
    stem_multiplier: int = 3
    repeats: int = 1
    filters: int = 8
    concat: str = "all"
    bn_momentum: float = 0.9
    bn_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        require_choice("child.kind", self.kind, ("pnas", "flat"))
        require_choice("child.stem", self.stem, ("cifar", "imagenet"))
        require_count("child.stem_multiplier", self.stem_multiplier)
        require_count("child.repeats", self.repeats)
        smallest = 4 if self.has_imagenet_stem else 1  # its first cell has a quarter of them
        require_count("child.filters", self.filters, smallest)
        require_choice("child.concat", self.concat, ("all", "unused"))
        momentum = self.bn_momentum
        epsilon = self.bn_epsilon
        require(
            is_finite(momentum) and 0 <= momentum < 1,
            "child.bn_momentum",
            "must be in [0, 1)",
            momentum,
        )
        require(
            is_finite(epsilon) and 0 < epsilon < 1, "child.bn_epsilon", "must be in (0, 1)", epsilon
        )

    @property
    def has_imagenet_stem(self) -> bool:
        """Whether two stride-2 cells come before the 3N."""
        return self.kind == "pnas" and self.stem == "imagenet"


@dataclass(frozen=True)
class TrainerSpec(Recipe):
    """How a child is trained and what its reward is; `Recipe` has what makes long trainings good.

    Attributes:
        epochs: passes over the training set.
        batchsize: examples a step. The remainder of a shuffled epoch that fills no batch is left out of it.
        accumulate: equal parts that a batch is computed in, one after the other, to need less memory: a step is
            the same but for batch normalization, which sees a part at a time. A child that runs out of memory is
            trained in more parts in any case, `parts_of_batch`.
        learning_rate: at the first step.
        optimizer: ``adam``, ``momentum`` (SGD, 0.9) or the name of any other Keras optimizer.
        reward: validation accuracy after the ``last`` epoch, the ``best``, or the ``mean`` of the last
            ``reward_epochs`` epochs.
        reward_epochs: see ``reward``.
        validate_every: epochs between validations. Those that the reward reads are validated in any case; the
            others have NaN for val_loss and val_accuracy.
        mixed_precision: type of activations, ``none`` for float32.
        table: file that answers rewards instead of training (`pnas.tables`); None: children are trained.
        table_reward: its column of rewards; None: the table's own.
        table_test: its column that judges the best cell at the end; None: the table's own, or else the trainings of
            that cell that the search was not shown.
        table_shown: of a cell that was trained several times: ``draw`` one by the child's seed, as a search that
            trains once would meet it, or show the ``mean``.
        threads: intra-op threads of a child. Results depend on it, so that it is the same in every executor.
        jit_compile: whether XLA compiles the training step: ``on``, ``off``, or ``auto``, on GPUs for trainings long
            enough to win the compilation back.
        device: ``gpu`` refuses to start where TensorFlow sees none; ``auto`` takes one when it is there.
        max_params: trainable parameters that a child may have; larger ones are never trained. None: any number.
        max_madds: the same, of multiply-adds of one example.
    """

    epochs: int = 25
    batchsize: int = 64
    accumulate: int = 1
    learning_rate: float = 0.01
    optimizer: str = "adam"
    reward: str = "last"
    reward_epochs: int = 5
    validate_every: int = 5
    mixed_precision: str = "none"
    table: str | None = None
    table_reward: str | None = None
    table_test: str | None = None
    table_shown: str = "draw"
    threads: int = 1
    jit_compile: str = "auto"
    device: str = "auto"
    max_params: int | None = None
    max_madds: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("trainer.epochs", self.epochs)
        require_count("trainer.batchsize", self.batchsize)
        parts = require_count("trainer.accumulate", self.accumulate)
        rule = f"must divide trainer.batchsize={self.batchsize}"
        require(self.batchsize % parts == 0, "trainer.accumulate", rule, parts)
        rate = self.learning_rate
        require(
            is_finite(rate) and rate > 0, "trainer.learning_rate", "must be a number above 0", rate
        )
        require_choice("trainer.optimizer", self.optimizer, OPTIMIZERS)
        require_choice("trainer.reward", self.reward, ("last", "best", "mean"))
        require_count("trainer.reward_epochs", self.reward_epochs)
        require_count("trainer.validate_every", self.validate_every)
        require_choice(
            "trainer.mixed_precision", self.mixed_precision, ("none", "float16", "bfloat16")
        )
        require(self.table != "", "trainer.table", "must be the file of a table", self.table)
        require_choice("trainer.table_shown", self.table_shown, ("draw", "mean"))
        for name in ("table_reward", "table_test"):
            value = getattr(self, name)
            rule = "must be null without trainer.table"
            require(value is None or self.table is not None, f"trainer.{name}", rule, value)
        require_count("trainer.threads", self.threads)
        require_choice("trainer.jit_compile", self.jit_compile, ("auto", "on", "off"))
        require_choice("trainer.device", self.device, ("auto", "cpu", "gpu"))
        for name in ("max_params", "max_madds"):
            if getattr(self, name) is not None:
                require_count(f"trainer.{name}", getattr(self, name))

    def parts_of_batch(self, at_least: int = 1) -> list[int]:
        """Numbers of parts to train a batch in, until memory is enough: each at least twice the one before.

        Args:
            at_least: parts that an earlier attempt was told to use.
        """
        sizes = range(_SMALLEST_PART, self.batchsize + 1)
        ladder = [self.accumulate] if at_least <= self.accumulate else []
        for parts in sorted(self.batchsize // size for size in sizes if self.batchsize % size == 0):
            if parts >= max(at_least, 2 * ladder[-1] if ladder else self.accumulate + 1):
                ladder.append(parts)
        return ladder

    @property
    def rewarded_epochs(self) -> range:
        """The epochs (from 0) whose validation accuracy the reward reads."""
        count = {"last": 1, "mean": self.reward_epochs, "best": self.epochs}[self.reward]
        return range(max(self.epochs - count, 0), self.epochs)

    def is_validated(self, epoch: int) -> bool:
        """Whether the child is validated after ``epoch`` (from 0)."""
        return (epoch + 1) % self.validate_every == 0 or epoch in self.rewarded_epochs


_SMALLEST_PART = 4
"""Examples: batch normalization makes nothing of fewer."""

OPTIMIZERS = ("adam", "momentum", "nesterov", "sgd", "adamw", "rmsprop", "nadam", "lion")
