"""Settings of predictors: values, names, and what earlier versions stored."""

import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest
from omegaconf import OmegaConf

from pnas.errors import InvalidValue
from pnas.predictors import (
    PREDICTORS,
    ControllerSpec,
    GPSpec,
    LSTMSpec,
    NeuralSpec,
    RankEnsembleSpec,
    TreesSpec,
    make_controller_spec,
    make_predictor,
    migrate_controller,
    named_spec,
)
from pnas.state_space import StateSpace

STORED_BY_0_1_0: dict[str, Any] = {
    "predictor": "gp",
    "K": 8,
    "members": 1,
    "parts": ["gp", "trees"],
    "embedding": 100,
    "hidden": 100,
    "steps": 400,
    "batchsize": 32,
    "learning_rate": 0.01,
    "later_learning_rate": 0.002,
    "loss": "l1",
    "warm_start": False,
    "cross_validate": 5,
    "chunk": 65536,
}
"""The group ``controller`` as version 0.1.0 stored it, whatever the predictor."""


BAD_VALUES = [
    (ControllerSpec, "K", 0),
    (ControllerSpec, "K", True),
    (ControllerSpec, "chunk", 0),
    (ControllerSpec, "cross_validate", 1),
    (ControllerSpec, "cross_validate", -2),
    (LSTMSpec, "loss", "hinge"),
    (LSTMSpec, "members", 0),
    (LSTMSpec, "embedding", -1),
    (LSTMSpec, "hidden", 1.5),
    (LSTMSpec, "steps", 0),
    (LSTMSpec, "batchsize", 0),
    (LSTMSpec, "learning_rate", 0),
    (LSTMSpec, "learning_rate", float("nan")),
    (LSTMSpec, "later_learning_rate", 1.0),
    (LSTMSpec, "warm_start", "yes"),
    (RankEnsembleSpec, "parts", ["gp"]),
    (RankEnsembleSpec, "parts", ["gp", "gp"]),
    (RankEnsembleSpec, "parts", ["gp", "rank_ensemble"]),
    (RankEnsembleSpec, "parts", "gp"),
]


@pytest.mark.parametrize(
    ("spec", "key", "value"),
    BAD_VALUES,
)
def test_a_bad_value_is_refused_by_its_key(
    spec: type[ControllerSpec], key: str, value: object
) -> None:
    with pytest.raises(InvalidValue) as error:
        spec(**{key: value})
    assert str(error.value).startswith(f"controller.{key}: must be")


def test_an_unknown_predictor_is_refused() -> None:
    names = "gp, lstm, mlp, trees, rank_ensemble"
    with pytest.raises(InvalidValue, match=rf"^controller.predictor: must be one of {names}\."):
        make_controller_spec(predictor="oracle")


@pytest.mark.parametrize(("predictor", "key"), [("gp", "members"), ("rank_ensemble", "members")])
def test_a_key_that_a_predictor_does_not_read_is_refused(predictor: str, key: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^controller.{key}: must be one of "):
        make_controller_spec(predictor=predictor, **{key: 5})


def test_all_candidates_may_be_kept() -> None:
    assert ControllerSpec(K=None).K is None


OPTIONS_WITH_MEMBERS = [
    ("lstm", "lstm", 1),
    ("mlp", "mlp", 1),
    ("lstm_ensemble", "lstm", 5),
    ("mlp_ensemble", "mlp", 5),
    ("trees", "trees", 5),
]


@pytest.mark.parametrize(
    ("name", "predictor", "members"),
    OPTIONS_WITH_MEMBERS,
)
def test_options_with_members(name: str, predictor: str, members: int) -> None:
    spec = named_spec(name)
    assert isinstance(spec, NeuralSpec | TreesSpec)
    assert spec.predictor == predictor
    assert spec.members == members
    assert spec.kind == name


@pytest.mark.parametrize("name", ["gp", "rank_ensemble"])
def test_options_without_members(name: str) -> None:
    spec = named_spec(name)
    assert spec.kind == name
    assert "members" not in asdict(spec)


def test_the_former_name_of_the_rank_ensemble() -> None:
    assert named_spec("unlike") == named_spec("rank_ensemble")


def test_an_unknown_option_is_refused() -> None:
    names = "gp, lstm, mlp, lstm_ensemble, mlp_ensemble, trees, rank_ensemble"
    with pytest.raises(InvalidValue, match=f"controller: must be one of {names}"):
        named_spec("ensemble")


@pytest.mark.parametrize("name", PREDICTORS.own_names())
def test_specifications_are_structured_configs(name: str) -> None:
    spec = PREDICTORS.spec(name, ControllerSpec)
    assert OmegaConf.to_object(OmegaConf.structured(spec)) == spec()


# -- what earlier versions stored ------------------------------------------------------------------


MIGRATIONS = [
    ({"predictor": "gp"}, GPSpec()),
    ({"predictor": "lstm", "steps": 20, "cross_validate": 0}, LSTMSpec(steps=20)),
    ({"predictor": "mlp", "members": 5, "cross_validate": 0}, named_spec("mlp_ensemble")),
    ({"predictor": "trees", "members": 5}, TreesSpec()),
    (
        {"predictor": "unlike", "parts": ["gp", "mlp"], "hidden": 8, "cross_validate": 0},
        RankEnsembleSpec(parts=["gp", "mlp"], hidden=8),
    ),
]


@pytest.mark.parametrize(
    ("stored", "expected"),
    MIGRATIONS,
)
def test_a_stored_group_is_migrated(stored: dict[str, Any], expected: ControllerSpec) -> None:
    migrated = migrate_controller({**STORED_BY_0_1_0, **stored})
    assert make_controller_spec(**migrated) == expected


def test_a_group_without_a_predictor_meant_an_lstm() -> None:
    stored = {key: value for key, value in STORED_BY_0_1_0.items() if key != "predictor"}
    assert migrate_controller(stored)["predictor"] == "lstm"


# -- imports ---------------------------------------------------------------------------------------

SPACE = "from pnas.state_space import StateSpace; space = StateSpace(2)\n"
NO_TENSORFLOW = "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"


def run_python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_predictor_imports_tensorflow_before_a_fit() -> None:
    run_python(
        "import sys; from pnas.controller import rank_space\n"
        "from pnas.predictors import LSTMSpec, make_predictor\n"
        + SPACE
        + "rank_space(space, make_predictor(space, LSTMSpec()), 1, 3)\n"
        + NO_TENSORFLOW
        + "assert 'scipy.stats' not in sys.modules\n"
    )


def test_predictors_on_features_never_import_tensorflow() -> None:
    run_python(
        "import sys; from pnas.predictors import RankEnsembleSpec, make_predictor\n"
        + SPACE
        + "predictor = make_predictor(space, RankEnsembleSpec())\n"
        "tokens = space.encode(space.initial_children()[:4])\n"
        "predictor.fit(tokens, [.1, .2, .3, .4], 1, 0)\n"
        "predictor.predict(tokens)\n" + NO_TENSORFLOW
    )


def test_trees_without_lightgbm_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pnas.predictors.boosted_trees.find_spec", lambda name: None)
    with pytest.raises(InvalidValue, match="needs LightGBM"):
        make_predictor(StateSpace(2), TreesSpec())
