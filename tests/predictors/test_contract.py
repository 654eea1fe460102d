"""What every predictor does, whatever it is made of."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from support.predictor_cases import OPERATORS, small

from pnas.controller import ControllerManager
from pnas.errors import InvalidValue
from pnas.predictors import ControllerSpec, load_predictor, make_predictor, named_spec
from pnas.state_space import Cell, NASBench201Space, SlotSpace, StateSpace, Tokens

RewardOf = Callable[[Cell], float]
NAMES = [
    "lstm",
    "mlp",
    "lstm_ensemble",
    "mlp_ensemble",
    "gp",
    "trees",
    "rank_ensemble",
    "rank_ensemble_neural",
    "mlp_ranking",
]
ODD_REWARDS = [
    pytest.param([0.5] * 12, id="constant"),
    pytest.param([0.0, 1.0] * 6, id="extremes"),
    pytest.param([1.0] * 12, id="ones"),
    pytest.param([0.0] * 12, id="zeros"),
    pytest.param([0.2, 0.4], id="two cells"),
    pytest.param([0.9] * 11 + [0.0], id="outlier"),
    pytest.param([1e-9, 2e-9, 1 - 1e-9], id="tiny differences"),
]


def with_settings(spec: ControllerSpec, **changes: object) -> ControllerSpec:
    """Return ``spec`` with those of the changes that its predictor reads."""
    known = {each.name for each in fields(spec)}
    read = {key: value for key, value in changes.items() if key in known}
    return replace(spec, **read)  # type: ignore[arg-type]


@pytest.fixture(params=NAMES, scope="module")
def spec(request: pytest.FixtureRequest) -> ControllerSpec:
    """Every predictor, small and quickly fitted."""
    if request.param == "rank_ensemble_neural":
        return small("rank_ensemble", parts=["gp", "trees", "mlp"])
    if request.param == "mlp_ranking":
        return small("mlp", loss="ranking")
    return small(request.param)


@pytest.fixture(scope="module")
def saved(spec: ControllerSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every predictor, fitted to 20 cells, for tests to copy."""
    space = StateSpace(3, OPERATORS)
    predictor = make_predictor(space, spec)
    predictor.fit(_cells(space, 20), np.linspace(0, 1, 20).tolist(), 1, 0)
    directory = tmp_path_factory.mktemp("saved")
    predictor.save(directory)
    return directory


def _cells(space: SlotSpace, count: int, seed: int = 0) -> Tokens:
    """``count`` unique cells, the smaller ones first."""
    rng = np.random.default_rng(seed)
    cells = space.initial_children()
    for b in range(2, space.B + 1):
        missing = count - len(cells)
        if missing <= 0:
            break
        tokens = next(space.iter_cells(b, 40000))
        cells += space.decode(tokens[rng.permutation(len(tokens))[:missing]])
    return space.encode(cells[:count])


def test_what_was_learned_ranks_larger_cells(
    space: StateSpace, spec: ControllerSpec, reward: RewardOf
) -> None:
    tokens = _cells(space, 150)
    unseen = _cells(space, 400, seed=1)[150:]
    predictor = make_predictor(space, with_settings(spec, steps=200))
    rewards = list(map(reward, space.decode(tokens)))
    losses = predictor.fit(tokens, rewards, 2, seed=0).losses
    assert losses
    assert np.isfinite(losses).all()

    predicted = predictor.predict(unseen)
    trained = list(map(reward, space.decode(unseen)))
    assert np.corrcoef(predicted, trained)[0, 1] > 0.7


def test_predictions_are_rewards_of_every_cell_asked_about(
    space: StateSpace, spec: ControllerSpec
) -> None:
    tokens = _cells(space, 60)
    predictor = make_predictor(space, spec)
    predictor.fit(tokens, np.linspace(0.5, 0.9, 60).tolist(), 2, seed=0)
    predicted = predictor.predict(tokens)
    assert predicted.shape == (60,)
    assert predicted.dtype == np.float32
    assert ((predicted >= 0) & (predicted <= 1)).all()
    mean, deviation = predictor.predict_mean_std(tokens)
    assert mean.shape == (60,)
    assert deviation.shape == (60,)
    assert predictor.predict(tokens[:0]).shape == (0,)


