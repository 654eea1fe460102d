"""What every predictor does, whatever it is made of."""

import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

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


def with_settings(spec: ControllerSpec, **changes: object) -> ControllerSpec:
    """Return ``spec`` with those of the changes that its predictor reads."""
    known = {each.name for each in fields(spec)}
    read = {key: value for key, value in changes.items() if key in known}
    return replace(spec, **read)  # type: ignore[arg-type]


@pytest.fixture(params=NAMES)
def spec(
    request: pytest.FixtureRequest, make_spec: Callable[..., ControllerSpec]
) -> ControllerSpec:
    """Every predictor, small and quickly fitted."""
    if request.param == "rank_ensemble_neural":
        return make_spec("rank_ensemble", parts=["gp", "trees", "mlp"])
    if request.param == "mlp_ranking":
        return make_spec("mlp", loss="ranking")
    return make_spec(request.param)


def _cells(space: SlotSpace, count: int, seed: int = 0) -> Tokens:
    """``count`` unique cells, the smaller ones first."""
    rng = np.random.default_rng(seed)
    cells = space.initial_children()
    for b in range(2, space.B + 1):
        tokens = next(space.iter_cells(b, 40000))
        cells += space.decode(tokens[rng.permutation(len(tokens))[: count - len(cells)]])
    return space.encode(cells[:count])


def test_what_was_learned_ranks_larger_cells(
    space: StateSpace, spec: ControllerSpec, reward: RewardOf
) -> None:
    tokens = _cells(space, 150)
    unseen = _cells(space, 400, seed=1)[150:]
    predictor = make_predictor(space, with_settings(spec, steps=200))
    losses = predictor.fit(
        tokens, [reward(cell) for cell in space.decode(tokens)], 2, seed=0
    ).losses
    assert losses
    assert np.isfinite(losses).all()
    predicted = predictor.predict(unseen)
    assert np.corrcoef(predicted, [reward(cell) for cell in space.decode(unseen)])[0, 1] > 0.7


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


