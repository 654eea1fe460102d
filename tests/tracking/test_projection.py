import math
import os
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from support.hand_made_search import CONFIG, HandMade
from support.winners import stored_winner

from pnas.errors import RunDirectoryError, TrackingError
from pnas.records import Journal
from pnas.tracking import MlflowSpec, Projection, find_run, open_store, project, store_mirror


def values(run, name):
    return [(step, value) for key, step, value, _ in run["points"] if key == name]


@pytest.fixture
def shown(example):
    return example.shown


def test_one_run_for_the_search_each_stage_and_each_child(shown):
    assert Counter(run["tags"]["pnas.level"] for run in shown.values()) == {
        "search": 1,
        "stage": 2,
        "child": 5,
    }
    assert {key: run["parent"] for key, run in shown.items()} == {
        "search": None,
        "stage/1": "search",
        "stage/2": "search",
        **{f"1-{i}": "stage/1" for i in range(3)},
        **{f"2-{i}": "stage/2" for i in range(2)},
    }
    assert Counter(run["status"] for run in shown.values()) == {"FINISHED": 7, "FAILED": 1}
    assert all(run["tags"]["pnas.sweep"] == "sweep-7" for run in shown.values())
    assert all(run["tags"]["pnas.controller"] == "lstm" for run in shown.values())


SEARCH_METRICS = {
    "best_reward": [(1, 0.5), (2, 0.7), (3, 0.7), (4, 0.8)],
    "children_trained": [(1, 1), (2, 1), (3, 2), (4, 3), (5, 4)],
    "children_failed": [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1)],
    "stage_best_reward": [(1, 0.7), (2, 0.8)],
    "stage_mean_reward": [(1, 0.6), (2, 0.7)],
    "predictor_loss": [(1, 0.1), (2, 0.1)],
    "spearman_fit": [(1, 0.9), (2, 0.9)],
    "spearman_next": [(1, 0.4)],
    "search_seconds": [(5, 12.5)],
    "test_accuracy": [(5, 0.75)],
    "best_test_accuracy": [(5, 0.75)],
}
"""(step, value) of each metric that a search's run has, and of no other."""


def test_search_run(shown, example):
    run = shown["search"]
    for metric, expected in SEARCH_METRICS.items():
        assert values(run, metric) == expected
    assert len(run["points"]) == sum(map(len, SEARCH_METRICS.values()))
    assert run["artifacts"] == ["children.csv", "config.yaml", "summary.json"]
    assert run["name"] == "demo"
    assert run["tags"]["pnas.run_dir"] == str(example.search.run_dir)
    assert run["tags"]["pnas.best_cell"] == str(example.search.journal.children(2)[1].cell)


def test_search_params_are_what_decides_a_result_and_is_set(shown):
    assert shown["search"]["params"] == {
        "seed": "3",
        "state_space": "pnas",
        "state_space.kind": "pnas",
        "state_space.B": "2",
        "state_space.operators": '["3x3 dconv", "identity"]',
        "controller": "lstm",
        "controller.kind": "lstm",
        "controller.K": "2",
    }


def test_stage_run(shown):
    run = shown["stage/1"]
    scalars = {name: value for name, step, value, _ in run["points"] if step == 0}
    seconds = scalars.pop("seconds")
    assert seconds >= 0.25
    assert scalars == {
        "candidates_scored": 12,
        "unique_candidates": 9,
        "children": 3,
        "seconds_scoring": 0.25,
        "failed": 1,
        "best_reward": 0.7,
        "mean_reward": 0.6,
        "spearman_fit": 0.9,
        "spearman_next": 0.4,
    }
    assert values(run, "predictor_loss") == [(1, 0.3), (2, 0.2), (3, 0.1)]
    assert run["name"] == "stage 1"


