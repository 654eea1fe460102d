"""Raising B and K of a search, against searches that had the larger limits from the start.

They are equal bit for bit.

The real strategy, predictor and journal, children that train in no time.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fake_children import FakeChildren
from support.predictor_cases import small

from pnas.execution import SerialExecutor
from pnas.predictors import ControllerSpec, LSTMSpec
from pnas.records import Journal, Status
from pnas.runs.child_identity import identify
from pnas.search import ProgressiveSpec, SearchLoop, StrategyContext, make_strategy
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import StateSpace

OPERATORS = ["3x3 conv", "3x3 maxpool", "identity"]
VERSION_1 = Path(__file__).parents[1] / "records" / "fixtures" / "journal_v1.sql"
SPEC = LSTMSpec(embedding=8, hidden=8, steps=20)


def search(
    run_dir: Path,
    B: int,
    K: int | None,
    spec: ControllerSpec = SPEC,
    faults: dict[str, str] | None = None,
    seed: int = 3,
    operators: Sequence[str] = OPERATORS,
) -> None:
    """A command: a search with these limits, from the start or from where ``run_dir`` stands."""
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    space = StateSpace(B, operators, -1)
    context = StrategyContext(
        spec=ProgressiveSpec(),
        space=space,
        controller=spec.with_K(K),
        seed=seed,
        save_dir=run_dir / "controller",
    )
    executor = SerialExecutor(FakeChildren(str(run_dir / "trained"), faults or {}))
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        loop = SearchLoop(
            make_strategy=partial(make_strategy, context),
            training=TrainingSetup(executor),
            journal=journal,
            identify=partial(identify, space, seed),
        )
        loop.run()


def raise_K(run_dir: Path, before: int, after: int | None) -> None:
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.continue_with_raised_limits(
            {"K": after}, {"controller.K": (before, after)}, replan_from=2
        )


def found(run_dir: Path) -> dict[str, Any]:
    """Everything that must be equal."""
    with Journal(run_dir / "journal.sqlite") as journal:
        children = [
            (c.b, c.position, str(c.cell), c.key, c.seed, c.predicted, c.reward)
            for c in journal.children()
        ]
        learned = [stage.predictor for stage in journal.stages()]
        counts = [
            (stage.b, stage.candidates_scored, stage.unique_candidates)
            for stage in journal.stages()
        ]
    for predictor in learned:
        # The hash includes embeddings of inputs that the smaller B does not use; the weights of the
        # last predictor are compared in its place.
        (predictor or {}).pop("weights_sha256")
    last = max((run_dir / "controller").iterdir())
    with np.load(last / "weights.npz") as weights:
        bits = {name: weights[name].tobytes() for name in weights.files}
    return {
        "children": children,
        "learned": learned,
        "counts": counts,
        "weights": bits,
        "last": last.name,
    }


def trainings(run_dir: Path) -> int:
    return len(list((run_dir / "trained").iterdir()))


@pytest.mark.parametrize("kind", ["gp", "lstm", "mlp_ensemble"])
def test_a_finished_search_goes_on_to_a_larger_B(kind: str, tmp_path: Path) -> None:
    spec = small(kind, hidden=8) if kind != "gp" else small(kind)
    search(tmp_path / "whole", 4, 5, spec)
    search(tmp_path / "raised", 2, 5, spec)
    assert trainings(tmp_path / "raised") == 6 + 5
    search(tmp_path / "raised", 4, 5, spec)
    assert trainings(tmp_path / "raised") == 6 + 3 * 5
    assert found(tmp_path / "raised") == found(tmp_path / "whole")


def test_a_larger_K_trains_only_what_is_missing(tmp_path: Path) -> None:
    search(tmp_path / "whole", 3, 6)
    search(tmp_path / "raised", 3, 2)
    before = trainings(tmp_path / "raised")
    raise_K(tmp_path / "raised", 2, 6)
    search(tmp_path / "raised", 3, 6)
    assert found(tmp_path / "raised") == found(tmp_path / "whole")
    with Journal(tmp_path / "raised" / "journal.sqlite") as journal:
        superseded = journal.superseded()
        kept = trainings(tmp_path / "whole")
        assert trainings(tmp_path / "raised") == kept + len(superseded)
        assert all(spare.status is Status.OK and spare.predicted is None for spare in superseded)
        assert [event.kind for event in journal.events()] == ["raised", "plan_replaced"]
        (raised, replaced) = journal.events()
        assert raised.detail == {"controller.K": [2, 6]}
        assert len(replaced.detail["children"]) == 2 * 2
    assert before == 6 + 2 * 2


def test_K_and_B_raised_again_and_again_end_like_the_last_limits_from_the_start(
    tmp_path: Path,
) -> None:
    search(tmp_path / "whole", 4, 9)
    search(tmp_path / "raised", 2, 2)
    for B, before, after in ((3, 2, 4), (4, 4, 9)):
        raise_K(tmp_path / "raised", before, after)
        search(tmp_path / "raised", B, after)
    assert found(tmp_path / "raised") == found(tmp_path / "whole")


def test_K_raised_in_the_middle_of_a_stage_drops_what_was_not_trained(tmp_path: Path) -> None:
    search(tmp_path / "whole", 3, 6)
    search(tmp_path / "raised", 2, 3)
    with sqlite3.connect(tmp_path / "raised" / "journal.sqlite") as db:
        db.execute("UPDATE stages SET closed_at = NULL, predictor = NULL WHERE b = 2")
        db.execute(
            "UPDATE children SET status = 'chosen', reward = NULL, ended_at = NULL "
            "WHERE b = 2 AND position > 0"
        )
    db.close()
    raise_K(tmp_path / "raised", 3, 6)
    search(tmp_path / "raised", 3, 6)
    assert found(tmp_path / "raised") == found(tmp_path / "whole")


def test_a_failed_child_stays_failed_when_it_is_chosen_again(tmp_path: Path) -> None:
    search(tmp_path / "plain", 2, 3)
    with Journal(tmp_path / "plain" / "journal.sqlite") as journal:
        faults = {str(journal.children(2)[1].cell): "raise"}
    search(tmp_path / "whole", 3, 6, faults=faults)
    search(tmp_path / "raised", 3, 3, faults=faults)
    raise_K(tmp_path / "raised", 3, 6)
    search(tmp_path / "raised", 3, 6, faults=faults)
    assert found(tmp_path / "raised") == found(tmp_path / "whole")


def test_a_search_of_the_first_version_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.executescript(VERSION_1.read_text())
    db.close()
    with Journal(tmp_path / "journal.sqlite") as journal:
        before = [
            (child.key, child.reward, child.ended_at)
            for child in journal.children()
            if child.ended_at
        ]
    spec = LSTMSpec(embedding=4, hidden=4, steps=20)
    for _ in range(2):
        search(tmp_path, 3, 4, spec, seed=1, operators=["3x3 maxpool", "identity"])
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert [child.b for child in journal.children()] == [1] * 3 + [2] * 4 + [3] * 4
        assert [(c.key, c.reward, c.ended_at) for c in journal.children()][:5] == before
        assert all(stage.closed_at for stage in journal.stages())
    assert trainings(tmp_path) == 2 + 4
