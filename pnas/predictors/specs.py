"""ControllerSpec: every choice of the ``controller`` config group, checked where it is made."""

from dataclasses import dataclass, field, replace
from typing import Optional

from pnas.errors import InvalidValue, require, require_choice, require_count
from pnas.extensions import extension_names

NEURAL = ("lstm", "mlp")
PARTS = (*NEURAL, "gp", "trees")
PREDICTORS = (*PARTS, "unlike")
LOSSES = ("l1", "mse", "ranking")
ENSEMBLE_MEMBERS = 5
_ENSEMBLE_SUFFIX = "_ensemble"
_CHEAP_FOLDS = 5  # of predictors that are fitted in a second


@dataclass(frozen=True)
class ControllerSpec:
    """The predictor of rewards, how it is fitted, and how many children it may choose.

    Sizes, initialisation, loss and learning rates are the paper's (arXiv 1712.00559, section 4.2), and so is the
    predictor of a spec without arguments. Searches name theirs, and have a Gaussian process unless told otherwise.

    Attributes:
        predictor: ``lstm`` reads a cell token by token; ``mlp`` averages its blocks; ``gp`` is a Gaussian process and
            ``trees`` are boosted trees on cell features; ``unlike`` averages the ranks that ``parts`` give. Sizes,
            steps, rates and loss are those of the neural ones.
        K: children trained per stage after the first; None = every candidate.
        members: 1 = a single predictor; M > 1 = an ensemble whose members are each fitted from scratch on their
            own (M - 1) / M of the data and averaged. The paper's has 5. ``gp`` and ``unlike`` have 1.
        parts: the predictors in ``unlike``; ``trees`` and neural ones with 5 members each.
        embedding: width of the embedding of inputs and of operators.
        hidden: units of the LSTM state, or of each hidden layer of the MLP.
        steps: gradient steps of each fit, so that its cost does not grow with the history.
        batchsize: cells per step of a fit.
        learning_rate: of Adam at stage 1.
        later_learning_rate: of Adam from stage 2 on.
        loss: ``l1`` or ``mse`` between predicted and measured reward; ``ranking``: of each pair of cells in a batch,
            the logistic loss of their order, and then a straight line through the measured rewards.
        warm_start: continue from the previous stage's weights, as the paper's single predictors do, instead of
            refitting from scratch. Refitting makes a stage depend on the history alone. Neural ones only.
        cross_validate: folds in which each stage's history is predicted by fits that have not seen it, to report how
            well they rank; each fold costs one more fit. 0 = not.
        chunk: cells scored at a time; bounds the memory of scoring.
    """

    predictor: str = "lstm"
    K: Optional[int] = 8  # noqa: UP045 (OmegaConf reads this form)
    members: int = 1
    parts: list[str] = field(default_factory=lambda: ["gp", "trees"])
    embedding: int = 100
    hidden: int = 100
    steps: int = 400
    batchsize: int = 32
    learning_rate: float = 0.01
    later_learning_rate: float = 0.002
    loss: str = "l1"
    warm_start: bool = False
    cross_validate: int = 0
    chunk: int = 65536

    def __post_init__(self) -> None:
        require_choice(
            "controller.predictor", self.predictor, (*PREDICTORS, *extension_names("predictors"))
        )
        require_choice("controller.loss", self.loss, LOSSES)
        for name in ("members", "embedding", "hidden", "steps", "batchsize", "chunk"):
            require_count(f"controller.{name}", getattr(self, name))
        if self.predictor in ("gp", "unlike"):
            require(
                self.members == 1,
                "controller.members",
                f"must be 1 for {self.predictor}",
                self.members,
            )
        _require_parts(self.parts)
        require_count("controller.cross_validate", self.cross_validate, minimum=0)
        require(
            self.cross_validate != 1,
            "controller.cross_validate",
            "must be 0 or at least 2",
            self.cross_validate,
        )
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
        """The spec called ``name`` in conf/controller: a predictor, or a neural one + ``_ensemble``."""
        single = name.removesuffix(_ENSEMBLE_SUFFIX)
        require_choice(
            "controller",
            name,
            (*PREDICTORS, *(predictor + _ENSEMBLE_SUFFIX for predictor in NEURAL)),
        )
        is_ensemble = single != name or name == "trees"
        folds = _CHEAP_FOLDS if name in ("gp", "trees") else 0
        return cls(
            predictor=single, members=ENSEMBLE_MEMBERS if is_ensemble else 1, cross_validate=folds
        )

    @property
    def kind(self) -> str:
        """Its name in reports: ``lstm``, ``mlp_ensemble``, ..."""
        is_named = self.predictor in NEURAL and self.members > 1
        return self.predictor + (_ENSEMBLE_SUFFIX if is_named else "")

    def with_K(self, K: int | None) -> "ControllerSpec":
        """This spec with another ``K``."""
        return replace(self, K=K)


def _require_parts(parts: list[str]) -> None:
    rule = f"must be two or more different ones of {', '.join(PARTS)}"
    is_list = isinstance(parts, list | tuple) and len(set(parts)) == len(parts) >= 2
    require(is_list and set(parts) <= set(PARTS), "controller.parts", rule, parts)


def _require_rate(key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise InvalidValue(key, "must be a number above 0 and below 1", value)
