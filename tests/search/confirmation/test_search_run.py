"""Searches with a confirmation, on children whose rewards are noisy and known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fake_children import fake_reward
from support.kill_after import Kill, KillAfter

from pnas.execution import Runner, SerialExecutor
from pnas.predictors import ControllerSpec, load_predictor
from pnas.records import ChildJob, ChildResult, Journal, Status
from pnas.records.cell_trainings import group_by_cell, is_repeated, repeat_of
from pnas.records.plan_facts import FINALISTS, OPTIMISM, WINNER
from pnas.runs.child_identity import identify
from pnas.search import (
    STOPPED_BY,
    EvolutionSpec,
    ProgressiveSpec,
    RandomSpec,
    RefinedSpec,
    SearchFailed,
    SearchSpec,
    StrategyContext,
    may_continue,
    search_run,
)
from pnas.search.confirmation.strategy import Confirmation
from pnas.search.search_parts import is_first_training, may_confirm
from pnas.search.search_run import SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)  # 6 and 126 cells
CONTROLLER = ControllerSpec(K=4)
NOISE = 0.05


@dataclass(frozen=True)
class NoisyChildren:
    """A runner factory: the reward of a cell depends on the cell and, a little, on the seed.

    Attributes:
        log: Directory in which each training leaves a file.
        noise: Standard deviation of the reward from seed to seed.
        failing: Numbers of the trainings that fail, from 1.
        is_slow: Whether a cell of two blocks takes eight times as long as one of one block.
    """

    log: Path
    noise: float = NOISE
    failing: Sequence[int] = ()
    is_slow: bool = False

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        seed = abs(job.seed)
        (self.log / str(seed)).touch()
        if len(list(self.log.iterdir())) in self.failing:
            return ChildResult.failed(job, "its worker process died")
        noise = self.noise * np.random.default_rng(seed).normal()
        written = str(job.cell)
        reward = np.clip(0.2 + 0.6 * fake_reward(written) + noise, 0, 1)
        return ChildResult(
            cell=job.cell,
            seed=job.seed,
            status=Status.OK,
            reward=float(reward),
            metrics={"loss": [1.0]},
            params=len(written),
            flops=9,
            seconds=float(len(job.cell) ** 3) if self.is_slow else 1.0,
        )


def search(
    run_dir: Path,
    spec: SearchSpec,
    *observers: KillAfter,
    noise: float = NOISE,
    failing: Sequence[int] = (),
    save_dir: Path | None = None,
    controller: ControllerSpec = CONTROLLER,
    is_slow: bool = False,
    **parts: Any,
) -> None:
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    children = NoisyChildren(run_dir / "trained", noise, failing, is_slow)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        run = SearchRun(
            context=StrategyContext(spec, SPACE, controller, seed=0, save_dir=save_dir),
            training=TrainingSetup(SerialExecutor(children), observers),
            journal=journal,
            identify=partial(identify, SPACE, 0),
            **parts,
        )
        run.run()


def facts(run_dir: Path) -> list[tuple[Any, ...]]:
    with Journal(run_dir / "journal.sqlite") as journal:
        return [
            (child.b, child.position, str(child.cell), child.key, child.seed, child.reward)
            for child in journal.children()
            if child.ended_at is not None
        ]


def meta(run_dir: Path, name: str) -> Any:
    with Journal(run_dir / "journal.sqlite") as journal:
        return journal.meta(name)


SPECS = {
    "random": RandomSpec(batch=5, max_children=40, confirm=0.2),
    "evolution": EvolutionSpec(population=8, batch=4, max_children=40, confirm=0.2),
    "progressive": ProgressiveSpec(confirm=0.4),
}


@pytest.mark.parametrize("name", SPECS)
def test_the_share_is_spent_on_the_finalists(name: str, tmp_path: Path) -> None:
    search(tmp_path, replace(SPECS[name], confidence=0.999))
    with Journal(tmp_path / "journal.sqlite") as journal:
        children = [child for child in journal.children() if child.ended_at is not None]
    again = [child for child in children if is_repeated(child)]
    trainings = [len(each.children) for each in group_by_cell(children)]
    repeats = sorted(count - 1 for count in trainings if count > 1)
    if name == "progressive":
        # A search without a budget: its 6 + 4 children are the other 60 %, and 10 * 0.4 / 0.6 = 7.
        assert len(children) - len(again) == 6 + 4
        assert repeats == [1, 3, 3]
    else:
        assert len(children) - len(again) == 32
        assert repeats == [1, 1, 3, 3]
    assert len(again) == sum(repeats)
    assert len({child.seed for child in children}) == len(children)


def test_one_reward_is_nothing_to_learn_from_and_says_what_to_do(tmp_path: Path) -> None:
    spec = ProgressiveSpec(max_failed=0.99)
    stopped = r"5 of the 6 children of stage 1 failed, and the predictor needs 2 that did not"
    with pytest.raises(SearchFailed, match=stopped):
        search(tmp_path, spec, failing=range(2, 7))
    search(tmp_path, replace(spec, retry_failed=True))
    assert len(facts(tmp_path)) == 6 + 4


def test_a_failed_child_that_counts_as_the_worst_is_enough_to_learn_from(tmp_path: Path) -> None:
    spec = ProgressiveSpec(max_failed=0.99, failed_reward="worst")
    search(tmp_path, spec, failing=range(2, 7))
    assert len(facts(tmp_path)) == 6 + 4


ONE_A_STAGE = {
    "random": RandomSpec(batch=1, max_children=20),
    "evolution": EvolutionSpec(population=8, batch=1, max_children=20),
    "mixed": RefinedSpec(start="mixed", refine=1, max_children=20),
    "asynchronous": RandomSpec(batch=1, max_children=20, asynchronous=True),
}


@pytest.mark.parametrize("name", ONE_A_STAGE)
def test_a_failed_child_ends_no_search_whose_stages_have_one_child(
    name: str, tmp_path: Path
) -> None:
    search(tmp_path, ONE_A_STAGE[name], failing=[15, 17, 18])
    with Journal(tmp_path / "journal.sqlite") as journal:
        failed = [child.id for child in journal.children() if child.has_failed]
        assert failed == [15, 17, 18]
        assert len(journal.children()) == 20


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [(15, 19, "5 of the last 8 children"), (1, 2, "2 of the last 2 children")],
)
def test_a_search_whose_stages_have_one_child_stops_when_most_fail(
    first: int, last: int, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SearchFailed, match=rf"{said} failed, more than search\.max_failed=0\.5"):
        search(tmp_path, ONE_A_STAGE["random"], failing=range(first, 21))
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert len(journal.children()) == last


@pytest.mark.parametrize("failing", [1, 2, 15])
def test_where_none_may_fail_the_first_failure_stops_the_search(
    failing: int, tmp_path: Path
) -> None:
    spec = replace(ONE_A_STAGE["random"], max_failed=0.0)
    with pytest.raises(SearchFailed, match=r"1 of the .* failed, more than .*max_failed=0\.0"):
        search(tmp_path, spec, failing=[failing])


def test_a_stage_that_the_next_one_extends_may_not_fail(tmp_path: Path) -> None:
    spec = ProgressiveSpec(max_children=40)
    with pytest.raises(SearchFailed, match="1 of the 1 children of stage 2 failed"):
        search(tmp_path, spec, failing=[7], controller=replace(CONTROLLER, K=1))


@pytest.mark.parametrize("failing", [(), (2,), (2, 9), (2, 9, 10)])
def test_epochs_that_failed_children_did_not_take_are_left_to_others(
    failing: Sequence[int], tmp_path: Path
) -> None:
    spec = RandomSpec(batch=4, max_epochs=8)
    search(tmp_path, spec, failing=failing)
    trained = facts(tmp_path)
    assert sum(reward is not None for *_, reward in trained) == 8
    assert len(trained) == 8 + len(failing)
    assert meta(tmp_path, STOPPED_BY) == "search.max_epochs=8"
    search(tmp_path, spec, failing=failing)
    assert facts(tmp_path) == trained


def test_a_round_that_a_budget_cut_short_is_abandoned_by_the_next_confirmation(
    tmp_path: Path,
) -> None:
    spec = RandomSpec(batch=3, max_children=12, confidence=0.9999)
    search(tmp_path, spec)
    # The trainings of the search itself leave two of the fourteen: the first round has three.
    search(tmp_path, replace(spec, max_children=14, confirm=0.5))
    with Journal(tmp_path / "journal.sqlite") as journal:
        cut_short = journal.stages()[-1]
        missing = [child.key for child in journal.children() if child.ended_at is None]
    assert len(missing) == 1

    search(tmp_path, replace(spec, max_children=24, confirm=0.2))
    with Journal(tmp_path / "journal.sqlite") as journal:
        abandoned = [stage for stage in journal.stages() if stage.b == cut_short.b]
        assert abandoned == [cut_short]
        assert all(child.ended_at is not None for child in journal.children(cut_short.b))
        dropped = [event.detail for event in journal.events() if event.kind == "dropped"]
        assert dropped == [{"b": cut_short.b, "keys": missing}]
        trainings = [len(each.children) for each in group_by_cell(journal.children())]
        repeats = [repeat_of(child.key) for child in journal.children() if is_repeated(child)]
    assert max(repeats) == max(trainings)


@pytest.mark.parametrize("most", range(1, 18))
def test_no_budget_is_left_unspent(most: int, tmp_path: Path) -> None:
    """Two finalists share the trainings of the last round, so that an odd one may be left."""
    spec = RandomSpec(batch=4, max_children=most, confirm=0.2, confidence=0.9999)
    search(tmp_path, spec)
    with Journal(tmp_path / "journal.sqlite") as journal:
        trained = [child for child in journal.children() if child.ended_at is not None]
    again = [child for child in trained if is_repeated(child)]
    assert most - 1 <= len(trained) <= most
    assert len(trained) - len(again) == spec.search_trainings(1.0)
    # Below six there is no room for another training of two cells.
    assert (meta(tmp_path, WINNER) is not None) == (most >= 6)
    if most < 6:
        assert len(trained) == most == spec.search_trainings(1.0)


@pytest.mark.parametrize("confirm", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("most", range(1, 12))
def test_a_small_budget_of_epochs_is_spent_as_one_of_trainings_is(
    most: int, confirm: float, tmp_path: Path
) -> None:
    """Where there is no room to compare two cells, all trainings are the search's."""
    spec = RandomSpec(batch=4, max_children=most, confirm=confirm, confidence=0.9999)
    search(tmp_path / "children", spec)
    in_epochs = replace(spec, max_children=None, max_epochs=most)
    search(tmp_path / "epochs", in_epochs)
    assert facts(tmp_path / "epochs") == facts(tmp_path / "children")
    is_confirmed = meta(tmp_path / "epochs", WINNER) is not None
    assert is_confirmed == (spec.confirm_share(1.0) > 0)
    assert is_confirmed or len(facts(tmp_path / "epochs")) == most


