"""One contract for every predictor."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pnas.errors import InvalidValue
from pnas.predictors import ControllerSpec, LSTMSpec, load_predictor, make_predictor, named_spec
from pnas.predictors.neural.neural_predictor import NeuralPredictor, member_subsets
from pnas.state_space import ABSENT, Cell, NASBench201Space, SlotSpace, StateSpace, Tokens

RewardOf = Callable[[Cell], float]


def _sample(space: SlotSpace, each: int = 40) -> Tokens:
    """Cells of every size, shuffled."""
    rng = np.random.default_rng(0)
    sized = [next(space.iter_cells(b, 2000)) for b in range(1, space.B + 1)]
    cells = [cell for tokens in sized for cell in space.decode(rng.permutation(tokens)[:each])]
    return rng.permutation(space.encode(cells))


def _rough(space: SlotSpace, spec: ControllerSpec) -> NeuralPredictor:
    """A predictor whose weights are large and unlike one another, so that mistakes show."""
    predictor = NeuralPredictor.create(space, spec)
    rng = np.random.default_rng(1)
    predictor.weights = {
        name: array + rng.normal(0, 0.3, array.shape).astype(np.float32)
        for name, array in predictor.weights.items()
    }
    return predictor


def test_a_fit_learns(space: StateSpace, spec: ControllerSpec, reward: RewardOf) -> None:
    cells = space.initial_children()
    predictor = make_predictor(space, spec)
    losses = predictor.fit(space.encode(cells), [reward(cell) for cell in cells], 1, seed=0).losses
    assert np.mean(losses[-5:]) < losses[0] / 3
    predicted = predictor.predict(space.encode(cells))
    assert predicted.shape == (len(cells),)
    assert ((predicted >= 0) & (predicted <= 1)).all()


def test_prediction_is_the_mean_of_members(space: StateSpace, spec: ControllerSpec) -> None:
    predictor = _rough(space, spec)
    tokens = _sample(space)
    members = predictor.predict_members(tokens)
    assert members.shape == (spec.members, len(tokens))
    np.testing.assert_array_equal(predictor.predict(tokens), members.mean(axis=0))
    assert spec.members == 1 or members.std(axis=0).min() > 0


@pytest.mark.parametrize("space_of", [lambda: StateSpace(4), NASBench201Space])
def test_scores_equal_the_plain_forward_pass(
    space_of: Callable[[], SlotSpace], spec: ControllerSpec
) -> None:
    import tensorflow as tf

    space = space_of()
    predictor = _rough(space, spec)
    tokens = _sample(space)
    inputs = predictor.architecture.inputs(tokens)
    logits = predictor.architecture.logits(
        {name: tf.constant(array) for name, array in predictor.weights.items()},
        np.broadcast_to(inputs, (spec.members, *inputs.shape)),
    )
    scores = predictor.predict_members(tokens)
    np.testing.assert_allclose(scores, tf.sigmoid(logits).numpy(), atol=1e-5, rtol=0)
    assert scores.std() > 0.01


def test_padding_never_changes_a_score(space: StateSpace, spec: ControllerSpec) -> None:
    predictor = _rough(space, spec)
    alone = space.encode(space.initial_children())
    padded = np.full((len(alone), 3, 4), ABSENT, np.int16)
    padded[:, :1] = alone
    predicted = predictor.predict(alone)
    np.testing.assert_array_equal(predictor.predict(padded), predicted)

    larger = space.encode(space.decode(_sample(space)))
    mixed = predictor.predict(np.concatenate([padded, larger]))
    np.testing.assert_allclose(mixed[: len(alone)], predicted, atol=1e-6)


def test_order_never_changes_a_score(space: StateSpace, spec: ControllerSpec) -> None:
    predictor = _rough(space, spec)
    tokens = space.expand(space.initial_children()).tokens
    order = np.random.default_rng(0).permutation(len(tokens))
    np.testing.assert_allclose(
        predictor.predict(tokens[order]), predictor.predict(tokens)[order], atol=1e-6
    )


def test_no_cells_no_scores(space: StateSpace, spec: ControllerSpec) -> None:
    assert make_predictor(space, spec).predict(np.empty((0, 2, 4), np.int16)).shape == (0,)


def test_saved_and_loaded_is_the_same(
    space: StateSpace, spec: ControllerSpec, reward: RewardOf, tmp_path: Path
) -> None:
    cells = space.initial_children()
    predictor = make_predictor(space, spec)
    predictor.fit(space.encode(cells), [reward(cell) for cell in cells], 1, seed=3)
    predictor.save(tmp_path / "stage_1")
    tokens = _sample(space)
    loaded = load_predictor(tmp_path / "stage_1", space)
    np.testing.assert_array_equal(loaded.predict(tokens), predictor.predict(tokens))


def test_loads_into_a_larger_space(
    space: StateSpace, spec: ControllerSpec, reward: RewardOf, tmp_path: Path
) -> None:
    cells = space.initial_children()
    predictor = make_predictor(space, spec)
    predictor.fit(space.encode(cells), [reward(cell) for cell in cells], 1, seed=3)
    predictor.save(tmp_path)
    tokens = _sample(space)
    larger, largest = (StateSpace(B, space.operators) for B in (5, 7))
    grown = load_predictor(tmp_path, larger)
    more = load_predictor(tmp_path, largest)
    np.testing.assert_array_equal(grown.predict(tokens), predictor.predict(tokens))
    # What a larger space adds does not depend on how much larger it is.
    bigger_cells = larger.encode(
        [Cell([cells[0].blocks[0]] * 4 + [(3, "identity", 2, "3x3 conv")])]
    )
    np.testing.assert_array_equal(grown.predict(bigger_cells), more.predict(bigger_cells))


def test_a_benchmark_space_grows_slots(spec: ControllerSpec, tmp_path: Path) -> None:
    small = NASBench201Space(2)
    large = NASBench201Space(3)
    tokens = _sample(small)
    predictor = _rough(small, spec)
    predictor.save(tmp_path)
    np.testing.assert_array_equal(
        load_predictor(tmp_path, large).predict(tokens), predictor.predict(tokens)
    )


def test_another_vocabulary_is_refused(
    space: StateSpace, spec: ControllerSpec, tmp_path: Path
) -> None:
    make_predictor(space, spec).save(tmp_path)
    with pytest.raises(InvalidValue, match=r"^from: must know the values of this state space"):
        load_predictor(tmp_path, StateSpace(3, ["3x3 conv", "5x5 conv"]))


@pytest.mark.parametrize(
    "fault", ["nothing", "json", "npz", "pickle", "shapes", "missing", "format"]
)
def test_unreadable_files_are_one_line(space: StateSpace, fault: str, tmp_path: Path) -> None:
    make_predictor(space, LSTMSpec()).save(tmp_path)
    weights = tmp_path / "weights.npz"
    description = tmp_path / "predictor.json"
    if fault == "nothing":
        description.unlink()
    elif fault == "json":
        description.write_text("[")
    elif fault == "npz":
        weights.write_bytes(weights.read_bytes()[:100])
    elif fault == "pickle":
        np.savez(weights, bias=np.array([print], dtype=object))
    elif fault == "shapes":
        make_predictor(space, LSTMSpec(hidden=7)).save(tmp_path / "other")
        (tmp_path / "other/weights.npz").replace(weights)
    elif fault == "missing":
        np.savez(weights, bias=np.zeros(3))
    else:
        description.write_text(json.dumps(json.loads(description.read_text()) | {"format": 99}))
    with pytest.raises(InvalidValue, match=r"^from: must [^\n]*$"):
        load_predictor(tmp_path, space)


def test_same_seed_same_bits(space: StateSpace, spec: ControllerSpec, reward: RewardOf) -> None:
    tokens = _sample(space)
    rewards = np.linspace(0, 1, len(tokens)).tolist()
    fits = [make_predictor(space, spec) for _ in range(3)]
    for predictor, seed in zip(fits, (5, 5, 6), strict=True):
        predictor.fit(tokens, rewards, 2, seed)
    first, again, other = (predictor.predict(tokens) for predictor in fits)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


_FIT_AND_PRINT = """
import numpy as np
from pnas.predictors import LSTMSpec, make_predictor
from pnas.state_space import StateSpace
space = StateSpace(2, ["3x3 conv", "identity"])
tokens = space.encode(space.initial_children())
predictor = make_predictor(space, LSTMSpec(members=2, hidden=16, steps=30))
predictor.fit(tokens, np.linspace(0, 1, len(tokens)), 1, 9)
print(predictor.predict_members(tokens).tobytes().hex())
"""


@pytest.mark.slow
def test_same_seed_same_bits_in_another_process() -> None:
    runs = [
        subprocess.run([sys.executable, "-c", _FIT_AND_PRINT], check=True, capture_output=True)
        for _ in "ab"
    ]
    assert runs[0].stdout == runs[1].stdout != b""


@pytest.mark.parametrize(
    "rewards",
    [[0.5] * 10, [0.0, 1.0] * 5, [1.0] * 10, [0.0] * 10, [0.2, 0.4]],
    ids=["constant", "extremes", "ones", "zeros", "two cells"],
)
def test_odd_rewards_are_learned(
    space: StateSpace, spec: ControllerSpec, rewards: list[float]
) -> None:
    tokens = space.encode(space.initial_children()[: len(rewards)])
    predictor = make_predictor(space, spec)
    losses = predictor.fit(tokens, rewards, 1, 0).losses
    assert np.isfinite(losses).all()
    assert np.isfinite(predictor.predict(tokens)).all()


def test_the_same_cell_may_have_several_rewards(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = np.repeat(space.encode(space.initial_children()[:1]), 9, axis=0)
    predictor = make_predictor(space, replace(spec, loss="mse", steps=200))
    predictor.fit(tokens, [0.1, 0.3, 0.5] * 3, 1, 0)
    assert predictor.predict(tokens[:1])[0] == pytest.approx(0.3, abs=0.06)


def test_refits_start_afresh_and_warm_starts_go_on(space: StateSpace, spec: ControllerSpec) -> None:
    tokens = space.encode(space.initial_children())
    rewards = np.linspace(0.2, 0.9, len(tokens)).tolist()
    for warm_start in (False, True):
        twice, once = (
            make_predictor(space, replace(spec, warm_start=warm_start)) for _ in range(2)
        )
        twice.fit(tokens, rewards, 1, 1)
        later = twice.fit(tokens, rewards, 2, 2).losses[0]
        fresh = once.fit(tokens, rewards, 2, 2).losses[0]
        assert (later == fresh) is not warm_start
        assert not warm_start or later < fresh


def test_initialisation_is_the_papers(space: StateSpace) -> None:
    for name in ("lstm", "mlp"):
        weights = NeuralPredictor.create(space, named_spec(name)).weights
        assert weights["embed/input"].shape == (1, 4, 100)
        assert weights["embed/operator"].shape == (1, 4, 100)
        embedded = np.concatenate([weights["embed/input"], weights["embed/operator"]]).ravel()
        assert np.abs(embedded).max() <= 0.1
        assert embedded.std() == pytest.approx(0.1 / 3**0.5, rel=0.1)
        assert weights["out_bias"] == pytest.approx(1.8)


def test_members_leave_out_a_fold_each() -> None:
    subsets = member_subsets(23, 5, seed=0)
    every_row = np.arange(23)
    folds = [np.setdiff1d(every_row, subset) for subset in subsets]
    assert sorted(np.concatenate(folds)) == every_row.tolist()
    assert {len(fold) for fold in folds} == {4, 5}

    (of_one_member,) = member_subsets(7, 1, seed=0)
    assert of_one_member.tolist() == list(range(7))


def test_lstm_is_keras_lstm(space: StateSpace) -> None:
    import keras

    predictor = _rough(space, LSTMSpec(embedding=8, hidden=16))
    weights = {name: array[0] for name, array in predictor.weights.items()}
    tokens = space.expand(space.initial_children()[:4]).tokens
    embedded = [
        weights["embed/input" if s % 2 == 0 else "embed/operator"][tokens[:, :, s]]
        for s in range(4)
    ]
    sequence = np.stack(embedded, axis=2).reshape(len(tokens), 8, 8)
    layer = keras.layers.LSTM(16)
    layer.build(sequence.shape)
    layer.set_weights([weights["kernel"], weights["recurrent"], weights["bias"]])
    logits = np.asarray(layer(sequence)) @ weights["out_kernel"] + weights["out_bias"]
    np.testing.assert_allclose(
        predictor.predict(tokens), 1 / (1 + np.exp(-logits[:, 0])), atol=1e-5
    )


@pytest.mark.parametrize("name", ["lstm", "mlp"])
@pytest.mark.parametrize(("low", "high"), [(0.02, 0.05), (0.1, 0.4), (0.995, 1.0)])
def test_rewards_far_from_the_papers_do_not_drive_it_into_the_flat_of_the_sigmoid(
    name: str, low: float, high: float
) -> None:
    space = StateSpace(B=2, operators=["3x3 maxpool", "identity"])
    tokens = space.encode(space.initial_children())
    rewards = np.random.default_rng(1).uniform(low, high, len(tokens))
    predictor = make_predictor(space, named_spec(name))
    predictor.fit(tokens, rewards.tolist(), stage=1, seed=1)
    predicted = predictor.predict(tokens)
    assert np.corrcoef(predicted, rewards)[0, 1] > 0.9