def test_child_run(shown, example):
    run = shown["2-1"]
    child = example.search.journal.child("2-1")
    assert (
        run["name"]
        == run["params"]["cell"]
        == "(-1, identity, -2, 3x3 dconv), (-1, identity, -2, 3x3 dconv)"
    )
    assert run["params"] == {
        "cell": str(child.cell),
        "b": "2",
        "operators": "3x3 dconv, identity",
        "seed": "21",
    }
    scalars = {name: value for name, step, value, _ in run["points"] if step == 0}
    assert scalars == {
        "reward": 0.8,
        "predicted_reward": 0.5,
        "params": 1001,
        "flops": 5000,
        "seconds": 2.0,
    }
    assert values(run, "val_accuracy") == [(1, 0.1), (2, 0.2), (3, 0.8)]
    assert values(run, "loss") == [(1, 0.9), (2, 0.5), (3, 0.1)]
    assert (run["start"], run["end"]) == (
        round(1000 * (child.ended_at - 2)),
        round(1000 * child.ended_at),
    )


def test_failed_child_says_why(shown):
    assert shown["1-1"]["status"] == "FAILED"
    assert shown["1-1"]["tags"]["pnas.error"] == "ran out of memory"
    assert values(shown["1-1"], "reward") == []


def test_times_are_those_of_the_journal(shown, example):
    first, last = example.search.journal.stages()
    search = shown["search"]
    stage_1 = shown["stage/1"]
    assert search["start"] == 1_700_000_000_000
    assert stage_1["start"] == round(1000 * (first.opened_at - 0.25))
    assert stage_1["end"] == round(1000 * first.closed_at)
    end = round(1000 * last.closed_at)
    assert search["end"] == end
    assert shown["stage/2"]["end"] == end


def test_projecting_again_adds_nothing(finished, spec, read_store):
    info = project(finished.run_dir, spec)
    shown = read_store(spec)
    assert project(finished.run_dir, spec) == info
    assert read_store(spec) == shown
    known = Projection(finished.run_dir, spec)
    assert known.advance()
    assert known.advance()
    assert known.info == info
    assert read_store(spec) == shown


def test_a_search_of_more_runs_than_a_page(finished, spec, read_store, monkeypatch):
    project(finished.run_dir, spec)
    shown = read_store(spec)
    monkeypatch.setattr(store_mirror, "_PAGE", 3)
    project(finished.run_dir, spec)
    assert read_store(spec) == shown


def test_two_halves_equal_the_whole(search, new_spec, read_store):
    halves = new_spec("halves")
    whole = new_spec("whole")
    search.first_half()
    kept = Projection(search.run_dir, halves)
    kept.advance()
    half = read_store(halves)
    assert {key for key, run in half.items() if run["status"] == "RUNNING"} == {"search", "stage/2"}
    assert "2-1" not in half
    search.second_half()
    kept.advance()
    project(search.run_dir, whole)
    assert read_store(halves) == read_store(whole)


def test_two_projections_may_alternate(search, spec, new_spec, read_store):
    one, other = (Projection(search.run_dir, spec) for _ in range(2))
    search.first_half()
    one.advance()
    other.advance()
    search.second_half()
    other.advance()
    one.advance()
    alone = new_spec("alone")
    project(search.run_dir, alone)
    assert read_store(spec) == read_store(alone)


class Broken:
    """An MLflow client that breaks at its ``n``-th write, before or after the store has done it."""

    def __init__(self, client, n, after):
        self._client = client
        self._n = n
        self._after = after

    def __getattr__(self, name):
        method = getattr(self._client, name)
        return (
            self._counted(method)
            if name in ("create_run", "log_batch", "set_terminated")
            else method
        )

    def _counted(self, method):
        def call(*args, **kwargs):
            self._n -= 1
            if self._n == 0 and not self._after:
                raise OSError("gone")
            result = method(*args, **kwargs)
            if self._n == 0:
                raise OSError("answer lost")
            return result

        return call


def break_and_repair(search, spec, n, after):
    projection = Projection(search.run_dir, spec)
    store = open_store(spec)
    object.__setattr__(store, "client", Broken(store.client, n, after))
    projection._store = store
    with pytest.raises(TrackingError, match=r"^MLflow store sqlite:.*: (gone|answer lost)$"):
        projection.advance()
    projection.advance()


@pytest.mark.parametrize(("n", "after"), [(1, True), (4, False), (5, True), (24, False)])
def test_a_store_that_breaks_is_completed_later(finished, spec, new_spec, read_store, n, after):
    break_and_repair(finished, spec, n, after)
    whole = new_spec("whole")
    project(finished.run_dir, whole)
    assert read_store(spec) == read_store(whole)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_store_may_break_at_any_write(finished, new_spec, read_store, after):
    whole = new_spec("whole")
    project(finished.run_dir, whole)
    expected = read_store(whole)
    for n in range(1, 25):
        spec = new_spec(f"broken-{n}")
        break_and_repair(finished, spec, n, after)
        assert read_store(spec) == expected