def test_a_budget_of_epochs_is_left_to_the_confirmation_as_one_of_trainings_is(
    tmp_path: Path,
) -> None:
    spec = RandomSpec(batch=4, max_children=17, confirm=0.2, confidence=0.9999)
    search(tmp_path / "children", spec)
    in_epochs = replace(spec, max_children=None, max_epochs=17)
    search(tmp_path / "epochs", in_epochs)
    assert facts(tmp_path / "epochs") == facts(tmp_path / "children")
    assert len(facts(tmp_path / "children")) == 17


def test_a_search_that_an_earlier_version_left_a_training_of_is_over(tmp_path: Path) -> None:
    """They gave its confirmation .25 of the 10 trainings before it, rounded: 2 of the 3 left."""
    spec = RandomSpec(batch=4, max_children=13, confirm=0.2, confidence=0.9999)
    search(tmp_path, spec)
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        finalists = journal.meta(FINALISTS)
        assert finalists["trainings"] == 3
        assert not may_confirm(spec, journal)
        journal.set_meta(**{FINALISTS: {**finalists, "trainings": 2}})
        assert not may_confirm(replace(spec, max_children=14), journal)
        journal.set_meta(**{FINALISTS: {**finalists, "trainings": 1}})
        assert may_confirm(replace(spec, max_children=14, confirm=0.25), journal)


