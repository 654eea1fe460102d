"""The contract of every strategy, whatever it decides by."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fake_children import FakeChildren, fake_reward
from support.fake_objectives import fake_limits, fake_source

from pnas.controller.history_fit import HistoryFit
from pnas.execution import SerialExecutor
from pnas.predictors import ControllerSpec, make_controller_spec
from pnas.records import Journal, Status, summarize
from pnas.runs.child_identity import identify
from pnas.search import (
    STOPPED_BY,
    Budget,
    ClosedStage,
    EvolutionSpec,
    OpenStage,
    ProgressiveRandomSpec,
    ProgressiveSpec,
    RandomSpec,
    RefinedSpec,
    SearchHistory,
    SearchLoop,
    SearchSpec,
    Strategy,
    StrategyContext,
    make_strategy,
)
from pnas.search.objective_source import ObjectiveSource
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import Cell, NASBench201Space, SlotSpace, StateSpace

CONTROLLER = make_controller_spec(predictor="mlp", K=4, embedding=4, hidden=4, steps=5)
SPACES: dict[str, SlotSpace] = {
    "pnas": StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1),  # 6 and 126 cells
    "large": StateSpace(3, ["3x3 conv", "identity"], -1),
    "nasbench201": NASBench201Space(2),
}
BUDGET = 21
SPECS: dict[str, SearchSpec] = {
    "random": RandomSpec(batch=4, max_children=BUDGET),
    "evolution": EvolutionSpec(population=6, sample=3, batch=3, max_children=BUDGET),
    "progressive_random": ProgressiveRandomSpec(max_children=BUDGET),
    "progressive": ProgressiveSpec(max_children=BUDGET),
    "explored": ProgressiveSpec(uncertainty=1.0, explore=0.5, probe=2, max_children=BUDGET),
    "refined": RefinedSpec(refine=3, max_children=BUDGET),
    "a sample first": RefinedSpec(first=3, refine=3, max_children=BUDGET),
    "a mixed start": RefinedSpec(start="mixed", first_full=4, refine=3, max_children=BUDGET),
    "a mixed start nearby": RefinedSpec(
        start="mixed", first=2, first_full=3, refine=3, refine_pool=9, max_children=BUDGET
    ),
    "refined nearby": RefinedSpec(
        uncertainty=0.0, refine=3, refine_pool=9, refine_parents=2, max_children=BUDGET
    ),
    "a front, progressive": ProgressiveSpec(
        objectives=["reward", "params"], explore=0.25, probe=1, max_children=BUDGET
    ),
    "a front, refined": RefinedSpec(
        objectives=["train_seconds", "reward"],
        start="mixed",
        first_full=4,
        refine=3,
        max_children=BUDGET,
    ),
    "a front, measured": RefinedSpec(
        objectives=["reward", "latency_ms"],
        constraints={"latency_ms": 2.0},
        start="mixed",
        first_full=4,
        refine=3,
        max_children=BUDGET,
    ),
    "a constraint on what is measured": ProgressiveSpec(
        constraints={"latency_ms": 2.0}, max_children=BUDGET
    ),
    "a front, evolution": EvolutionSpec(
        objectives=["reward", "madds"], population=6, sample=3, batch=3, max_children=BUDGET
    ),
}


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> SearchSpec:
    return SPECS[request.param]


@pytest.fixture(params=SPACES)
def space(request: pytest.FixtureRequest) -> SlotSpace:
    return SPACES[request.param]


def source_of(spec: SearchSpec) -> ObjectiveSource | None:
    return fake_source(spec.objectives) if len(spec.objectives) > 1 else None


def make(
    spec: SearchSpec,
    space: SlotSpace,
    seed: int = 0,
    history: SearchHistory = SearchHistory(),  # noqa: B008 - frozen
    is_feasible: Callable[[Cell], bool] | None = None,
    controller: ControllerSpec = CONTROLLER,
) -> Strategy:
    objectives = source_of(spec)
    context = StrategyContext(
        spec,
        space,
        controller,
        seed,
        is_feasible=is_feasible,
        objectives=objectives,
        limits=fake_limits(spec.constraints),
    )
    return make_strategy(context, history)


def rewards(cells: list[Cell]) -> list[float | None]:
    """Of a whole number of cells one has failed."""
    return [None if i == 1 else fake_reward(str(cell)) for i, cell in enumerate(cells)]


def asked(strategy: Strategy, stages: int) -> list[tuple[list[Cell], object]]:
    found: list[tuple[list[Cell], object]] = []
    for _ in range(stages):
        over = strategy.is_over()
        proposal = strategy.ask()
        if proposal is None:
            break
        assert not over
        found.append((list(proposal.cells), proposal.predictions))
        strategy.tell(rewards(list(proposal.cells)))
    return found


def test_no_cell_is_asked_for_twice_and_all_belong_to_the_space(
    spec: SearchSpec, space: SlotSpace
) -> None:
    cells = [space.check(cell) for stage, _ in asked(make(spec, space), 6) for cell in stage]
    assert len({space.key(cell) for cell in cells}) == len(cells) > 6


def test_no_cell_is_asked_for_that_is_not_allowed(spec: SearchSpec, space: SlotSpace) -> None:
    first = space.operators[0] if isinstance(space, StateSpace) else "none"

    def is_feasible(cell: Cell) -> bool:
        return str(cell).count(first) < 3

    stages = asked(make(spec, space, is_feasible=is_feasible), 4)
    assert sum(len(cells) for cells, _ in stages) > 6
    assert all(is_feasible(cell) for cells, _ in stages for cell in cells)


@pytest.mark.parametrize("kind", ["random", "evolution"])
def test_a_search_is_over_when_no_allowed_cell_is_left(kind: str) -> None:
    space = StateSpace(1, ["3x3 conv", "identity"], -1)
    strategy = make(SPECS[kind], space, is_feasible=lambda cell: "conv" not in str(cell))
    cells = [str(cell) for stage, _ in asked(strategy, 4) for cell in stage]
    assert cells == ["(-1, identity, -1, identity)"]


def test_stages_have_the_size_that_the_settings_give(spec: SearchSpec, space: SlotSpace) -> None:
    stages = [stage for stage, _ in asked(make(spec, space), 4)]
    sizes = [len(stage) for stage in stages]
    if isinstance(spec, RandomSpec | EvolutionSpec):
        first = spec.population if isinstance(spec, EvolutionSpec) else spec.batch
        assert sizes == [first, *[spec.batch] * 3]
        assert {len(cell) for stage in stages for cell in stage} == {space.B}
        return

    if isinstance(spec, RefinedSpec) and spec.start == "mixed":
        one_block = spec.first or min(8, space.num_cells(1))
        full_size = spec.first_full
        assert sizes == [one_block + full_size, *[spec.refine] * 3]
        blocks = [len(cell) for cell in stages[0]]
        assert blocks == [1] * one_block + [space.B] * full_size
        assert {len(cell) for stage in stages[1:] for cell in stage} == {space.B}
        return

    probe = getattr(spec, "probe", 0)
    first = getattr(spec, "first", None) or space.num_cells(1)
    grown = [first, *[4 + probe] * (space.B - 1)]
    rounds = [spec.refine] * (4 - space.B) if isinstance(spec, RefinedSpec) else []
    assert sizes == [*grown, *rounds]
    assert [len(stage[0]) for stage in stages[: space.B]] == list(range(1, space.B + 1))


def after(stages: list[tuple[list[Cell], object]]) -> SearchHistory:
    """The history of a search in which all of ``stages`` are closed."""
    return SearchHistory([ClosedStage(cells, rewards(cells)) for cells, _ in stages])


def test_a_strategy_built_from_its_history_goes_on_as_the_one_that_ran(
    spec: SearchSpec, space: SlotSpace
) -> None:
    live = asked(make(spec, space), 4)
    for number in range(len(live)):
        resumed = make(spec, space, history=after(live[:number]))
        assert not resumed.is_over()
        proposal = resumed.ask()
        assert proposal is not None
        assert (list(proposal.cells), proposal.predictions) == live[number]


def test_a_strategy_built_within_a_stage_learns_it_as_the_one_that_ran(
    spec: SearchSpec, space: SlotSpace
) -> None:
    live = make(spec, space)
    stages = asked(live, 2)
    following = live.ask()

    cells, predictions = stages[1]
    history = SearchHistory(after(stages[:1]).closed, OpenStage(cells, predictions))  # type: ignore[arg-type]
    resumed = make(spec, space, history=history)
    resumed.tell(rewards(cells))
    again = resumed.ask()
    assert (again is None) == (following is None)
    if again is not None and following is not None:
        assert (list(again.cells), again.predictions) == (
            list(following.cells),
            following.predictions,
        )


FITS = {
    # With warm starts a fit begins at the one before, so that each stage needs its own.
    ("finished", False): 0,
    ("finished", True): 0,
    ("between stages", False): 1,
    ("between stages", True): 2,
    ("within a stage", False): 1,
    ("within a stage", True): 3,
}


@pytest.mark.parametrize(("where", "warm_start"), FITS)
def test_no_predictor_is_fitted_that_nobody_needs(
    where: str, warm_start: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = SPACES["large"]
    controller = replace(CONTROLLER, warm_start=warm_start)
    live = asked(make(SPECS["progressive"], space, controller=controller), 3)
    fits: list[int] = []
    fit = HistoryFit.fit

    def counted(history_fit: HistoryFit, stages: Any) -> None:
        fits.append(len(stages))
        fit(history_fit, stages)

    monkeypatch.setattr(HistoryFit, "fit", counted)
    history = after(live if where == "finished" else live[:2])
    if where == "within a stage":
        cells, predictions = live[2]
        history = SearchHistory(history.closed, OpenStage(cells, predictions))  # type: ignore[arg-type]
    strategy = make(SPECS["progressive"], space, history=history, controller=controller)
    assert strategy.is_over() == (where == "finished")
    if where == "within a stage":
        strategy.tell(rewards(live[2][0]))
    else:
        strategy.ask()
    assert len(fits) == FITS[where, warm_start]


def test_another_seed_is_another_search(spec: SearchSpec, space: SlotSpace) -> None:
    if spec.is_progressive:
        space = SPACES["large"]
    assert asked(make(spec, space, 0), 4) != asked(make(spec, space, 1), 4)


def search(run_dir: Path, spec: SearchSpec, space: SlotSpace, epochs: int = 1) -> None:
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    executor = SerialExecutor(FakeChildren(str(run_dir / "trained")))
    context = StrategyContext(
        spec,
        space,
        CONTROLLER,
        seed=0,
        objectives=source_of(spec),
        limits=fake_limits(spec.constraints),
    )
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        loop = SearchLoop(
            make_strategy=partial(make_strategy, context),
            training=TrainingSetup(executor),
            journal=journal,
            identify=partial(identify, space, 0),
            spec=spec,
            budget=Budget(spec, journal, epochs=epochs),
        )
        loop.run()


def outcome(run_dir: Path) -> list[tuple[int, str, float | None, float | None]]:
    with Journal(run_dir / "journal.sqlite") as journal:
        return [
            (child.b, str(child.cell), child.predicted, child.reward)
            for child in journal.children()
            if child.status is Status.OK
        ]


def test_the_budget_is_exact_and_continuing_in_pieces_changes_nothing(
    spec: SearchSpec, tmp_path: Path
) -> None:
    space = SPACES["large"]
    search(tmp_path / "whole", spec, space)
    whole = outcome(tmp_path / "whole")
    ends_by_itself = spec.ends_by_itself
    probe = getattr(spec, "probe", 0)
    assert len(whole) == (3 + 2 * (4 + probe) if ends_by_itself else BUDGET)
    for children in (5, 11, 16, BUDGET):
        search(tmp_path / "pieces", replace(spec, max_children=children), space)
        assert len(outcome(tmp_path / "pieces")) == min(children, len(whole))
    assert outcome(tmp_path / "pieces") == whole
    with Journal(tmp_path / "whole" / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) == (
            None if ends_by_itself else f"search.max_children={BUDGET}"
        )


@pytest.mark.parametrize("name", ["random", "evolution", "refined"])
def test_a_space_that_is_used_up_ends_the_search(name: str, tmp_path: Path) -> None:
    space = StateSpace(2, ["3x3 conv", "identity"], -1)  # 3 and 27 cells
    search(tmp_path, replace(SPECS[name], max_children=1000), space)
    of_two_blocks = [cell for _, cell, *_ in outcome(tmp_path) if cell.count("(") == 2]
    assert len(of_two_blocks) == 27
    assert len(set(of_two_blocks)) == 27
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) is None


@pytest.mark.parametrize(("epochs", "children"), [(20, 10), (21, 10), (40, 20)])
def test_a_budget_of_epochs_has_room_for_whole_children(
    epochs: int, children: int, tmp_path: Path
) -> None:
    spec = RandomSpec(batch=4, max_epochs=epochs)
    search(tmp_path, spec, SPACES["large"], epochs=2)  # fake children have two losses
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) == f"search.max_epochs={epochs}"
    assert len(outcome(tmp_path)) == children


def test_evolution_takes_parents_from_the_living_only() -> None:
    space = SPACES["nasbench201"]
    strategy = make(replace(SPECS["evolution"], sample=6, batch=1), space)
    proposal = strategy.ask()
    assert proposal is not None
    old = proposal.cells[-1]
    strategy.tell([0.1, 0.2, 0.3, 0.4, 0.5, 1.0])
    parents = []
    for _ in range(8):
        following = strategy.ask()
        assert following is not None
        child = following.cells[0]
        parents.append(differences(child, old) == 1)
        strategy.tell([0.9])
    # The best of all, and the youngest: the parent of six children, and dead then.
    assert parents[:6] == [True] * 6
    assert parents != [True] * 8


def differences(a: Cell, b: Cell) -> int:
    return sum(
        x != y
        for one, other in zip(a.blocks, b.blocks, strict=True)
        for x, y in zip(one, other, strict=True)
    )


def test_random_search_is_uniform_over_unique_cells() -> None:
    space = StateSpace(2, ["3x3 conv", "identity"], -1)
    generator = np.random.default_rng(0)
    cells = [space.random_cell(2, generator) for _ in range(2700)]
    counts = [cells.count(cell) for cell in set(cells)]
    assert len(counts) == 27
    # Chi-squared with 26 degrees of freedom: beyond 54.05 once in a thousand.
    assert sum((count - 100) ** 2 / 100 for count in counts) < 54.05


def test_how_the_choice_fared_is_kept_with_the_stage_that_chose(tmp_path: Path) -> None:
    search(tmp_path, replace(SPECS["explored"], probe=5, max_children=None), SPACES["large"])
    with Journal(tmp_path / "journal.sqlite") as journal:
        first, second, third = summarize(journal)["stages"]
        rewards = [child.reward for child in journal.children(2)]
    assert len(rewards) == 4 + 5
    judged = first["predictor"]["selection_quality"]
    assert first["predictor"]["choice_next"] == judged  # its first name
    assert judged["regret"] == pytest.approx(max(rewards[4:]) - max(rewards[:4]))  # type: ignore[type-var, operator]
    assert (
        judged["probe"]["spearman_low"]
        <= judged["probe"]["spearman"]
        <= judged["probe"]["spearman_high"]
    )
    assert second["predictor"]["selection_quality"]["chosen"]["kendall"] is not None
    assert third["predictor"].get("selection_quality") is None
    assert [stage["blocks"] for stage in (first, second, third)] == [1, 2, 3]


def test_rounds_go_on_at_the_size_of_the_last_stage(tmp_path: Path) -> None:
    search(tmp_path, SPECS["refined"], SPACES["large"])
    with Journal(tmp_path / "journal.sqlite") as journal:
        summary = summarize(journal)
    assert [stage["blocks"] for stage in summary["stages"]] == [1, 2, 3, 3, 3, 3, 3][
        : len(summary["stages"])
    ]
    assert len(summary["stages"]) == 3 + 4  # 3 + 4 + 4 children, and 10 in rounds of 3
    assert summary["best"]["b"] == len(Cell.parse(summary["best"]["cell"]))