def test_interrupted_and_continued(search, spec, new_spec, read_store):
    search.first_half()
    info = project(search.run_dir, spec, status="interrupted")
    stopped = read_store(spec)
    assert stopped["search"]["status"] == stopped["stage/2"]["status"] == "KILLED"
    assert stopped["search"]["end"] == round(1000 * search.journal.child("2-0").ended_at)
    project(search.run_dir, spec)
    going_on = read_store(spec)
    assert going_on["search"]["status"] == going_on["stage/2"]["status"] == "RUNNING"
    search.second_half()
    assert project(search.run_dir, spec) == info
    whole = new_spec("whole")
    project(search.run_dir, whole)
    assert read_store(spec) == read_store(whole)


def test_failed_search(search, spec, read_store):
    search.first_half()
    search.set(status="failed")
    project(search.run_dir, spec)
    shown = read_store(spec)
    assert {key: shown[key]["status"] for key in ("search", "stage/1", "stage/2")} == {
        "search": "FAILED",
        "stage/1": "FINISHED",
        "stage/2": "FAILED",
    }


def test_raised_B_is_a_tag_beside_the_param(finished, spec, read_store):
    project(finished.run_dir, spec)
    config = finished.journal.meta("config")
    finished.set(
        config={**config, "state_space": {**config["state_space"], "B": 3}}, status="running"
    )
    finished.open(3, 1)
    finished.end(3, 0, 0.9)
    project(finished.run_dir, spec)
    run = read_store(spec)["search"]
    assert run["params"]["state_space.B"] == "2"
    assert run["tags"]["pnas.changed.state_space.B"] == "3"
    assert run["status"] == "RUNNING"
    assert values(run, "best_reward")[-1] == (5, 0.9)


def test_a_limit_that_a_search_goes_on_with_is_a_tag_beside_the_param(finished, spec, read_store):
    config = finished.journal.meta("config")
    for limit in (12, 30):
        finished.set(config={**config, "search": {"max_children": limit}})
        project(finished.run_dir, spec)
    run = read_store(spec)["search"]
    assert run["params"]["search.max_children"] == "12"
    assert run["tags"]["pnas.changed.search.max_children"] == "30"


def test_the_winner_of_a_confirmed_search(finished, spec, read_store):
    winner = stored_winner(mean=0.78, probability_best=0.91)
    finished.set(winner=winner, winner_test_accuracies=[0.7, 0.8])
    project(finished.run_dir, spec)
    run = read_store(spec)["search"]
    assert values(run, "winner_reward") == [(5, 0.78)]
    assert values(run, "winner_probability") == [(5, 0.91)]
    assert values(run, "winner_test_accuracy") == [(5, pytest.approx(0.75))]
    assert run["tags"]["pnas.winner_cell"] == winner["cell"]


def test_the_accuracy_of_a_former_best_child_is_followed_by_that_of_the_winner(
    finished, spec, read_store
):
    project(finished.run_dir, spec)
    finished.open(3, 1)
    finished.end(3, 0, 0.9)
    winner = stored_winner()
    finished.set(winner=winner, winner_test_accuracies=[0.5, 0.75], test_accuracy=None)
    project(finished.run_dir, spec)
    run = read_store(spec)["search"]
    for metric in ("test_accuracy", "best_test_accuracy"):
        assert values(run, metric) == [(5, 0.75), (6, 0.625)]


def test_an_empty_twin_left_by_a_lost_answer_goes(finished, spec, read_store):
    project(finished.run_dir, spec)
    shown = read_store(spec)
    store = open_store(spec)
    tags = {"pnas.search_id": "search-1", "pnas.key": "1-0"}
    store.client.create_run(store.experiment_id, tags=tags)
    project(finished.run_dir, spec)
    assert read_store(spec) == shown


