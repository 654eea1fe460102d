"""The loop against a strategy and children that are simple enough to know what must come out."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fake_children import FakeChildren, fake_reward

from pnas.errors import InvalidValue
from pnas.execution import LocalExecutor, Runner, SerialExecutor
from pnas.records import ChildJob, ChildRecord, ChildResult, Choice, Journal, Status
from pnas.search import (
    STOPPED_BY,
    Proposal,
    SearchFailed,
    SearchHistory,
    SearchLoop,
    SearchSpec,
    may_continue,
)
from pnas.search.budget import Budget
from pnas.search.stage_trainer import StageTrainer
from pnas.search.training_setup import TrainingSetup
from pnas.seeds import derive_seed
from pnas.state_space import Cell

OPERATORS = ["identity", "3x3 conv", "5x5 conv", "7x7 conv"]
FIRST = [f"(-1, identity, -1, identity), (-1, {name}, -1, identity)" for name in OPERATORS]
"""The cells of stage 1."""

NO_HISTORY = SearchHistory()


class Greedy:
    """Extends the best cell so far by every operator, for ``stages`` stages."""

    def __init__(self, history: SearchHistory = NO_HISTORY, stages: int = 3) -> None:
        self._stages = stages
        self._opened = 0
        self._cells: list[Cell] = []
        self._best = Cell([(-1, "identity", -1, "identity")])
        self.learned: list[Sequence[float | None]] = []
        self.was_told = 0
        for stage in history.closed:
            self._begin(stage.cells)
            self._learn(stage.rewards)
        if history.open is not None:
            self._begin(history.open.cells)

    def ask(self) -> Proposal | None:
        if self.is_over():
            return None
        self._begin([self._best.extended((-1, name, -1, "identity")) for name in OPERATORS])
        return Proposal(
            cells=self._cells,
            predictions=[fake_reward(str(cell)) for cell in self._cells],
            candidates_scored=8,
            unique_candidates=4,
            seconds=0.1,
        )

    def is_over(self) -> bool:
        return self._opened == self._stages

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        self.was_told += 1
        self._learn(rewards)
        return {"kind": "greedy", "loss": 0.0, "spearman_fit": 1.0, "spearman_next": 1.0}

    def _begin(self, cells: Sequence[Cell]) -> None:
        self._cells = list(cells)
        self._opened += 1

    def _learn(self, rewards: Sequence[float | None]) -> None:
        self.learned.append(rewards)
        scored = [(reward, i) for i, reward in enumerate(rewards) if reward is not None]
        _, best = max(scored)
        self._best = self._cells[best]


class Strategies:
    """Builds the strategies of a loop, and remembers the last one."""

    last: Greedy

    def __call__(self, history: SearchHistory) -> Greedy:
        self.last = Greedy(history)
        return self.last


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


def identify(cell: Cell, repeat: int = 1) -> tuple[str, int]:
    assert repeat == 1
    return cell.text_hash, derive_seed(0, cell.text_hash)


def loop(
    run_dir: Path,
    *observers: StopAfter,
    faults: dict[str, str] | None = None,
    seconds: float = 0.0,
    cost: Callable[[Cell], float] | None = None,
    strategies: Strategies | None = None,
    **search: Any,
) -> SearchLoop:
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    factory = FakeChildren(str(run_dir / "trained"), faults or {}, seconds)
    return SearchLoop(
        make_strategy=strategies or Strategies(),
        training=TrainingSetup(SerialExecutor(factory), observers, cost=cost),
        journal=Journal(run_dir / "journal.sqlite", create=True),
        identify=identify,
        spec=SearchSpec(**search),
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
        stages = journal.stages()
        children = journal.children()
    counts = [(stage.b, stage.candidates_scored, stage.unique_candidates) for stage in stages]
    assert counts == [(1, 8, 4), (2, 8, 4), (3, 8, 4)]
    assert all(stage.closed_at for stage in stages)
    assert [child.b for child in children] == [1] * 4 + [2] * 4 + [3] * 4
    for child in children:
        assert child.reward == fake_reward(str(child.cell))
        assert child.seed == derive_seed(0, child.key)


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

    def cost(cell: Cell) -> float:
        return str(cell).count("7x7") - str(cell).count("identity, -1, identity")

    loop(tmp_path, cost=cost).run()
    assert outcome(tmp_path) == outcome(tmp_path / "whole")
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = sorted(journal.children(1), key=lambda child: child.ended_at or 0)
    assert [child.position for child in first] == [3, 1, 2, 0]


def test_trainings_of_a_cell_lie_apart_so_that_each_worker_repeats_what_it_knows(
    tmp_path: Path,
) -> None:
    cells = [Cell.parse(text) for text in FIRST[:3]]
    cost = {cells[0]: 2.0, cells[1]: 1.0, cells[2]: 3.0}
    choices = []
    for repeat in (1, 2):
        choices += [Choice(cell, f"{cell.text_hash}-{repeat}", repeat, None) for cell in cells]

    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        journal.open_stage(1, choices, 0, len(choices), 0.0)
        trainer = StageTrainer(
            training=TrainingSetup(
                SerialExecutor(FakeChildren(str(tmp_path))), cost=cost.__getitem__
            ),
            journal=journal,
            spec=SearchSpec(),
            budget=Budget(SearchSpec(), journal),
        )
        order = [child.position for child in trainer.in_order(journal.children(1))]
    assert order == [2, 0, 1, 5, 3, 4]


def test_with_a_time_budget_the_best_predicted_are_trained_first(tmp_path: Path) -> None:
    loop(tmp_path, cost=lambda cell: str(cell).count("7x7"), max_seconds=60.0).run()
    with Journal(tmp_path / "journal.sqlite") as journal:
        trained = sorted(journal.children(1), key=lambda child: child.ended_at or 0)
    assert [child.position for child in trained] == [0, 1, 2, 3]


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


class Answers(SerialExecutor):
    """Yields, in the place of what it was given to train, the results of the jobs ``of``."""

    def __init__(self, of: Sequence[int], folder: Path) -> None:
        super().__init__(FakeChildren(str(folder)))
        self.of = of

    def run(self, jobs: Sequence[ChildJob], *more: Any) -> Iterator[tuple[int, ChildResult]]:
        results = dict(super().run(jobs, *more))
        for index in self.of:
            yield index, results[index]


@pytest.mark.parametrize(
    ("of", "received"), [([], "'4 unanswered'"), ([0, 3], "'2 unanswered'"), ([1, 1], "(1, ")]
)
def test_an_executor_that_does_not_answer_each_job_once_ends_the_search(
    of: list[int], received: str, tmp_path: Path
) -> None:
    (tmp_path / "trained").mkdir()
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        search = SearchLoop(
            make_strategy=Greedy,
            training=TrainingSetup(Answers(of, tmp_path / "trained")),
            journal=journal,
            identify=identify,
        )
        with pytest.raises(InvalidValue, match=r"executor\.kind: must name") as refused:
            search.run()
        assert f"Received: {received}" in str(refused.value)
        ended = [child for child in journal.children() if child.status is Status.OK]
        assert len(ended) == len(set(of))
        assert journal.stages()[0].closed_at is None


class Diverging(FakeChildren):
    """The reward of the first cell is ``reward``."""

    reward = math.nan

    def __call__(self) -> Runner:
        train = super().__call__()

        def diverge(job: ChildJob) -> ChildResult:
            result = train(job)
            return replace(result, reward=self.reward) if str(job.cell) == FIRST[0] else result

        return diverge


@pytest.mark.parametrize("reward", [math.nan, math.inf, -math.inf])
def test_a_child_whose_reward_is_no_finite_number_has_failed(
    reward: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Diverging, "reward", reward)
    (tmp_path / "trained").mkdir()
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        search = SearchLoop(
            make_strategy=Greedy,
            training=TrainingSetup(SerialExecutor(Diverging(str(tmp_path / "trained")))),
            journal=journal,
            identify=identify,
        )
        search.run()
        first, *others = journal.children()
    assert first.has_failed
    assert first.reward is None
    assert first.error == f"its reward is no finite number ({reward})"
    assert all(child.status is Status.OK for child in others)


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
        search = SearchLoop(
            make_strategy=Greedy,
            training=TrainingSetup(executor),
            journal=journal,
            identify=identify,
        )
        search.run()
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


def test_a_failure_may_hold_any_character(tmp_path: Path) -> None:
    """Also a file name in an encoding that this system does not have."""
    loop(tmp_path, faults={FIRST[2]: "raise oddly"}).run()
    log = next((tmp_path / "errors").iterdir()).read_text("utf-8")
    assert "Gerät \\udce4 → voll" in log
    with Journal(tmp_path / "journal.sqlite") as journal:
        (failed,) = [child for child in journal.children() if child.status is Status.FAILED]
        assert failed.error == "ValueError: Gerät \\udce4 → voll"


def trained(tmp_path: Path) -> int:
    return len(list((tmp_path / "trained").iterdir()))


@pytest.mark.parametrize("policy", ["exclude", "worst"])
def test_a_failed_child_has_no_reward_or_the_worst_one(policy: str, tmp_path: Path) -> None:
    strategies = Strategies()
    faults = {FIRST[2]: "raise"}
    loop(tmp_path, strategies=strategies, faults=faults, failed_reward=policy).run()

    rewards = [fake_reward(cell) for cell in FIRST]
    others = [reward for i, reward in enumerate(rewards) if i != 2]
    expected = None if policy == "exclude" else min(others)
    assert strategies.last.learned[0] == [*rewards[:2], expected, rewards[3]]

    # A strategy that is built from the journal has learned the same.
    again = Strategies()
    loop(tmp_path, strategies=again, failed_reward=policy).run()
    assert again.last.learned == strategies.last.learned
    assert again.last.was_told == 0


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


class CountingJournal(Journal):
    """Counts how many children are read from the file."""

    rows = 0

    def children(self, b: int | None = None) -> list[ChildRecord]:
        children = super().children(b)
        self.rows += len(children)
        return children


def test_a_search_reads_each_child_a_few_times_however_many_there_are(tmp_path: Path) -> None:
    (tmp_path / "trained").mkdir()
    with CountingJournal(tmp_path / "journal.sqlite", create=True) as journal:
        search = SearchLoop(
            make_strategy=lambda history: Greedy(history, stages=30),
            training=TrainingSetup(SerialExecutor(FakeChildren(str(tmp_path / "trained")))),
            journal=journal,
            identify=identify,
            spec=SearchSpec(max_children=1000, max_epochs=5000),
        )
        search.run()
        children = len(journal.children())
        assert children == 30 * len(OPERATORS)
        assert journal.rows <= 5 * children
