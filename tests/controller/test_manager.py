from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pnas.controller import ControllerManager
from pnas.errors import InvalidValue, PnasError
from pnas.predictors import ControllerSpec
from pnas.state_space import Cell, NASBench201Space, StateSpace

RewardOf = Callable[[Cell], float]
MakeSpec = Callable[..., ControllerSpec]


@pytest.fixture
def controller(space: StateSpace, make_spec: MakeSpec) -> ControllerManager:
    return ControllerManager(space, B=3, K=8, spec=make_spec("mlp"), seed=1)


def _train(controller: ControllerManager, reward: RewardOf) -> None:
    controller.train([reward(cell) for cell in controller.get_actions()])


def test_the_papers_counts() -> None:
    controller = ControllerManager(StateSpace(5), B=5, K=256, predictor="mlp")
    children = controller.get_actions()
    assert len(children) == 136
    controller.train([len(set(str(child))) / 50 for child in children])
    generation = controller.update()
    assert (generation.candidates_scored, generation.unique_candidates) == (40_800, 31_620)
    assert controller.stage == 2
    assert controller.get_actions() == generation.cells
    assert controller.predictions == generation.predictions
    assert len(generation.cells) == 256


def test_the_original_projects_loop(controller: ControllerManager, reward: RewardOf) -> None:
    sizes = []
    reports = []
    for _ in range(3):
        children = controller.get_actions()
        sizes.append((len(children), len(children[0])))
        reports.append(controller.train([reward(child) for child in children]))
        last = controller.update()
    assert sizes == [(36, 1), (8, 2), (8, 3)]
    assert [report.spearman_next is None for report in reports] == [True, False, False]
    assert reports[0].spearman_fit is not None
    assert reports[0].spearman_fit > 0.8
    assert reports[0].kind == "mlp"
    assert reports[0].loss == reports[0].losses[-1]
    assert (last.cells, controller.get_actions(), controller.stage) == ([], [], 3)
    with pytest.raises(PnasError, match="stage 3 was trained already"):
        controller.train([])


def test_a_benchmark_space(make_spec: MakeSpec) -> None:
    controller = ControllerManager(NASBench201Space(), B=3, K=4, spec=make_spec("lstm"))
    for expected in (5, 4, 4):
        children = controller.get_actions()
        assert len(children) == expected
        controller.train(np.linspace(0, 1, expected).tolist())
        controller.update()


@pytest.mark.parametrize("name", ["lstm", "mlp", "lstm_ensemble", "mlp_ensemble"])
def test_ranks_cells_of_the_next_size(
    name: str, space: StateSpace, make_spec: MakeSpec, reward: RewardOf
) -> None:
    spec = replace(make_spec(name), steps=200)
    controller = ControllerManager(space, B=2, K=None, spec=spec)
    _train(controller, reward)
    controller.update()
    chosen = controller.get_actions()
    report = controller.train([reward(cell) for cell in chosen])
    assert len(chosen) > 2000
    assert report.spearman_next is not None
    assert report.spearman_next > 0.5


def test_k_limits_the_children(
    controller: ControllerManager, space: StateSpace, reward: RewardOf
) -> None:
    drawn = controller.get_actions(K=5)
    assert len(drawn) == 5
    assert set(drawn) < set(space.initial_children())
    assert ControllerManager(space, 3, 8, seed=1).get_actions(K=5) == drawn
    assert ControllerManager(space, 3, 8, seed=2).get_actions(K=5) != drawn
    controller.train([reward(cell) for cell in drawn])
    generation = controller.update()
    assert controller.get_actions(K=3) == generation.cells[:3]
    report = controller.train([0.1, 0.2, 0.3])
    assert report.spearman_next is not None


def test_failed_children_are_left_out(controller: ControllerManager, reward: RewardOf) -> None:
    children = controller.get_actions()
    failed = set(children[::3])
    controller.train(
        [
            None if i % 6 == 0 else float("nan") if i % 3 == 0 else reward(c)
            for i, c in enumerate(children)
        ]
    )
    assert [r is None for r in controller.history[0][1]] == [child in failed for child in children]
    generation = controller.update()
    assert generation.cells
    assert failed.isdisjoint(Cell(cell.blocks[:1]) for cell in generation.cells)


@pytest.mark.parametrize("usable", [0, 1])
def test_too_few_successes_are_refused(controller: ControllerManager, usable: int) -> None:
    rewards = [0.5] * usable + [None] * (len(controller.get_actions()) - usable)
    with pytest.raises(
        PnasError, match=f"needs at least 2 children with a reward, there are {usable}"
    ):
        controller.train(rewards)


def test_a_stage_that_failed_as_a_whole_has_no_next(
    controller: ControllerManager, reward: RewardOf
) -> None:
    _train(controller, reward)
    controller.update()
    controller.train([None] * 8)
    with pytest.raises(PnasError, match="all 8 children of stage 2 failed"):
        controller.update()


@pytest.mark.parametrize(
    ("rewards", "rule"),
    [
        ([0.5] * 35, "must be one for each of 36 children. Received: 35"),
        ([0.5] * 35 + [1.01], "must be in .0, 1., or None for a failed child. Received: 1.01"),
        ([-0.1] * 36, "must be in"),
        ([float("inf")] * 36, "must be in"),
    ],
)
def test_bad_rewards(controller: ControllerManager, rewards: list[float], rule: str) -> None:
    controller.get_actions()
    with pytest.raises(InvalidValue, match=f"^rewards: {rule}"):
        controller.train(rewards)
    assert controller.history == []


def test_constant_rewards_have_no_correlation(controller: ControllerManager) -> None:
    report = controller.train([0.5] * len(controller.get_actions()))
    assert np.isfinite(report.loss)
    assert report.spearman_fit is None
    assert len(controller.update().cells) == 8


