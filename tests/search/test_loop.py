"""The loop against a strategy and children that are simple enough to know what must come out."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.fake_children import FakeChildren, fake_reward

from pnas.errors import InvalidValue
from pnas.execution import LocalExecutor, SerialExecutor
from pnas.records import ChildRecord, Journal, Status
from pnas.search import STOPPED_BY, Proposal, SearchFailed, SearchLoop, SearchSpec, may_continue
from pnas.seeds import derive_seed
from pnas.state_space import Cell

OPERATORS = ["identity", "3x3 conv", "5x5 conv", "7x7 conv"]
FIRST = [f"(-1, identity, -1, identity), (-1, {name}, -1, identity)" for name in OPERATORS]
"""The cells of stage 1."""


class Greedy:
    """Extends the best cell seen by every operator, for ``stages`` stages."""

    def __init__(self, stages: int = 3) -> None:
        self._left = stages
        self._cells = []
        self._best = Cell([(-1, "identity", -1, "identity")])
        self.calls: list[str] = []
        self.told: list[Sequence[float | None]] = []

    def ask(self) -> Proposal | None:
        self.calls.append("ask")
        if self._left == 0:
            return None
        cells = [self._best.extended((-1, name, -1, "identity")) for name in OPERATORS]
        self.resume(cells, None)
        self.calls.pop()
        return Proposal(cells, [fake_reward(str(cell)) for cell in cells], 8, 4, 0.1)

    def is_over(self) -> bool:
        return self._left == 0

    def resume(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        self.calls.append("resume")
        self._cells = list(cells)
        self._left = self._left - 1

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        self.calls.append("tell")
        self._learn(rewards)
        return {"kind": "greedy", "loss": 0.0, "spearman_fit": 1.0, "spearman_next": 1.0}

    def replay(self, rewards: Sequence[float | None]) -> None:
        self.calls.append("replay")
        self._learn(rewards)

    def _learn(self, rewards: Sequence[float | None]) -> None:
        self.told.append(rewards)
        scored = [(reward, i) for i, reward in enumerate(rewards) if reward is not None]
        self._best = self._cells[max(scored)[1]]


class Stop(Exception):
    """Stands for a kill between two transactions."""


class StopAfter:
    """An observer that ends the process's loop after some number of events."""

    def __init__(self, events: int) -> None:
        self._left = events

    def _event(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Stop

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        self._event()

    def child_ended(self, child: ChildRecord) -> None:
        self._event()

    def learning(self, b: int) -> None:
        self._event()

    def stage_closed(self, b: int) -> None:
        self._event()


def identify(cell: Cell) -> tuple[str, int]:
    return cell.text_hash, derive_seed(0, cell.text_hash)


def loop(
    tmp_path: Path,
    *observers: StopAfter,
    faults: dict[str, str] | None = None,
    seconds: float = 0.0,
    cost: Callable[[Cell], float] | None = None,
    **search: Any,
) -> SearchLoop:
    (tmp_path / "trained").mkdir(parents=True, exist_ok=True)
    executor = SerialExecutor(FakeChildren(str(tmp_path / "trained"), faults or {}, seconds))
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    return SearchLoop(
        Greedy(), executor, journal, identify, None, observers, SearchSpec(**search), cost=cost
    )


def outcome(tmp_path: Path) -> list[tuple[int, str, float | None, float | None]]:
    with Journal(tmp_path / "journal.sqlite") as journal:
        return [
            (child.b, str(child.cell), child.predicted, child.reward)
            for child in journal.children()
        ]


def test_a_search_trains_every_stage_and_stores_it(tmp_path: Path) -> None:
    loop(tmp_path).run()
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert [(s.b, s.candidates_scored, s.unique_candidates) for s in journal.stages()] == [
            (1, 8, 4), (2, 8, 4), (3, 8, 4),
        ]  # fmt: skip
        assert all(stage.closed_at for stage in journal.stages())
        assert [child.b for child in journal.children()] == [1] * 4 + [2] * 4 + [3] * 4
        assert all(child.reward == fake_reward(str(child.cell)) for child in journal.children())
        assert all(child.seed == derive_seed(0, child.key) for child in journal.children())


@pytest.mark.parametrize("events", range(2, 21))
def test_stopped_anywhere_it_ends_as_if_never_stopped_and_trains_nothing_twice(
    events: int, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    loop(tmp_path / "whole").run()
    while True:
        try:
            loop(tmp_path, StopAfter(events)).run()
            break
        except Stop:
            continue
    assert outcome(tmp_path) == outcome(tmp_path / "whole")
    assert len(list((tmp_path / "trained").iterdir())) == 12


def test_the_longest_children_are_trained_first_and_it_changes_no_result(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    loop(tmp_path / "whole").run()
    loop(
        tmp_path,
        cost=lambda cell: str(cell).count("7x7") - str(cell).count("identity, -1, identity"),
    ).run()
    assert outcome(tmp_path) == outcome(tmp_path / "whole")
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = sorted(journal.children(1), key=lambda child: child.ended_at or 0)
    assert [child.position for child in first] == [3, 1, 2, 0]


def test_with_a_time_budget_the_best_predicted_are_trained_first(tmp_path: Path) -> None:
    loop(tmp_path, cost=lambda cell: str(cell).count("7x7"), max_seconds=60.0).run()
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert [
            child.position for child in sorted(journal.children(1), key=lambda c: c.ended_at or 0)
        ] == [0, 1, 2, 3]


def test_a_finished_search_runs_again_without_asking_for_training(tmp_path: Path) -> None:
    loop(tmp_path).run()
    loop(tmp_path).run()
    assert len(list((tmp_path / "trained").iterdir())) == 12


def test_a_failing_child_is_recorded_and_the_search_goes_on(tmp_path: Path) -> None:
    failing = "(-1, identity, -1, identity), (-1, 5x5 conv, -1, identity)"
    loop(tmp_path, faults={failing: "raise"}).run()
    with Journal(tmp_path / "journal.sqlite") as journal:
        failed = [child for child in journal.children() if child.status is Status.FAILED]
        assert [str(child.cell) for child in failed] == [failing]
        assert len(journal.children()) == 12


@pytest.mark.parametrize("name", ["once die", "once hang"])
def test_lost_workers_change_nothing(name: str, tmp_path: Path) -> None:
    loop(tmp_path / "whole").run()
    folder = tmp_path / "faulty"
    (folder / "trained").mkdir(parents=True)
    factory = FakeChildren(str(folder / "trained"), dict.fromkeys((FIRST[0], FIRST[3]), name))
    with (
        closing(LocalExecutor(factory, workers=2, child_timeout=2.0)) as executor,
        Journal(folder / "journal.sqlite", create=True) as journal,
    ):
        SearchLoop(Greedy(), executor, journal, identify).run()
    assert outcome(folder) == outcome(tmp_path / "whole")
    assert trained(folder) == 14


def test_a_stage_that_mostly_fails_stops_the_search_and_says_why(tmp_path: Path) -> None:
    root = "(-1, identity, -1, identity), "
    faults = {f"{root}(-1, {name}, -1, identity)": "raise" for name in OPERATORS[:3]}
    with pytest.raises(SearchFailed, match=r"3 of the 4 children of stage 1 failed.*no such layer"):
        loop(tmp_path, faults=faults).run()
    log = next((tmp_path / "errors").iterdir()).read_text()
    assert "no such layer" in log
    assert "in _train" in log
    # The same command again finds the same; asked to, it trains those that failed, and no others.
    with pytest.raises(SearchFailed, match=r"search\.retry_failed=true"):
        loop(tmp_path).run()
    assert trained(tmp_path) == 3
    loop(tmp_path, retry_failed=True).run()
    assert trained(tmp_path) == 3 + 12
    loop(tmp_path / "whole").run()
    assert outcome(tmp_path) == outcome(tmp_path / "whole")


def test_a_winner_without_weights_is_trained_for_them_once_more(tmp_path: Path) -> None:
    loop(tmp_path).run()
    weights = tmp_path / "weights"
    weights.mkdir()
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        executor = SerialExecutor(FakeChildren(str(tmp_path / "trained")))
        SearchLoop(Greedy(), executor, journal, identify, weights).run()
        best = max(journal.children(), key=lambda child: child.reward or 0)
        restored = [event.detail for event in journal.events() if event.kind == "weights_restored"]
        assert restored == [{"key": best.key, "reward": best.reward}]
    assert len(list((tmp_path / "trained").iterdir())) == 13


def trained(tmp_path: Path) -> int:
    return len(list((tmp_path / "trained").iterdir()))


def test_the_predictor_may_be_told_the_worst_reward_for_a_failed_child(tmp_path: Path) -> None:
    told: dict[str, list[list[float | None]]] = {}
    for policy in ("exclude", "worst"):
        search = loop(tmp_path / policy, faults={FIRST[2]: "raise"}, failed_reward=policy)
        told[policy] = search._strategy.told  # type: ignore[attr-defined]
        search.run()
        again = loop(tmp_path / policy, failed_reward=policy)
        again.run()
        assert again._strategy.told == told[policy]  # type: ignore[attr-defined]
    rewards = [fake_reward(cell) for cell in FIRST]
    others = [reward for i, reward in enumerate(rewards) if i != 2]
    assert told["exclude"][0] == [*rewards[:2], None, rewards[3]]
    assert told["worst"][0] == [*rewards[:2], min(others), rewards[3]]


@pytest.mark.parametrize("children", range(1, 13))
def test_a_budget_of_children_ends_the_search_and_more_of_it_continues(
    children: int, tmp_path: Path
) -> None:
    loop(tmp_path / "whole").run()
    loop(tmp_path, max_children=children).run()
    assert trained(tmp_path) == children
    with Journal(tmp_path / "journal.sqlite") as journal:
        limit = None if children == 12 else f"search.max_children={children}"
        assert journal.meta(STOPPED_BY) == limit
        # A stage that was cut short is learned from, if there is anything to learn.
        assert all(stage.closed_at for stage in journal.stages()) == (children > 1)
        assert not may_continue(SearchSpec(max_children=children), journal)
        assert may_continue(SearchSpec(max_children=children + 1), journal) == (children < 12)
    loop(tmp_path, max_children=children).run()
    assert trained(tmp_path) == children
    loop(tmp_path).run()
    assert trained(tmp_path) == 12
    assert outcome(tmp_path) == outcome(tmp_path / "whole")
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) is None


def test_a_budget_of_time_starts_no_child_beyond_it(tmp_path: Path) -> None:
    loop(tmp_path, seconds=0.2, max_seconds=0.5).run()
    assert 1 <= trained(tmp_path) <= 3
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) == "search.max_seconds=0.5"
        ended = len([child for child in journal.children() if child.ended_at])
    assert ended == trained(tmp_path)
    loop(tmp_path).run()
    assert trained(tmp_path) == 12


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"failed_reward": "zero"}, "search.failed_reward"),
        ({"max_seconds": 0}, "search.max_seconds"),
        ({"max_seconds": float("nan")}, "search.max_seconds"),
        ({"max_children": 0}, "search.max_children"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        SearchSpec(**settings)
    assert refused.value.key == key
