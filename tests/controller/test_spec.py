import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from pnas.controller import ControllerSpec
from pnas.errors import InvalidValue


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
    ],
)
def test_bad_values_are_refused_by_key(key: str, value: object) -> None:
    with pytest.raises(InvalidValue) as error:
        ControllerSpec(**{key: value})  # type: ignore[arg-type]
    assert str(error.value).startswith(f"controller.{key}: must be")


def test_all_candidates_may_be_kept() -> None:
    assert ControllerSpec(K=None).K is None


@pytest.mark.parametrize(
    ("name", "predictor", "members"),
    [("lstm", "lstm", 1), ("mlp", "mlp", 1), ("lstm_ensemble", "lstm", 5), ("mlp_ensemble", "mlp", 5)],
)
def test_names(name: str, predictor: str, members: int) -> None:
    spec = ControllerSpec.named(name)
    assert (spec.predictor, spec.members, spec.kind) == (predictor, members, name)


def test_unknown_name() -> None:
    with pytest.raises(InvalidValue, match="controller: must be one of lstm, mlp, lstm_ensemble, mlp_ensemble"):
        ControllerSpec.named("ensemble")


def test_is_a_structured_config() -> None:
    assert OmegaConf.to_object(OmegaConf.structured(ControllerSpec)) == ControllerSpec()


def test_the_room_is_free_of_tensorflow_until_a_fit() -> None:
    code = (
        "import sys, pnas.controller as c; from pnas.state_space import StateSpace; s = StateSpace(2)\n"
        "c.rank_space(s, c.make_predictor(s, c.ControllerSpec()), 1, 3)\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules and 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