def test_order_of_calls(controller: ControllerManager, reward: RewardOf) -> None:
    with pytest.raises(PnasError, match="stage 1 was not trained"):
        controller.update()
    _train(controller, reward)
    with pytest.raises(PnasError, match="stage 1 was trained already"):
        _train(controller, reward)


@pytest.mark.parametrize(
    ("B", "K", "key"), [(0, 8, "state_space.B"), (4, 8, "state_space.B"), (3, 0, "controller.K")]
)
def test_bad_values(space: StateSpace, B: int, K: int, key: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{key}: must be"):
        ControllerManager(space, B, K)


@pytest.mark.parametrize("name", ["lstm", "mlp_ensemble"])
@pytest.mark.parametrize("warm_start", [False, True])
def test_replay_equals_live(
    name: str, warm_start: bool, space: StateSpace, make_spec: MakeSpec, reward: RewardOf
) -> None:
    def fresh() -> ControllerManager:
        return ControllerManager(space, 3, 8, spec=make_spec(name, warm_start=warm_start), seed=4)

    live = fresh()
    closed = []
    for _ in range(2):
        _train(live, reward)
        closed.append(live.history[-1])
        replayed = fresh()
        replayed.restore_history(closed)
        expected = live.update()
        found = replayed.update()
        assert found[:4] == expected[:4]
    replayed.begin_stage(expected.cells, expected.predictions)
    rewards = [reward(cell) for cell in live.get_actions()]
    assert replayed.get_actions() == live.get_actions()
    assert replayed.train(rewards) == live.train(rewards)


def test_seeds_matter(space: StateSpace, make_spec: MakeSpec, reward: RewardOf) -> None:
    generations = []
    for seed in (1, 1, 2):
        controller = ControllerManager(space, 3, 8, spec=make_spec(), seed=seed)
        _train(controller, reward)
        generations.append(controller.update()[:2])
    assert generations[0] == generations[1] != generations[2]


def test_more_stages_than_b_are_refused(space: StateSpace, make_spec: MakeSpec) -> None:
    stages = [([Cell([(-1, "identity", -1, "identity")] * b)], [0.5]) for b in (1, 2, 3)]
    with pytest.raises(InvalidValue, match=r"^state_space\.B: must be at least 3"):
        ControllerManager(space, 2, 8, spec=make_spec()).restore_history(stages)


def test_save_and_restore_into_a_larger_space(
    controller: ControllerManager, reward: RewardOf, make_spec: MakeSpec, tmp_path: Path
) -> None:
    _train(controller, reward)
    controller.save(tmp_path)
    larger = StateSpace(5, controller.state_space.operators)  # type: ignore[attr-defined]
    other = ControllerManager(larger, 5, 8, spec=make_spec("mlp"))
    other.restore(tmp_path)
    tokens = larger.encode(controller.children)
    np.testing.assert_array_equal(
        other.predictor.predict(tokens), controller.predictor.predict(tokens)
    )


def test_each_stage_is_diagnosed(space: StateSpace, make_spec: MakeSpec, reward: RewardOf) -> None:
    controller = ControllerManager(
        space, B=2, K=8, spec=replace(make_spec("gp"), cross_validate=4), seed=1
    )
    first = controller.train([reward(cell) for cell in controller.get_actions()])
    assert (
        first.spearman_next
        is first.diagnosis["kendall_next"]
        is first.diagnosis["spearman_next_low"]
        is None
    )
    assert first.diagnosis["spearman_cv"] > 0.5
    assert (
        first.diagnosis["kendall_cv_low"]
        <= first.diagnosis["kendall_cv"]
        <= first.diagnosis["kendall_cv_high"]
    )
    controller.update()
    second = controller.train([reward(cell) for cell in controller.get_actions()])
    record = second.as_record()
    assert record["spearman_next"] is not None
    assert {
        "kind",
        "loss",
        "losses",
        "spearman_fit",
        "kendall_fit",
        "kendall_next",
        "spearman_cv",
    } < record.keys()
    assert "diagnosis" not in record


def test_no_cross_validation_unless_asked_for(
    space: StateSpace, make_spec: MakeSpec, reward: RewardOf
) -> None:
    controller = ControllerManager(space, B=2, K=8, spec=replace(make_spec("gp"), cross_validate=0))
    report = controller.train([reward(cell) for cell in controller.get_actions()])
    assert "spearman_cv" not in report.diagnosis


def test_cells_that_are_not_allowed_are_dropped_before_the_best_are_chosen() -> None:
    space = StateSpace(B=2, operators=["3x3 conv", "identity"])
    free = ControllerManager(space, B=2, K=4, predictor="mlp", seed=1)
    forbidden: set[str] = set()

    def is_feasible(cell: Cell) -> bool:
        return str(cell) not in forbidden

    rewards = [0.1 + 0.05 * i for i in range(len(free.get_actions()))]
    free.train(rewards)
    ranked = free.update()
    forbidden |= {str(cell) for cell in ranked.cells[:3]}
    limited = ControllerManager(space, B=2, K=4, predictor="mlp", seed=1, is_feasible=is_feasible)
    limited.train(rewards)
    assert limited.get_actions() == free.history[0][0]
    assert limited.update().cells[0] == ranked.cells[3]
    assert len(limited.children) == 4
    assert not forbidden & {str(cell) for cell in limited.children}


def test_cells_of_one_block_that_are_not_allowed_are_not_children() -> None:
    space = StateSpace(B=1, operators=["3x3 conv", "identity"])
    controller = ControllerManager(
        space, B=1, K=4, is_feasible=lambda cell: "conv" not in str(cell)
    )
    assert controller.get_actions() == [
        cell for cell in space.initial_children() if "conv" not in str(cell)
    ]