def test_runs_that_others_made_are_left_alone(finished, spec):
    store = open_store(spec)
    tags = {"pnas.search_id": "search-1"}
    theirs = set()
    for _ in range(2):
        run = store.client.create_run(store.experiment_id, tags=tags)
        theirs.add(run.info.run_id)
    project(finished.run_dir, spec)
    runs = store.client.search_runs([store.experiment_id])
    assert theirs <= {run.info.run_id for run in runs}


def test_the_stop_is_heard_between_children(search, spec, read_store):
    search.first_half()
    answers = iter([False, True])
    assert not Projection(search.run_dir, spec).advance(should_stop=lambda: next(answers))
    assert set(read_store(spec)) == {"search", "stage/1", "1-0"}


def test_not_finite_values(search, spec, read_store):
    search.open(1, 1)
    metrics = {"loss": [float("inf"), float("nan"), 1.0]}
    search.end(1, 0, None, metrics=metrics)
    project(search.run_dir, spec)
    project(search.run_dir, spec)
    losses = [value for _, value in values(read_store(spec)["1-0"], "loss")]
    # Infinity is stored as NaN, and NaN is an epoch that was not measured.
    assert [math.isnan(value) for value in losses] == [True, False]


def test_artifacts_handed_in(finished, spec, tmp_path):
    drawings = finished.run_dir / "drawings"
    drawings.mkdir()
    (drawings / "cell.svg").write_text("<svg/>")
    elsewhere = tmp_path / "plot.png"
    elsewhere.write_text("png")
    info = project(
        finished.run_dir, spec, artifacts=[drawings, elsewhere, finished.run_dir / "missing"]
    )
    client = open_store(spec).client
    assert [a.path for a in client.list_artifacts(info["run_id"], "drawings")] == [
        "drawings/cell.svg"
    ]
    assert "plot.png" in [a.path for a in client.list_artifacts(info["run_id"])]


def test_artifacts_cannot_point_out_of_the_run_directory(finished, spec, tmp_path, read_store):
    secret = tmp_path / "secret"
    secret.write_text("mine")
    (finished.run_dir / "summary.json").unlink()
    os.symlink(secret, finished.run_dir / "summary.json")
    project(finished.run_dir, spec)
    assert read_store(spec)["search"]["artifacts"] == ["children.csv", "config.yaml"]


def test_artifacts_lie_beside_the_database(finished, spec):
    run = find_run(spec.uri, project(finished.run_dir, spec)["run_id"])
    home = Path(spec.uri.removeprefix("sqlite:///")).parent / "mlartifacts"
    assert run.info.artifact_uri == f"{home.as_uri()}/{run.info.run_id}/artifacts"


def test_credentials_never_reach_the_store(search, spec):
    search.set(
        config={
            "tracking": {"uri": "https://ann:s3cret@host/x?token=s3cret"},
            "note": ["ftp://u:s3cret@h"],
        }
    )
    search.first_half()
    project(search.run_dir, spec)
    assert b"s3cret" not in Path(spec.uri.removeprefix("sqlite:///")).read_bytes()


def test_no_journal(tmp_path, spec):
    with pytest.raises(RunDirectoryError, match="not a run directory"):
        project(tmp_path, spec)


def test_journal_without_identity(tmp_path, spec):
    Journal(tmp_path / "journal.sqlite", create=True).close()
    with pytest.raises(TrackingError, match="no search_id"):
        project(tmp_path, spec)


def test_unreachable_server(finished, closed_port):
    spec = MlflowSpec(uri=f"http://ann:s3cret@127.0.0.1:{closed_port}")
    with pytest.raises(TrackingError) as caught:
        project(finished.run_dir, spec)
    message = str(caught.value)
    assert message.startswith(f"MLflow store http://***@127.0.0.1:{closed_port}: ")
    assert "s3cret" not in message
    assert "\n" not in message


def test_a_failed_child_that_was_trained_again_has_one_run_without_the_error(
    search, spec, read_store
):
    search.open(1, 2)
    search.end(1, 0, None)
    project(search.run_dir, spec)
    assert read_store(spec)["1-0"]["tags"]["pnas.error"] == "ran out of memory"
    search.journal.reopen_failed(1)
    project(search.run_dir, spec)
    search.end(1, 0, 0.5)
    project(search.run_dir, spec)
    run = read_store(spec)["1-0"]
    assert (run["status"], values(run, "reward")) == ("FINISHED", [(0, 0.5)])
    assert "pnas.error" not in run["tags"]