@pytest.mark.parametrize("name", SPECS)
def test_without_confirmation_the_search_is_the_one_that_it_was(name: str, tmp_path: Path) -> None:
    whole = replace(SPECS[name], confirm=0.0)
    if whole.max_children is not None:
        whole = replace(whole, max_children=32)
    search(tmp_path / "without", whole)
    search(tmp_path / "with", SPECS[name])
    with_confirmation = [fact for fact in facts(tmp_path / "with") if "-" not in fact[3]]
    assert with_confirmation == facts(tmp_path / "without")
    assert meta(tmp_path / "without", WINNER) is None


@pytest.mark.parametrize("children", [1, 3, 5])
@pytest.mark.parametrize("name", SPECS)
def test_killed_again_and_again_it_ends_as_if_never_stopped(
    name: str, children: int, tmp_path: Path
) -> None:
    search(tmp_path / "whole", SPECS[name])
    while True:
        try:
            search(tmp_path / "killed", SPECS[name], KillAfter(children))
            break
        except Kill:
            continue
    assert facts(tmp_path / "killed") == facts(tmp_path / "whole")
    assert meta(tmp_path / "killed", WINNER) == meta(tmp_path / "whole", WINNER)
    trainings = len(facts(tmp_path / "whole"))
    assert len(list((tmp_path / "killed" / "trained").iterdir())) == trainings


