"""The registry of predictors, and the way from settings or files to a predictor."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from pnas.errors import InvalidValue, require
from pnas.predictors.base import Predictor
from pnas.predictors.former_contract import with_current_contract
from pnas.predictors.persistence import read_description, unreadable_as_invalid
from pnas.predictors.specs import (
    FORMER_NAMES,
    ControllerSpec,
    GPSpec,
    LSTMSpec,
    MLPSpec,
    NeuralSpec,
    RankEnsembleSpec,
    TreesSpec,
)
from pnas.registry import Part, Registry
from pnas.state_space import SlotSpace
from pnas.validation import drop_former_keys

_HERE = "pnas.predictors"

PREDICTORS = Registry(
    kind="predictors",
    key="controller.predictor",
    parts={
        "gp": Part(f"{_HERE}.gp.gaussian_process:GaussianProcess", GPSpec),
        "lstm": Part(f"{_HERE}.neural.neural_predictor:NeuralPredictor", LSTMSpec),
        "mlp": Part(f"{_HERE}.neural.neural_predictor:NeuralPredictor", MLPSpec),
        "trees": Part(f"{_HERE}.boosted_trees:BoostedTrees", TreesSpec),
        "rank_ensemble": Part(f"{_HERE}.rank_ensemble:RankEnsemble", RankEnsembleSpec),
    },
    former_names=FORMER_NAMES,
)
"""Predictors by name. A factory is a class with ``create`` and ``load`` (`Predictor`)."""

_FORMER_KEYS = frozenset(
    (
        "members",
        "parts",
        "embedding",
        "hidden",
        "steps",
        "batchsize",
        "learning_rate",
        "later_learning_rate",
        "loss",
        "warm_start",
    )
)
"""Keys that every predictor stored up to version 0.1.0, read by it or not."""


def migrate_controller(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored ``controller`` group with the keys that its predictor reads."""
    migrated = dict(values)
    # What earlier versions stored without these keys meant their defaults of that time.
    migrated.setdefault("predictor", "lstm")
    migrated.setdefault("cross_validate", 0)
    migrated["predictor"] = FORMER_NAMES.get(migrated["predictor"], migrated["predictor"])
    spec = PREDICTORS.spec(migrated["predictor"], NeuralSpec)
    return drop_former_keys(migrated, spec, _FORMER_KEYS)


def make_controller_spec(**values: Any) -> ControllerSpec:
    """Return the specification of the predictor that ``predictor`` names, by default the GP.

    Raises:
        InvalidValue: There is no such predictor, it does not read a key, or a value breaks its
            rule.
    """
    name = values.get("predictor", "gp")
    spec = PREDICTORS.spec(name, NeuralSpec)
    known = [each.name for each in fields(spec)]
    for key, value in values.items():
        if key not in known:
            raise InvalidValue(f"controller.{key}", f"must be one of {', '.join(known)}", value)
    made: ControllerSpec = spec(**values)
    return made


def make_predictor(space: SlotSpace, spec: ControllerSpec) -> Predictor:
    """Return an unfitted predictor for the cells of ``space``.

    TensorFlow is not imported before a neural predictor is fitted.

    Raises:
        InvalidValue: There is no such predictor, or it needs a library that is not installed.
    """
    factory = PREDICTORS.factory(spec.predictor)
    # Those of an earlier contract may lack what only a stored predictor needs: load and save.
    rule = f"{spec.predictor} must be a class with create and load"
    require(hasattr(factory, "create"), PREDICTORS.key, rule, factory)
    made = factory.create(space, spec)
    is_predictor = all(hasattr(made, method) for method in ("fit", "predict"))
    rule = f"{spec.predictor} must make a predictor, with fit, predict and save"
    require(is_predictor, PREDICTORS.key, rule, made)
    return with_current_contract(made, spec.predictor)


def load_predictor(directory: Path | str, space: SlotSpace) -> Predictor:
    """Return the predictor that was saved in ``directory``, for ``space``.

    Args:
        directory: Where `Predictor.save` wrote.
        space: The space that it will score, which may have larger cells than the one it was fitted
            on.

    Raises:
        InvalidValue: Nothing was saved there, it cannot be read, or it knows another vocabulary
            (key ``from``).
    """
    directory = Path(directory)
    with unreadable_as_invalid(directory):
        description = read_description(directory)
        name = str(description["spec"]["predictor"])
    name = FORMER_NAMES.get(name, name)
    loaded = PREDICTORS.factory(name).load(directory, space)
    predictor = with_current_contract(loaded, name)
    with unreadable_as_invalid(directory):
        _check_scores(predictor, space)
    return predictor


def _check_scores(predictor: Predictor, space: SlotSpace) -> None:
    """Let a loaded predictor score a cell, which one put together by hand may not be able to."""
    try:
        scores = predictor.predict(space.encode(space.initial_children()[:1]))
    except Exception as error:  # LightGBM has errors of its own
        raise ValueError(str(error)) from error
    if not np.isfinite(scores).all():
        raise ValueError("it scores a cell by a number that is not finite")