def test_bounds_of_intervals_are_left_to_the_report(search, spec, read_store):
    search.open(1, 2)
    for i, reward in enumerate((0.5, 0.6)):
        search.end(1, i, reward)
    quality = {"spearman": 0.5, "spearman_low": 0.1, "spearman_high": 0.8}
    learned = {"kind": "gp", "spearman_fit": 0.9, "spearman_fit_low": 0.7, "spearman_fit_high": 1.0}
    search.journal.close_stage(1, learned)
    search.open(2, 1)
    search.end(2, 0, 0.7)
    search.journal.close_stage(2, {"kind": "gp", "choice_next": {"chosen": quality}})
    project(search.run_dir, spec)
    for key in ("search", "stage/1"):
        names = {point[0] for point in read_store(spec)[key]["points"]}
        assert not {name for name in names if name.endswith(("_low", "_high"))}


def test_a_run_never_ends_before_it_starts_where_the_clock_was_set_back(search, spec, read_store):
    search.open(1, 1)
    search.end(1, 0, 0.5)
    search.close(1)
    with sqlite3.connect(search.run_dir / "journal.sqlite") as db:
        db.execute("UPDATE stages SET closed_at = opened_at - 3600")
        db.execute("UPDATE children SET ended_at = ended_at - 3600")
    db.close()
    search.set(status="finished")
    project(search.run_dir, spec)
    assert all(run["start"] <= run["end"] for run in read_store(spec).values())


def test_superseded_children_are_marked_until_they_are_chosen_again(finished, spec, read_store):
    project(finished.run_dir, spec)
    finished.journal.continue_with_raised_limits({}, {"controller.K": (2, 3)}, replan_from=2)
    finished.open(2, 1)
    project(finished.run_dir, spec)
    shown = read_store(spec)
    for tag in ("pnas.superseded", "pnas.spare"):
        assert {key for key, run in shown.items() if tag in run["tags"]} == {"2-1"}
    assert shown["2-1"]["parent"] == "stage/2"
    finished.journal.continue_with_raised_limits({}, {"controller.K": (3, 4)}, replan_from=2)
    finished.open(2, 2)
    project(finished.run_dir, spec)
    for run in read_store(spec).values():
        assert not {"pnas.superseded", "pnas.spare"} & set(run["tags"])


def test_a_child_that_was_measured_and_dropped_leaves_no_run(search, spec, read_store):
    search.open(1, 2)
    search.end(1, 0, 0.5)
    search.journal.set_metrics("1-1", {"latency_ms": [0.9]})
    project(search.run_dir, spec)
    search.journal.drop_untrained(1)
    search.close(1)
    search.set(status="finished")
    project(search.run_dir, spec)
    shown = read_store(spec)
    assert set(shown) == {"search", "stage/1", "1-0"}
    assert {run["status"] for run in shown.values()} == {"FINISHED"}


@pytest.fixture
def trainings(tmp_path):
    """A journal of a `task=train`: two trainings, one of them over, one after its first epoch."""
    made = HandMade(tmp_path / "outputs" / "final")
    config = {**CONFIG, "task": {"name": "train"}}
    made.set(config=config, name="final", network_sizes={"1": [420, 8400]})
    made.open(1, 2)
    made.end(1, 0, 0.75)
    made.journal.start_child("1-1", "process 7")
    made.journal.set_metrics("1-1", {"loss": [0.9]})
    yield made
    made.journal.close()


def test_trainings_are_shown_below_their_run_with_the_epochs_so_far(trainings, spec, read_store):
    project(trainings.run_dir, spec)
    shown = read_store(spec)
    assert set(shown) == {"search", "1-0", "1-1"}
    assert shown["search"]["tags"]["pnas.level"] == "training"
    assert shown["search"]["tags"]["pnas.member"] == "main"
    assert shown["search"]["name"] == "final"
    for key, status in (("1-0", "FINISHED"), ("1-1", "RUNNING")):
        assert shown[key]["parent"] == "search"
        assert shown[key]["tags"]["pnas.level"] == "training"
        assert shown[key]["status"] == status
    assert values(shown["1-1"], "loss") == [(1, 0.9)]