def test_the_winner_says_what_is_known_of_it(tmp_path: Path) -> None:
    search(tmp_path, replace(SPECS["random"], max_children=60))
    winner = meta(tmp_path, WINNER)
    with Journal(tmp_path / "journal.sqlite") as journal:
        cells = {each.key: each for each in group_by_cell(journal.children())}
    rewards = cells[winner["key"]].rewards
    assert winner["mean"] == pytest.approx(np.mean(rewards))
    assert winner["trainings"] == len(rewards) >= 2
    assert winner["noise"] == pytest.approx(NOISE, rel=0.5)
    assert winner["standard_error"] == pytest.approx(winner["noise"] / len(rewards) ** 0.5)
    assert 0 < winner["probability_best"] <= 1
    assert meta(tmp_path, OPTIMISM) > 0


def test_the_last_predictor_has_learned_from_all_trainings(tmp_path: Path) -> None:
    search(tmp_path, SPECS["progressive"], save_dir=tmp_path / "controller")
    with Journal(tmp_path / "journal.sqlite") as journal:
        last = journal.stages()[-1].b
        assert all(is_repeated(child) for child in journal.children(last))
    saved = tmp_path / "controller" / f"stage_{last}"
    predictor = load_predictor(saved, SPACE)
    assert len(predictor.predict(SPACE.encode(SPACE.initial_children()))) == 6


def test_it_ends_early_once_the_winner_is_known(tmp_path: Path) -> None:
    search(tmp_path, replace(SPECS["random"], max_children=60), noise=1e-4)
    winner = meta(tmp_path, WINNER)
    assert winner["probability_best"] >= 0.9
    assert len(facts(tmp_path)) < 60


def test_a_tie_goes_to_the_smaller_cell(tmp_path: Path) -> None:
    spec = replace(SPECS["random"], max_children=60)
    search(tmp_path / "reward", spec, noise=0.4)
    search(tmp_path / "params", replace(spec, tie_break="params"), noise=0.4)
    by_reward = meta(tmp_path / "reward", WINNER)
    by_params = meta(tmp_path / "params", WINNER)
    assert by_reward["runners_up"]
    tied = [by_params, *by_params["runners_up"]]
    assert by_params["params"] == min(each["params"] for each in tied)
    assert {each["key"] for each in tied} == {
        each["key"] for each in (by_reward, *by_reward["runners_up"])
    }


def test_a_larger_budget_goes_on_with_the_search_and_confirms_again(tmp_path: Path) -> None:
    spec = SPECS["random"]
    search(tmp_path, spec)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) == "search.max_children=40"
        larger = replace(spec, max_children=60)
        assert not may_continue(spec, journal, counts=is_first_training)
        assert may_continue(larger, journal, counts=is_first_training)
    search(tmp_path, larger)
    first = [fact for fact in facts(tmp_path) if "-" not in fact[3]]
    assert len(first) == 48
    assert len(facts(tmp_path)) <= 60
    search(tmp_path / "whole", larger)
    whole = [fact for fact in facts(tmp_path / "whole") if "-" not in fact[3]]
    assert [fact[2:] for fact in first] == [fact[2:] for fact in whole]


def test_a_search_that_ended_confirms_when_it_is_asked_to(tmp_path: Path) -> None:
    unconfirmed = replace(SPECS["random"], max_children=20, confirm=0.0)
    search(tmp_path, unconfirmed)
    asked = replace(unconfirmed, max_children=40, confirm=0.5)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert not may_confirm(unconfirmed, journal)
        assert not may_confirm(replace(asked, max_children=20), journal), "no room"
        assert not may_continue(asked, journal, counts=is_first_training)
        assert may_confirm(asked, journal)
    search(tmp_path, asked)
    assert meta(tmp_path, WINNER)["trainings"] > 1
    assert len(facts(tmp_path)) <= 40
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert not may_confirm(asked, journal), "it has had what it asks for"


