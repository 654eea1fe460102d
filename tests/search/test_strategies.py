"""The contract of every strategy, whatever it decides by."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.fake_children import FakeChildren, fake_reward

from pnas.execution import SerialExecutor
from pnas.predictors import ControllerSpec
from pnas.records import Journal, Status, summarize
from pnas.search import STOPPED_BY, Budget, SearchLoop, SearchSpec, Strategy, make_strategy
from pnas.seeds import derive_seed
from pnas.state_space import Cell, NASBench201Space, SlotSpace, StateSpace

CONTROLLER = ControllerSpec(predictor="mlp", K=4, embedding=4, hidden=4, steps=5)
SPACES: dict[str, SlotSpace] = {
    "pnas": StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1),  # 6 and 126 cells
    "large": StateSpace(3, ["3x3 conv", "identity"], -1),
    "nasbench201": NASBench201Space(2),
}
BUDGET = 21
SPECS = {
    "random": SearchSpec(kind="random", batch=4, max_children=BUDGET),
    "evolution": SearchSpec(kind="evolution", population=6, sample=3, batch=3, max_children=BUDGET),
    "progressive_random": SearchSpec(kind="progressive_random", max_children=BUDGET),
    "progressive": SearchSpec(max_children=BUDGET),
    "explored": SearchSpec(uncertainty=1.0, explore=0.5, probe=2, max_children=BUDGET),
    "refined": SearchSpec(uncertainty=1.0, refine=3, max_children=BUDGET),
    "a sample first": SearchSpec(first=3, uncertainty=1.0, refine=3, max_children=BUDGET),
    "refined nearby": SearchSpec(refine=3, refine_pool=9, refine_parents=2, max_children=BUDGET),
}


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> SearchSpec:
    return SPECS[request.param]


@pytest.fixture(params=SPACES)
def space(request: pytest.FixtureRequest) -> SlotSpace:
    return SPACES[request.param]


def make(spec: SearchSpec, space: SlotSpace, seed: int = 0) -> Strategy:
    return make_strategy(spec, space, CONTROLLER, seed)


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

    stages = asked(make_strategy(spec, space, CONTROLLER, 0, is_feasible=is_feasible), 4)
    assert sum(len(cells) for cells, _ in stages) > 6
    assert all(is_feasible(cell) for cells, _ in stages for cell in cells)


@pytest.mark.parametrize("kind", ["random", "evolution"])
def test_a_search_is_over_when_no_allowed_cell_is_left(kind: str) -> None:
    space = StateSpace(1, ["3x3 conv", "identity"], -1)
    strategy = make_strategy(
        SPECS[kind], space, CONTROLLER, 0, is_feasible=lambda cell: "conv" not in str(cell)
    )
    assert [str(cell) for cells, _ in asked(strategy, 4) for cell in cells] == [
        "(-1, identity, -1, identity)"
    ]


def test_stages_have_the_size_that_the_settings_give(spec: SearchSpec, space: SlotSpace) -> None:
    stages = [stage for stage, _ in asked(make(spec, space), 4)]
    sizes = [len(stage) for stage in stages]
    if not spec.is_progressive:
        first = spec.population if spec.kind == "evolution" else spec.batch
        assert sizes == [first, *[spec.batch] * 3]
        assert {len(cell) for stage in stages for cell in stage} == {space.B}
    else:
        grown = [spec.first or space.num_cells(1), *[4 + spec.probe] * (space.B - 1)]
        assert sizes == [*grown, *[spec.refine] * (4 - space.B if spec.refine else 0)]
        assert [len(stage[0]) for stage in stages[: space.B]] == list(range(1, space.B + 1))


def test_replay_equals_live_at_every_stage(spec: SearchSpec, space: SlotSpace) -> None:
    live = asked(make(spec, space), 4)
    for stages in range(len(live)):
        replayed = make(spec, space)
        for cells, predictions in live[:stages]:
            replayed.resume(cells, predictions)  # type: ignore[arg-type]
            replayed.replay(rewards(cells))
        assert not replayed.is_over()
        proposal = replayed.ask()
        assert proposal is not None
        assert (list(proposal.cells), proposal.predictions) == live[stages]


def test_another_seed_is_another_search(spec: SearchSpec, space: SlotSpace) -> None:
    if spec.is_progressive:
        space = SPACES["large"]
    assert asked(make(spec, space, 0), 4) != asked(make(spec, space, 1), 4)


def identify(space: SlotSpace, cell: Cell) -> tuple[str, int]:
    return space.key(cell), derive_seed(0, space.key(cell))


def search(
    run_dir: Path, spec: SearchSpec, space: SlotSpace, may: Callable[[Path], bool] = lambda _: True
) -> None:
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    executor = SerialExecutor(FakeChildren(str(run_dir / "trained")))
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        SearchLoop(make(spec, space), executor, journal, partial(identify, space), spec=spec).run()


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
    ends_by_itself = spec.is_progressive and not spec.refine
    assert len(whole) == (3 + 2 * (4 + spec.probe) if ends_by_itself else BUDGET)
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
    of_two = [cell for _, cell, *_ in outcome(tmp_path) if cell.count("(") == 2]
    assert len(set(of_two)) == len(of_two) == 27
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) is None


@pytest.mark.parametrize(("epochs", "children"), [(20, 10), (21, 10), (40, 20)])
def test_a_budget_of_epochs_has_room_for_whole_children(
    epochs: int, children: int, tmp_path: Path
) -> None:
    spec = SearchSpec(kind="random", batch=4, max_epochs=epochs)
    (tmp_path / "trained").mkdir()
    space = SPACES["large"]
    executor = SerialExecutor(FakeChildren(str(tmp_path / "trained")))
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        budget = Budget(spec, journal, epochs=2)  # fake children have two losses
        SearchLoop(
            make(spec, space), executor, journal, partial(identify, space), spec=spec, budget=budget
        ).run()
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
    judged = first["predictor"]["choice_next"]
    assert judged["regret"] == pytest.approx(max(rewards[4:]) - max(rewards[:4]))  # type: ignore[type-var, operator]
    assert (
        judged["probe"]["spearman_low"]
        <= judged["probe"]["spearman"]
        <= judged["probe"]["spearman_high"]
    )
    assert second["predictor"]["choice_next"]["chosen"]["kendall"] is not None
    assert third["predictor"].get("choice_next") is None
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
