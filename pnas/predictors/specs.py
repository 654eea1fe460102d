"""Settings of the config group ``controller``: one specification for each predictor."""

import sys
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Optional, Self

from pnas.errors import InvalidValue
from pnas.validation import (
    Rule,
    check_fields,
    choice,
    flag,
    integer,
    number_where,
    optional,
    setting,
    text,
)

LOSSES = ("l1", "mse", "ranking")
PARTS = ("lstm", "mlp", "gp", "trees")
ENSEMBLE_MEMBERS = 5
CHUNK = 65_536

FORMER_NAMES = {"unlike": "rank_ensemble"}
"""Names of earlier versions, with today's."""

_CHEAP_FOLDS = 5  # of predictors that are fitted in a second
_COUNT = integer(minimum=1)
_WIDTH = integer(minimum=1, maximum=4096)
_MEMBERS = integer(minimum=1, maximum=100)
_RATE = number_where("must be a number above 0 and below 1", lambda value: 0 < value < 1)


def _is_number_of_folds(value: Any) -> bool:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and value >= 0 and value != 1


_FOLDS = Rule("must be 0 or an integer of at least 2", _is_number_of_folds)


def _are_parts(value: Any) -> bool:
    is_list = isinstance(value, list | tuple)
    return is_list and len(set(value)) == len(value) >= 2 and set(value) <= set(PARTS)


_PARTS = Rule(f"must be two or more different ones of {', '.join(PARTS)}", _are_parts)