def test_a_larger_share_confirms_again_with_all_trainings_so_far(tmp_path: Path) -> None:
    spec = replace(SPECS["random"], max_children=30, confirm=1 / 3, confidence=0.9999)
    search(tmp_path, spec)
    before = facts(tmp_path)
    larger = replace(spec, max_children=40, confirm=0.5)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert not may_confirm(spec, journal)
        assert may_confirm(larger, journal)
    with pytest.raises(Kill):
        search(tmp_path, larger, KillAfter(3))
    search(tmp_path, larger)
    after = facts(tmp_path)
    assert after[: len(before)] == before
    assert len(before) < len(after) <= 40
    assert all("-" in fact[3] for fact in after[len(before) :])
    assert len({fact[3] for fact in after}) == len(after)


def raise_K(run_dir: Path, before: int, after: int) -> None:
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        raised = {"controller.K": (before, after)}
        journal.continue_with_raised_limits({"K": after}, raised, replan_from=2)


def test_raising_K_of_a_confirmed_search_confirms_the_new_plan(tmp_path: Path) -> None:
    # The limit of children binds, so both plans have as many cells.
    spec = RefinedSpec(refine=2, max_children=40, confirm=0.3)
    search(tmp_path / "raised", spec)
    raise_K(tmp_path / "raised", before=4, after=8)
    assert meta(tmp_path / "raised", WINNER) is None
    assert meta(tmp_path / "raised", FINALISTS) is None

    search(tmp_path / "raised", spec, controller=ControllerSpec(K=8))
    search(tmp_path / "whole", spec, controller=ControllerSpec(K=8))
    assert facts(tmp_path / "raised") == facts(tmp_path / "whole")
    assert meta(tmp_path / "raised", WINNER) == meta(tmp_path / "whole", WINNER)


def kill_while_confirming(run_dir: Path, spec: SearchSpec, **parts: Any) -> None:
    """Run ``spec`` into the second round: a search of 6 + 30 cells, and a round of 8 of them."""
    with pytest.raises(Kill):
        search(run_dir, spec, KillAfter(6 + 30 + 9), **parts)


def left_open(run_dir: Path) -> list[Any]:
    """Return the stages that are open, and the children before the last stage without a result.

    In the last one the budget may have left no room for some.
    """
    with Journal(run_dir / "journal.sqlite") as journal:
        records = journal.stages()
        stages = [stage.b for stage in records if stage.closed_at is None]
        earlier = [child for child in journal.children() if child.b < records[-1].b]
        return [*stages, *(child.key for child in earlier if child.ended_at is None)]


def test_fewer_trainings_than_a_confirmation_was_begun_with_change_nothing(tmp_path: Path) -> None:
    parts = {"controller": ControllerSpec(K=30)}
    spec = ProgressiveSpec(confirm=0.4, confidence=0.999)
    search(tmp_path / "whole", spec, **parts)
    kill_while_confirming(tmp_path / "killed", spec, **parts)
    search(tmp_path / "killed", replace(spec, confirm=0.1), **parts)
    assert facts(tmp_path / "killed") == facts(tmp_path / "whole")
    assert meta(tmp_path / "killed", WINNER) == meta(tmp_path / "whole", WINNER)


def test_more_trainings_begin_another_confirmation_and_leave_no_round_open(tmp_path: Path) -> None:
    parts = {"controller": ControllerSpec(K=30)}
    spec = ProgressiveSpec(confirm=0.4, confidence=0.999)
    kill_while_confirming(tmp_path, spec, **parts)
    before = facts(tmp_path)
    search(tmp_path, replace(spec, confirm=0.5), **parts)
    assert left_open(tmp_path) == []
    assert facts(tmp_path)[: len(before)] == before
    finalists = meta(tmp_path, FINALISTS)
    assert finalists["trainings"] == 36
    assert sum(fact[0] > finalists["after"] for fact in facts(tmp_path)) == 36


@pytest.mark.parametrize("children", [0, 1])
def test_a_larger_budget_leaves_no_round_open(children: int, tmp_path: Path) -> None:
    spec = RandomSpec(batch=4, max_children=40, confirm=0.4, confidence=0.999)
    with pytest.raises(Kill):
        search(tmp_path, spec, KillAfter(24 + children))
    search(tmp_path, replace(spec, max_children=60))
    assert left_open(tmp_path) == []
    assert len([fact for fact in facts(tmp_path) if "-" not in fact[3]]) == 36
    assert len(facts(tmp_path)) <= 60


