import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from pnas.errors import InvalidValue
from pnas.predictors import ControllerSpec, make_predictor
from pnas.state_space import StateSpace


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("predictor", "oracle"),
        ("loss", "hinge"),
        ("K", 0),
        ("K", True),
        ("members", 0),
        ("embedding", -1),
        ("hidden", 1.5),
        ("steps", 0),
        ("batchsize", 0),
        ("chunk", 0),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("later_learning_rate", 1.0),
        ("warm_start", "yes"),
        ("cross_validate", 1),
        ("cross_validate", -2),
        ("parts", ["gp"]),
        ("parts", ["gp", "gp"]),
        ("parts", ["gp", "unlike"]),
        ("parts", "gp"),
    ],
)
def test_bad_values_are_refused_by_key(key: str, value: object) -> None:
    with pytest.raises(InvalidValue) as error:
        ControllerSpec(**{key: value})  # type: ignore[arg-type]
    assert str(error.value).startswith(f"controller.{key}: must be")


@pytest.mark.parametrize("name", ["gp", "unlike"])
def test_what_is_no_ensemble_of_its_kind_has_one_member(name: str) -> None:
    with pytest.raises(
        InvalidValue, match=rf"^controller.members: must be 1 for {name}\. Received: 5$"
    ):
        ControllerSpec(predictor=name, members=5)


def test_all_candidates_may_be_kept() -> None:
    assert ControllerSpec(K=None).K is None


@pytest.mark.parametrize(
    ("name", "predictor", "members"),
    [
        ("lstm", "lstm", 1),
        ("mlp", "mlp", 1),
        ("lstm_ensemble", "lstm", 5),
        ("mlp_ensemble", "mlp", 5),
        ("gp", "gp", 1),
        ("trees", "trees", 5),
        ("unlike", "unlike", 1),
    ],
)
def test_names(name: str, predictor: str, members: int) -> None:
    spec = ControllerSpec.named(name)
    assert (spec.predictor, spec.members, spec.kind) == (predictor, members, name)


def test_unknown_name() -> None:
    names = "lstm, mlp, gp, trees, unlike, lstm_ensemble, mlp_ensemble"
    with pytest.raises(InvalidValue, match=f"controller: must be one of {names}"):
        ControllerSpec.named("ensemble")


def test_is_a_structured_config() -> None:
    assert OmegaConf.to_object(OmegaConf.structured(ControllerSpec)) == ControllerSpec()


def test_the_room_is_free_of_tensorflow_until_a_fit() -> None:
    code = (
        "import sys, pnas.controller as c, pnas.predictors as m; from pnas.state_space import StateSpace; s = StateSpace(2)\n"
        "c.rank_space(s, m.make_predictor(s, m.ControllerSpec()), 1, 3)\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules and 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_predictors_on_features_never_import_tensorflow() -> None:
    code = (
        "import sys, pnas.predictors as c; from pnas.state_space import StateSpace; s = StateSpace(2)\n"
        "p = c.make_predictor(s, c.ControllerSpec.named('unlike'))\n"
        "tokens = s.encode(s.initial_children()[:4]); p.fit(tokens, [.1, .2, .3, .4], 1, 0); p.predict(tokens)\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_trees_without_lightgbm_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pnas.predictors.boosted_trees.find_spec", lambda name: None)
    for name in ("trees", "unlike"):
        with pytest.raises(InvalidValue, match=r"^controller.predictor: needs LightGBM[^\n]*$"):
            make_predictor(StateSpace(2), ControllerSpec.named(name))