def test_spread(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = _cells(space, 60)
    unseen = _cells(space, 400, seed=1)[200:]
    predictor = make_predictor(space, spec)
    predictor.fit(tokens, np.linspace(0.3, 0.9, 60).tolist(), 2, seed=0)
    mean, spread = predictor.predict_mean_std(unseen)
    assert mean.shape == spread.shape == (200,)
    assert mean.dtype == spread.dtype == np.float64
    np.testing.assert_allclose(mean, predictor.predict(unseen), atol=1e-5)
    assert (spread >= 0).all()
    knows_none = spec.predictor in ("lstm", "mlp") and spec.members == 1
    assert (spread == 0).all() if knows_none else (spread > 0).mean() > 0.9


def test_scores_do_not_depend_on_order_or_company(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = _cells(space, 100)
    predictor = make_predictor(space, spec)
    predictor.fit(tokens, np.linspace(0.3, 0.9, 100).tolist(), 2, seed=0)
    order = np.random.default_rng(0).permutation(100)
    np.testing.assert_allclose(
        predictor.predict(tokens[order]), predictor.predict(tokens)[order], atol=1e-5
    )
    np.testing.assert_allclose(
        predictor.predict(tokens[40:50]), predictor.predict(tokens)[40:50], atol=1e-5
    )


def test_same_seed_same_bits(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = _cells(space, 60)
    unseen = _cells(space, 120)[60:]
    fits = [make_predictor(space, spec) for _ in range(2)]
    for predictor in fits:
        predictor.fit(tokens, np.random.default_rng(0).random(60).tolist(), 2, seed=5)
    np.testing.assert_array_equal(*(predictor.predict(unseen) for predictor in fits))


@pytest.mark.parametrize(
    "space_of", [lambda B: StateSpace(B, ["3x3 conv", "identity"]), NASBench201Space]
)
def test_saved_and_loaded_is_the_same_also_in_a_larger_space(
    space_of: Callable[[int], SlotSpace], spec: ControllerSpec, tmp_path: Path
) -> None:
    small = space_of(2)
    large = space_of(3)
    tokens = _cells(small, 50)
    predictor = make_predictor(small, spec)
    predictor.fit(tokens, np.random.default_rng(0).random(len(tokens)).tolist(), 2, seed=3)
    predictor.save(tmp_path / "stage_2")
    np.testing.assert_array_equal(
        load_predictor(tmp_path / "stage_2", small).predict(tokens), predictor.predict(tokens)
    )
    grown = load_predictor(tmp_path / "stage_2", large)
    np.testing.assert_allclose(grown.predict(tokens), predictor.predict(tokens), atol=1e-6)
    for mine, theirs in zip(
        grown.predict_mean_std(tokens), predictor.predict_mean_std(tokens), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert np.isfinite(grown.predict(_cells(large, 200))).all()
    assert not list(tmp_path.rglob("*.pkl"))


def test_unfitted_ones_score_and_are_saved(
    space: StateSpace, spec: ControllerSpec, tmp_path: Path
) -> None:
    tokens = _cells(space, 10)
    predictor = make_predictor(space, spec)
    assert np.isfinite(predictor.predict(tokens)).all()
    assert np.isfinite(predictor.predict_mean_std(tokens)).all()
    predictor.save(tmp_path)
    np.testing.assert_array_equal(
        load_predictor(tmp_path, space).predict(tokens), predictor.predict(tokens)
    )


@pytest.mark.parametrize("fault", ["json", "npz", "foreign", "gone", "predictor"])
def test_unreadable_files_are_one_line(
    space: StateSpace, spec: ControllerSpec, fault: str, tmp_path: Path
) -> None:
    tokens = _cells(space, 20)
    predictor = make_predictor(space, spec)
    predictor.fit(tokens, np.linspace(0, 1, 20).tolist(), 1, 0)
    predictor.save(tmp_path)
    weights = tmp_path / "weights.npz"
    description = tmp_path / "predictor.json"
    if fault == "json":
        description.write_text("[")
    elif fault == "npz":
        weights.write_bytes(weights.read_bytes()[:100])
    elif fault == "foreign":
        np.savez(weights, bias=np.zeros(3))
    elif fault == "gone":
        weights.unlink()
    else:
        description.write_text(
            description.read_text().replace(
                f'"predictor": "{spec.predictor}"', '"predictor": "oracle"'
            )
        )
    with pytest.raises(InvalidValue, match=r"^(from|controller\.\w+): must [^\n]*$"):
        load_predictor(tmp_path, space)


@pytest.mark.parametrize(
    "rewards",
    [
        [0.5] * 12,
        [0.0, 1.0] * 6,
        [1.0] * 12,
        [0.0] * 12,
        [0.2, 0.4],
        [0.9] * 11 + [0.0],
        [1e-9, 2e-9, 1 - 1e-9],
    ],
    ids=["constant", "extremes", "ones", "zeros", "two cells", "outlier", "tiny differences"],
)
def test_odd_rewards(space: StateSpace, spec: ControllerSpec, rewards: list[float]) -> None:
    tokens = _cells(space, len(rewards))
    predictor = make_predictor(space, with_settings(spec, steps=20))
    assert np.isfinite(predictor.fit(tokens, rewards, 1, 0).losses).all()
    predicted, (mean, spread) = predictor.predict(tokens), predictor.predict_mean_std(tokens)
    assert np.isfinite([predicted, mean, spread]).all()
    assert ((predicted >= 0) & (predicted <= 1)).all()


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


@pytest.mark.parametrize(
    "name", ["gp", "trees", "rank_ensemble"]
)  # neural ones read a cell as it is written
def test_equal_cells_have_equal_features_and_predictions(
    name: str, space: StateSpace, make_spec: Callable[..., ControllerSpec]
) -> None:
    tokens = _cells(space, 80)
    predictor = make_predictor(space, make_spec(name))
    predictor.fit(tokens, np.linspace(0.3, 0.9, 80).tolist(), 2, seed=0)
    one = Cell([(-1, "3x3 conv", -2, "identity"), (-2, "3x3 maxpool", -1, "identity")])
    other = Cell([(-1, "identity", -2, "3x3 maxpool"), (-2, "identity", -1, "3x3 conv")])
    first, second = predictor.predict(space.encode([one, other]))
    assert first == pytest.approx(second, abs=1e-6)


@pytest.mark.slow
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
