"""The loop against a strategy and children that are simple enough to know what must come out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.fake_children import FakeChildren, fake_reward

from pnas.execution import SerialExecutor
from pnas.records import ChildRecord, Journal, Status
from pnas.search import Proposal, SearchFailed, SearchLoop
from pnas.seeds import derive_seed
from pnas.state_space import Cell

OPERATORS = ["identity", "3x3 conv", "5x5 conv", "7x7 conv"]


class Greedy:
    """Extends the best cell seen by every operator, for ``stages`` stages."""

    def __init__(self, stages: int = 3) -> None:
        self._left, self._cells, self._best = stages, [], Cell([(-1, "identity", -1, "identity")])
        self.calls: list[str] = []

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
        self._cells, self._left = list(cells), self._left - 1

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        self.calls.append("tell")
        self._learn(rewards)
        return {"kind": "greedy", "loss": 0.0, "spearman_fit": 1.0, "spearman_next": 1.0}

    def replay(self, rewards: Sequence[float | None]) -> None:
        self.calls.append("replay")
        self._learn(rewards)

    def _learn(self, rewards: Sequence[float | None]) -> None:
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


def loop(tmp_path: Path, *observers: StopAfter, faults: dict[str, str] | None = None) -> SearchLoop:
    (tmp_path / "trained").mkdir(exist_ok=True)
    executor = SerialExecutor(FakeChildren(str(tmp_path / "trained"), faults or {}))
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    return SearchLoop(Greedy(), executor, journal, identify, None, observers)


def outcome(tmp_path: Path) -> list[tuple[int, str, float | None, float | None]]:
    with Journal(tmp_path / "journal.sqlite") as journal:
        return [(child.b, str(child.cell), child.predicted, child.reward) for child in journal.children()]


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
def test_stopped_anywhere_it_ends_as_if_never_stopped_and_trains_nothing_twice(events: int, tmp_path: Path) -> None:
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


def test_a_stage_that_mostly_fails_stops_the_search_and_says_why(tmp_path: Path) -> None:
    root = "(-1, identity, -1, identity), "
    faults = {f"{root}(-1, {name}, -1, identity)": "raise" for name in OPERATORS[:3]}
    with pytest.raises(SearchFailed, match=r"3 of the 4 children of stage 1 failed.*no such layer"):
        loop(tmp_path, faults=faults).run()