def test_a_time_of_children_that_are_looked_up_has_a_share_for_searching(tmp_path: Path) -> None:
    spec = RandomSpec(batch=1, max_seconds=40.0, confirm=0.25, confidence=0.999)
    longer = replace(spec, max_seconds=52.0)
    search(tmp_path / "longer", spec, counts_children=True)
    assert len(facts(tmp_path / "longer")) == 40
    with Journal(tmp_path / "longer" / "journal.sqlite") as journal:
        # The clock has run for an instant only, and for far too long below.
        parts = {"counts": is_first_training, "counts_children": True}
        assert not may_continue(spec, journal, **parts)
        assert may_continue(longer, journal, **parts)
        assert not may_confirm(replace(spec, confirm=0.3), journal, counts_children=True)
    with Journal(tmp_path / "longer" / "journal.sqlite", create=True) as journal:
        journal.set_meta(search_seconds=1e6)
        assert may_continue(longer, journal, **parts)
        assert may_confirm(replace(longer, confirm=0.3), journal, counts_children=True)

    search(tmp_path / "longer", longer, counts_children=True)
    search(tmp_path / "whole", longer, counts_children=True)
    first = [fact[2:] for fact in facts(tmp_path / "longer") if "-" not in fact[3]]
    assert first == [fact[2:] for fact in facts(tmp_path / "whole") if "-" not in fact[3]]
    assert len(first) == 39


def set_finalists(run_dir: Path, **changed: Any) -> None:
    """Store the record of a confirmation as the version before the digest did."""
    record = {**meta(run_dir, FINALISTS), **changed}
    record.pop("digest", None)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(**{FINALISTS: record})


def test_finalists_of_another_plan_in_an_earlier_journal_are_void(tmp_path: Path) -> None:
    search(tmp_path, SPECS["progressive"])
    ranked = meta(tmp_path, FINALISTS)["ranked"]
    set_finalists(tmp_path, ranked=["of another plan", *ranked[1:]])
    search(tmp_path, SPECS["progressive"])
    assert sorted(meta(tmp_path, FINALISTS)["ranked"]) == sorted(ranked)


def test_a_confirmation_that_an_earlier_version_began_goes_on(tmp_path: Path) -> None:
    search(tmp_path / "whole", SPECS["random"])
    with pytest.raises(Kill):
        search(tmp_path / "killed", SPECS["random"], KillAfter(35))
    set_finalists(tmp_path / "killed")
    search(tmp_path / "killed", SPECS["random"])
    assert facts(tmp_path / "killed") == facts(tmp_path / "whole")
    assert meta(tmp_path / "killed", WINNER) == meta(tmp_path / "whole", WINNER)


def test_a_failed_further_training_has_no_reward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    class Listening(Confirmation):
        def tell(self, rewards: Sequence[float | None]) -> None:
            told.extend(rewards)
            super().tell(rewards)

    monkeypatch.setattr(search_run, "Confirmation", Listening)
    spec = replace(SPECS["random"], confidence=0.999, failed_reward="worst", max_failed=0.5)
    search(tmp_path, spec, failing=(34,))
    with Journal(tmp_path / "journal.sqlite") as journal:
        further = [child for child in journal.children() if is_repeated(child)]
    assert [child.reward for child in further if child.has_failed] == [None]
    assert told == [child.reward for child in further]


def test_where_a_training_cannot_be_repeated_the_best_is_the_winner(tmp_path: Path) -> None:
    search(tmp_path, SPECS["random"], can_repeat=False)
    winner = meta(tmp_path, WINNER)
    rewards = {fact[3]: fact[5] for fact in facts(tmp_path)}
    assert len(rewards) == 40
    assert winner["mean"] == max(rewards.values()) == rewards[winner["key"]]
    assert (winner["standard_error"], winner["probability_best"]) == (0.0, 1.0)


def test_a_confirmation_that_time_ended_goes_on_with_more_of_it(tmp_path: Path) -> None:
    parts = {"counts_children": True, "is_slow": True}
    # The search itself ends with its last stage, after 6 + 4 * 8 seconds.
    spec = ProgressiveSpec(max_seconds=65.0, confirm=0.4, confidence=0.999)
    longer = replace(spec, max_seconds=200.0)
    search(tmp_path / "longer", spec, **parts)
    with Journal(tmp_path / "longer" / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) is None
        assert not may_confirm(spec, journal, counts_children=True)
        assert may_confirm(longer, journal, counts_children=True)
    search(tmp_path / "longer", longer, **parts)
    search(tmp_path / "whole", longer, **parts)
    assert facts(tmp_path / "longer") == facts(tmp_path / "whole")
    with Journal(tmp_path / "longer" / "journal.sqlite") as journal:
        assert not may_confirm(longer, journal, counts_children=True)
