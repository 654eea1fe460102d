"""ControllerSpec: every choice of the ``controller`` config group, checked where it is made."""

from dataclasses import dataclass, replace
from typing import Optional

from pnas.errors import InvalidValue, require, require_choice, require_count

PREDICTORS = ("lstm", "mlp", "gp")
LOSSES = ("l1", "mse")
ENSEMBLE_MEMBERS = 5
_ENSEMBLE_SUFFIX = "_ensemble"


@dataclass(frozen=True)
class ControllerSpec:
    """The predictor of rewards, how it is fitted, and how many children it may choose.

    Sizes, initialisation, loss and learning rates are the paper's (arXiv 1712.00559, section 4.2).

    Attributes:
        predictor: ``lstm`` reads a cell token by token; ``mlp`` averages its blocks.
        K: children trained per stage after the first; None = every candidate.
        members: 1 = a single predictor; M > 1 = an ensemble whose members are each fitted from scratch on their
            own (M - 1) / M of the data and averaged. The paper's has 5.
        embedding: width of the embedding of inputs and of operators.
        hidden: units of the LSTM state, or of each hidden layer of the MLP.
        steps: gradient steps of each fit, so that its cost does not grow with the history.
        batchsize: cells per step of a fit.
        learning_rate: of Adam at stage 1.
        later_learning_rate: of Adam from stage 2 on.
        loss: ``l1`` or ``mse`` between predicted and measured reward.
        warm_start: continue from the previous stage's weights, as the paper's single predictors do, instead of
            refitting from scratch. Refitting makes a stage depend on the history alone.
        chunk: cells scored at a time; bounds the memory of scoring.
    """

    predictor: str = "lstm"
    K: Optional[int] = 8  # noqa: UP045 (OmegaConf reads this form)
    members: int = 1
    embedding: int = 100
    hidden: int = 100
    steps: int = 400
    batchsize: int = 32
    learning_rate: float = 0.01
    later_learning_rate: float = 0.002
    loss: str = "l1"
    warm_start: bool = False
    chunk: int = 65536

    def __post_init__(self) -> None:
        require_choice("controller.predictor", self.predictor, PREDICTORS)
        require_choice("controller.loss", self.loss, LOSSES)
        for name in ("members", "embedding", "hidden", "steps", "batchsize", "chunk"):
            require_count(f"controller.{name}", getattr(self, name))
        if self.K is not None:
            require_count("controller.K", self.K)
        for name in ("learning_rate", "later_learning_rate"):
            _require_rate(f"controller.{name}", getattr(self, name))
        require(
            isinstance(self.warm_start, bool),
            "controller.warm_start",
            "must be true or false",
            self.warm_start,
        )

    @classmethod
    def named(cls, name: str) -> "ControllerSpec":
        """The spec called ``name`` in conf/controller: a predictor, or a predictor + ``_ensemble``."""
        single = name.removesuffix(_ENSEMBLE_SUFFIX)
        names = (*PREDICTORS, *(predictor + _ENSEMBLE_SUFFIX for predictor in PREDICTORS))
        require_choice("controller", name, names)
        return cls(predictor=single, members=1 if single == name else ENSEMBLE_MEMBERS)

    @property
    def kind(self) -> str:
        """Its name in reports: ``lstm``, ``mlp_ensemble``, ..."""
        return self.predictor + (_ENSEMBLE_SUFFIX if self.members > 1 else "")

    def with_K(self, K: int | None) -> "ControllerSpec":
        """This spec with another ``K``."""
        return replace(self, K=K)


def _require_rate(key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise InvalidValue(key, "must be a number above 0 and below 1", value)