@dataclass(frozen=True)
class ControllerSpec:
    """What every predictor reads: how many children it may choose, and how it is diagnosed.

    Attributes:
        predictor: Name of the predictor in the registry.
        K: Number of children of each stage after the first; None for every candidate.
        cross_validate: Number of folds in which the history of each stage is predicted by fits that
            have not seen it, to report how well such fits rank; each fold costs one more fit. 0 for
            none.
        chunk: Number of cells scored at a time, which bounds the memory of scoring.
    """

    predictor: str = setting("gp", text())
    K: Optional[int] = setting(8, optional(_COUNT))  # noqa: UP045 (OmegaConf reads this form)
    cross_validate: int = setting(0, _FOLDS)
    chunk: int = setting(CHUNK, _COUNT)

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InvalidValue: A value breaks its rule.
        """
        check_fields(self, "controller")

    @property
    def kind(self) -> str:
        """Name of the predictor in reports: ``gp``, ``lstm``, ``mlp_ensemble``, ..."""
        return self.predictor

    @property
    def is_warm_started(self) -> bool:
        """Whether a fit goes on from the weights of the stage before."""
        return False

    @property
    def uses_tensorflow(self) -> bool:
        """Whether a fit needs TensorFlow."""
        return False

    def with_K(self, K: int | None) -> Self:
        """Return these settings with another ``K``."""
        return replace(self, K=K)


@dataclass(frozen=True)
class GPSpec(ControllerSpec):
    """Settings of the Gaussian process on cell features (`pnas.predictors.gp`)."""

    predictor: str = setting("gp", text())
    cross_validate: int = setting(_CHEAP_FOLDS, _FOLDS)


@dataclass(frozen=True)
class NeuralSpec(ControllerSpec):
    """Settings of the neural predictors; the defaults are the paper's (section 4.2).

    A predictor of an extension that declares no specification of its own is read by this one too.

    Attributes:
        members: 1 for a single network; M > 1 for an ensemble whose members are each fitted from
            scratch on their own (M - 1) / M of the data and averaged. The paper's ensemble has 5.
        embedding: Width of the embeddings of inputs and of operators.
        hidden: Number of units of the LSTM's state, or of each hidden layer of the MLP.
        steps: Number of gradient steps of each fit, so that its cost does not grow with the
            history.
        batchsize: Number of cells of one step.
        learning_rate: Learning rate of Adam at stage 1.
        later_learning_rate: Learning rate of Adam from stage 2 on.
        loss: ``l1`` or ``mse`` between predicted and measured reward; ``ranking`` is the logistic
            loss of the order of each pair of cells in a batch, followed by a linear calibration to
            the measured rewards.
        warm_start: Whether a fit goes on from the weights of the stage before, as the paper's
            single predictors do. Fitting from scratch makes a stage depend on the history alone.
    """

    predictor: str = setting("lstm", text())
    members: int = setting(1, _MEMBERS)
    embedding: int = setting(100, _WIDTH)
    hidden: int = setting(100, _WIDTH)
    steps: int = setting(400, _COUNT)
    batchsize: int = setting(32, _COUNT)
    learning_rate: float = setting(0.01, _RATE)
    later_learning_rate: float = setting(0.002, _RATE)
    loss: str = setting("l1", choice(*LOSSES))
    warm_start: bool = setting(False, flag())

    @property
    def kind(self) -> str:
        """See `ControllerSpec.kind`."""
        return f"{self.predictor}_ensemble" if self.members > 1 else self.predictor

    @property
    def is_warm_started(self) -> bool:
        """See `ControllerSpec.is_warm_started`."""
        return self.warm_start

    @property
    def uses_tensorflow(self) -> bool:
        """See `ControllerSpec.uses_tensorflow`."""
        return True


@dataclass(frozen=True)
class LSTMSpec(NeuralSpec):
    """Settings of the LSTM, which reads a cell token by token."""


@dataclass(frozen=True)
class MLPSpec(NeuralSpec):
    """Settings of the MLP, which averages the embedded blocks of a cell."""

    predictor: str = setting("mlp", text())


@dataclass(frozen=True)
class TreesSpec(ControllerSpec):
    """Settings of gradient-boosted trees on cell features.

    Attributes:
        members: Number of models; each is fitted on its own (members - 1) / members of the data.
    """

    predictor: str = setting("trees", text())
    cross_validate: int = setting(_CHEAP_FOLDS, _FOLDS)
    members: int = setting(ENSEMBLE_MEMBERS, _MEMBERS)


@dataclass(frozen=True)
class RankEnsembleSpec(ControllerSpec):
    """Settings of the ensemble that averages the ranks which its parts give.

    Attributes:
        parts: Names of the predictors in the ensemble. Trees have 5 members, the others one.
        embedding: Width of the embeddings of its neural parts.
        hidden: Number of hidden units of its neural parts.
        steps: Number of gradient steps of each fit of its neural parts.
        batchsize: Number of cells of one step of its neural parts.
        learning_rate: Learning rate of its neural parts at stage 1.
        later_learning_rate: Learning rate of its neural parts from stage 2 on.
        loss: Loss of its neural parts.
    """

    predictor: str = setting("rank_ensemble", text())
    parts: list[str] = setting(["gp", "trees"], _PARTS)
    embedding: int = setting(100, _WIDTH)
    hidden: int = setting(100, _WIDTH)
    steps: int = setting(400, _COUNT)
    batchsize: int = setting(32, _COUNT)
    learning_rate: float = setting(0.01, _RATE)
    later_learning_rate: float = setting(0.002, _RATE)
    loss: str = setting("l1", choice(*LOSSES))

    def __post_init__(self) -> None:
        """Check the values, and take the name of earlier versions for today's."""
        super().__post_init__()
        if self.predictor in FORMER_NAMES:
            name = FORMER_NAMES[self.predictor]
            _report_former_name(self.predictor, name)
            object.__setattr__(self, "predictor", name)

    @property
    def uses_tensorflow(self) -> bool:
        """See `ControllerSpec.uses_tensorflow`."""
        return any(spec.uses_tensorflow for spec in self.part_specs())

    def part_specs(self) -> list[ControllerSpec]:
        """Return the specification of each part, with its usual number of members."""
        return [self._part_spec(name) for name in self.parts]

    def _part_spec(self, name: str) -> ControllerSpec:
        if name == "gp":
            return GPSpec(K=self.K, cross_validate=self.cross_validate, chunk=self.chunk)
        if name == "trees":
            return TreesSpec(K=self.K, cross_validate=self.cross_validate, chunk=self.chunk)
        spec_type = LSTMSpec if name == "lstm" else MLPSpec
        return spec_type(
            K=self.K,
            cross_validate=self.cross_validate,
            chunk=self.chunk,
            members=1,
            embedding=self.embedding,
            hidden=self.hidden,
            steps=self.steps,
            batchsize=self.batchsize,
            learning_rate=self.learning_rate,
            later_learning_rate=self.later_learning_rate,
            loss=self.loss,
        )


@cache
def _report_former_name(former: str, name: str) -> None:
    """Say once in a process that a predictor has another name now."""
    print(f"controller.predictor: {former} is called {name} now", file=sys.stderr)


NAMED_SPECS: dict[str, ControllerSpec] = {
    "gp": GPSpec(),
    "lstm": LSTMSpec(),
    "mlp": MLPSpec(),
    "lstm_ensemble": LSTMSpec(members=ENSEMBLE_MEMBERS),
    "mlp_ensemble": MLPSpec(members=ENSEMBLE_MEMBERS),
    "trees": TreesSpec(),
    "rank_ensemble": RankEnsembleSpec(),
}
"""The options of conf/controller with their default settings, by name."""


def named_spec(name: str) -> ControllerSpec:
    """Return the specification of the option ``name`` of conf/controller.

    Raises:
        InvalidValue: There is no such option.
    """
    name = FORMER_NAMES.get(name, name)
    if name not in NAMED_SPECS:
        raise InvalidValue("controller", f"must be one of {', '.join(NAMED_SPECS)}", name)
    return NAMED_SPECS[name]