def test_mean_and_standard_deviation(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = _cells(space, 60)
    unseen = _cells(space, 400, seed=1)[200:]
    predictor = make_predictor(space, spec)
    predictor.fit(tokens, np.linspace(0.3, 0.9, 60).tolist(), 2, seed=0)
    mean, deviation = predictor.predict_mean_std(unseen)
    assert mean.shape == deviation.shape == (200,)
    assert mean.dtype == deviation.dtype == np.float64
    np.testing.assert_allclose(mean, predictor.predict(unseen), atol=1e-5)

    assert (deviation >= 0).all()
    # One network has nobody to disagree with.
    if spec.predictor in ("lstm", "mlp") and spec.members == 1:
        assert (deviation == 0).all()
    else:
        assert (deviation > 0).mean() > 0.9


def test_scores_do_not_depend_on_order_or_company(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = _cells(space, 100)
    predictor = make_predictor(space, spec)
    predictor.fit(tokens, np.linspace(0.3, 0.9, 100).tolist(), 2, seed=0)
    predicted = predictor.predict(tokens)
    order = np.random.default_rng(0).permutation(100)
    np.testing.assert_allclose(predictor.predict(tokens[order]), predicted[order], atol=1e-5)
    np.testing.assert_allclose(predictor.predict(tokens[40:50]), predicted[40:50], atol=1e-5)


def test_same_seed_same_bits(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = _cells(space, 60)
    unseen = _cells(space, 120)[60:]
    rewards = np.random.default_rng(0).random(60).tolist()
    predictions = []
    for _ in range(2):
        predictor = make_predictor(space, spec)
        predictor.fit(tokens, rewards, 2, seed=5)
        predictions.append(predictor.predict(unseen))
    np.testing.assert_array_equal(predictions[0], predictions[1])


def _pnas_space_of_two_operators(B: int) -> StateSpace:
    return StateSpace(B, ["3x3 conv", "identity"])


@pytest.mark.parametrize(
    "space_of",
    [
        pytest.param(_pnas_space_of_two_operators, id="pnas"),
        pytest.param(NASBench201Space, id="nasbench201"),
    ],
)
def test_saved_and_loaded_is_the_same_also_in_a_larger_space(
    space_of: Callable[[int], SlotSpace], spec: ControllerSpec, tmp_path: Path
) -> None:
    two_blocks = space_of(2)
    three_blocks = space_of(3)
    tokens = _cells(two_blocks, 50)
    predictor = make_predictor(two_blocks, spec)
    rewards = np.random.default_rng(0).random(len(tokens)).tolist()
    predictor.fit(tokens, rewards, 2, seed=3)
    predictor.save(tmp_path / "stage_2")
    predicted = predictor.predict(tokens)
    loaded = load_predictor(tmp_path / "stage_2", two_blocks)
    np.testing.assert_array_equal(loaded.predict(tokens), predicted)

    grown = load_predictor(tmp_path / "stage_2", three_blocks)
    np.testing.assert_allclose(grown.predict(tokens), predicted, atol=1e-6)
    mean, deviation = predictor.predict_mean_std(tokens)
    grown_mean, grown_deviation = grown.predict_mean_std(tokens)
    np.testing.assert_allclose(grown_mean, mean, atol=1e-5)
    np.testing.assert_allclose(grown_deviation, deviation, atol=1e-5)
    assert np.isfinite(grown.predict(_cells(three_blocks, 200))).all()
    assert not list(tmp_path.rglob("*.pkl"))


def test_unfitted_ones_score_and_are_saved(
    space: StateSpace, spec: ControllerSpec, tmp_path: Path
) -> None:
    tokens = _cells(space, 10)
    predictor = make_predictor(space, spec)
    assert np.isfinite(predictor.predict(tokens)).all()
    assert np.isfinite(predictor.predict_mean_std(tokens)).all()
    predictor.save(tmp_path)
    loaded = load_predictor(tmp_path, space)
    np.testing.assert_array_equal(loaded.predict(tokens), predictor.predict(tokens))


def _cut_description(directory: Path) -> None:
    (directory / "predictor.json").write_text("[")


def _cut_weights(directory: Path) -> None:
    weights = directory / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:100])


def _foreign_weights(directory: Path) -> None:
    np.savez(directory / "weights.npz", bias=np.zeros(3))


def _no_weights(directory: Path) -> None:
    (directory / "weights.npz").unlink()


def _unknown_predictor(directory: Path) -> None:
    path = directory / "predictor.json"
    description = json.loads(path.read_text())
    description["spec"]["predictor"] = "oracle"
    path.write_text(json.dumps(description))


@pytest.mark.parametrize(
    "damage",
    [_cut_description, _cut_weights, _foreign_weights, _no_weights, _unknown_predictor],
)
def test_unreadable_files_are_one_line(
    space: StateSpace, saved: Path, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    directory = tmp_path / "damaged"
    shutil.copytree(saved, directory)
    load_predictor(directory, space)
    damage(directory)
    with pytest.raises(InvalidValue, match=r"^(from|controller\.\w+): must [^\n]*$"):
        load_predictor(directory, space)


@pytest.mark.parametrize("rewards", ODD_REWARDS)
def test_odd_rewards(space: StateSpace, spec: ControllerSpec, rewards: list[float]) -> None:
    tokens = _cells(space, len(rewards))
    predictor = make_predictor(space, with_settings(spec, steps=20))
    losses = predictor.fit(tokens, rewards, 1, 0).losses
    assert np.isfinite(losses).all()

    predicted = predictor.predict(tokens)
    mean, deviation = predictor.predict_mean_std(tokens)
    assert np.isfinite([predicted, mean, deviation]).all()
    assert (predicted >= 0).all()
    assert (predicted <= 1).all()


def test_duplicates_with_several_rewards(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = np.concatenate([_cells(space, 3)] * 6)
    predictor = make_predictor(space, with_settings(spec, steps=200, learning_rate=0.02))
    predictor.fit(tokens, [0.2, 0.5, 0.8, 0.3, 0.6, 0.9] * 3, 1, 0)
    low, middle, high = predictor.predict(tokens[:3])
    assert 0 <= low <= 1
    if spec.predictor != "trees":  # which need more cells than three to tell them apart
        assert low < middle < high


def test_failed_children_are_left_out(space: StateSpace, spec: ControllerSpec) -> None:
    controller = ControllerManager(space, B=2, K=5, spec=with_settings(spec, steps=20))
    children = controller.get_actions()
    rewards = [None if i % 3 else i / 100 for i in range(len(children))]
    report = controller.train(rewards)
    assert np.isfinite(report.loss)
    assert len(controller.update().cells) == 5


# Neural predictors read a cell as it is written.
@pytest.mark.parametrize("name", ["gp", "trees", "rank_ensemble"])
def test_equal_cells_have_equal_features_and_predictions(
    name: str, space: StateSpace, make_spec: Callable[..., ControllerSpec]
) -> None:
    tokens = _cells(space, 80)
    predictor = make_predictor(space, make_spec(name))
    predictor.fit(tokens, np.linspace(0.3, 0.9, 80).tolist(), 2, seed=0)

    # The same two blocks in the other order, the operands of one of them exchanged.
    one = Cell([(-1, "3x3 conv", -2, "identity"), (-2, "3x3 maxpool", -1, "identity")])
    other = Cell([(-1, "identity", -2, "3x3 maxpool"), (-2, "identity", -1, "3x3 conv")])
    first, second = predictor.predict(space.encode([one, other]))
    assert first == pytest.approx(second, abs=1e-6)


@pytest.mark.slow
@pytest.mark.alone
def test_a_fit_of_5000_cells_costs_little_more_than_one_of_500() -> None:
    space = StateSpace(3, ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"])
    tokens = _cells(space, 5000)
    rewards = np.random.default_rng(0).random(5000).tolist()
    for name in ("mlp", "gp", "trees", "rank_ensemble"):
        seconds = {}
        for cells in (5, 500, 5000):
            predictor = make_predictor(space, named_spec(name))
            started = time.perf_counter()
            predictor.fit(tokens[:cells], rewards[:cells], 3, 0)
            seconds[cells] = time.perf_counter() - started
        assert max(seconds.values()) < 25, (name, seconds)