def test_the_epochs_of_a_training_are_added_as_they_come(trainings, spec, read_store):
    projection = Projection(trainings.run_dir, spec)
    projection.advance()
    trainings.journal.set_metrics("1-1", {"loss": [0.9, 0.5]})
    projection.advance()
    assert values(read_store(spec)["1-1"], "loss") == [(1, 0.9), (2, 0.5)]

    metrics = {"loss": [0.9, 0.5, 0.25]}
    trainings.end(1, 1, 0.8, metrics=metrics)
    projection.advance()
    trainings.set(status="finished", test_accuracies={"1-0": 0.6, "1-1": 0.7}, test_accuracy=0.7)
    projection.advance()
    shown = read_store(spec)
    run = shown["1-1"]
    assert run["status"] == "FINISHED"
    assert values(run, "loss") == [(1, 0.9), (2, 0.5), (3, 0.25)]
    assert values(run, "final_test_accuracy") == [(0, 0.7)]
    assert values(shown["1-0"], "final_test_accuracy") == [(0, 0.6)]
    assert values(run, "final_params") == [(0, 420)]
    assert values(shown["search"], "test_accuracy") == [(2, 0.7)]


def test_a_training_that_was_interrupted_is_not_running(trainings, spec, read_store):
    project(trainings.run_dir, spec, status="interrupted")
    assert read_store(spec)["1-1"]["status"] == "KILLED"
    project(trainings.run_dir, spec)
    assert read_store(spec)["1-1"]["status"] == "RUNNING"


def test_a_single_training_is_shown_by_the_run_of_its_command(search, spec, read_store):
    config = {**CONFIG, "task": {"name": "train"}}
    search.set(config=config, name="final", network_sizes={"1": [420, 8400]})
    search.open(1, 1)
    search.journal.set_metrics("1-0", {"loss": [0.9]})
    project(search.run_dir, spec)
    search.end(1, 0, 0.75)
    search.set(status="finished", test_accuracies={"1-0": 0.7})
    project(search.run_dir, spec)
    (key,) = shown = read_store(spec)
    assert key == "search"
    assert values(shown[key], "loss") == [(1, 0.9), (2, 0.5), (3, 0.1)]
    assert values(shown[key], "final_test_accuracy") == [(0, 0.7)]
    assert shown[key]["status"] == "FINISHED"


def store_as_before(spec, member, parent=None):
    """Make a run as version 0.1.0 made those of a training; return its id."""
    from mlflow.entities import Metric, Param

    store = open_store(spec)
    tags = {"pnas.training_id": "search-1", "pnas.member": member, "pnas.level": "training"}
    if parent is not None:
        tags["mlflow.parentRunId"] = parent
    run_id = store.client.create_run(store.experiment_id, tags=tags, run_name=member).info.run_id
    store.client.log_batch(run_id, params=[Param("seed", "10" if parent else "3")])
    if parent is not None:
        store.client.log_batch(run_id, [Metric("loss", 0.9, 1, 1)])
        store.client.set_terminated(run_id, "FINISHED")
    return str(run_id)


def test_runs_that_an_earlier_version_stored_are_found_again(trainings, spec, read_store):
    main = store_as_before(spec, "main")
    first = store_as_before(spec, "1-0", parent=main)
    trainings.end(1, 1, 0.8)
    trainings.set(status="finished")
    info = project(trainings.run_dir, spec)
    assert info["run_id"] == main

    store = open_store(spec)
    runs = store.client.search_runs([store.experiment_id])
    assert len(runs) == 3
    assert first in {run.info.run_id for run in runs}
    shown = read_store(spec)
    assert set(shown) == {"search", "1-0", "1-1"}
    assert shown["1-1"]["parent"] == "search"
    assert values(shown["1-0"], "loss") == [(1, 0.9), (2, 0.5), (3, 0.1)]
    assert {run["status"] for run in shown.values()} == {"FINISHED"}
    assert sum(project_changes(trainings.run_dir, spec).values()) == 0


def project_changes(run_dir, spec):
    projection = Projection(run_dir, spec)
    projection.advance()
    return projection.changes
