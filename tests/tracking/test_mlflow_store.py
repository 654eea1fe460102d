import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pnas.errors import TrackingError
from pnas.records import Journal
from pnas.system.file_lock import file_lock
from pnas.tracking import MlflowSpec, find_run, open_store, project, run_dir_of
from pnas.tracking.saved_view import VIEW_TAGS


def runs_by_key(spec):
    store = open_store(spec)
    return {
        run.data.tags["pnas.key"]: run for run in store.client.search_runs([store.experiment_id])
    }


def test_nothing_is_left_in_the_working_directory(finished, spec, tmp_path, monkeypatch):
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    project(finished.run_dir, spec)
    assert list((tmp_path / "cwd").iterdir()) == []


def test_the_experiment_is_made_once(spec):
    assert open_store(spec).experiment_id == open_store(spec).experiment_id


def test_a_deleted_experiment_is_named(spec):
    store = open_store(spec)
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(
        TrackingError, match="'pnas' was deleted in MLflow; restore it or choose another name"
    ):
        open_store(spec)


@pytest.mark.parametrize("key", ["search", "stage/2", "1-1"])
def test_run_dir_of_any_of_its_runs(key, example):
    run_id = runs_by_key(example.spec)[key].info.run_id
    assert run_dir_of(example.spec.uri, run_id) == example.search.run_dir


@pytest.mark.parametrize("run_id", ["0" * 32, "no such run", "", "a\nb", "'; DROP TABLE runs"])
def test_unknown_run(run_id, example):
    with pytest.raises(
        TrackingError, match="is not a run of the MLflow store sqlite:///"
    ) as caught:
        find_run(example.spec.uri, run_id)
    assert "\n" not in str(caught.value)


def test_run_of_somebody_else(spec):
    store = open_store(spec)
    first = store.client.create_run(store.experiment_id).info.run_id
    second = store.client.create_run(
        store.experiment_id, tags={"mlflow.parentRunId": first}
    ).info.run_id
    store.client.set_tag(first, "mlflow.parentRunId", second)
    with pytest.raises(TrackingError, match=r"is an MLflow run, but not one of a search$"):
        run_dir_of(spec.uri, first)


def test_run_directory_that_is_gone(spec, finished):
    info = project(finished.run_dir, spec)
    finished.run_dir.rename(finished.run_dir.with_name("moved"))
    with pytest.raises(TrackingError, match=r"its run directory .*demo is not there$"):
        run_dir_of(spec.uri, info["run_id"])


def test_a_store_leads_only_to_the_run_that_it_shows(spec, finished, tmp_path):
    """Whoever can write to an MLflow server could point the tag at any directory of ours."""
    info = project(finished.run_dir, spec)
    (tmp_path / "other").mkdir()
    with Journal(tmp_path / "other" / "journal.sqlite", create=True) as journal:
        journal.set_meta(search_id="another")
    for directory in (tmp_path / "other", tmp_path, Path("/etc")):
        open_store(spec).client.set_tag(info["run_id"], "pnas.run_dir", str(directory))
        with pytest.raises(TrackingError, match=r"does not hold this search$"):
            run_dir_of(spec.uri, info["run_id"])


def test_looking_up_makes_no_database(tmp_path):
    with pytest.raises(TrackingError, match=r"which does not exist$"):
        find_run(f"sqlite:///{tmp_path}/mlflow.db", "0" * 32)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_at_once(tmp_path):
    (tmp_path / "mlflow.db").write_text("a letter to somebody")
    started = time.monotonic()
    with pytest.raises(TrackingError, match=r"mlflow.db: is not a SQLite database$"):
        open_store(MlflowSpec(uri=f"sqlite:///{tmp_path}/mlflow.db"))
    assert time.monotonic() - started < 5
    assert (tmp_path / "mlflow.db").read_text() == "a letter to somebody"


def test_lookup_on_an_unreachable_server(closed_port):
    with pytest.raises(TrackingError, match=r"^MLflow store http://\*\*\*@127.0.0.1") as caught:
        find_run(f"http://ann:s3cret@127.0.0.1:{closed_port}", "0" * 32)
    assert "s3cret" not in str(caught.value)


def test_file_lock_waits_for_its_turn_but_not_for_ever(tmp_path):
    order = []

    def hold():
        with file_lock(tmp_path / "lock"):
            order.append("first")
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    while not order:
        time.sleep(0.01)
    with pytest.raises(TimeoutError), file_lock(tmp_path / "lock", timeout=0.05):
        pass
    with file_lock(tmp_path / "lock", timeout=30):
        order.append("second")
    holder.join()
    assert order == ["first", "second"]


OPEN = """
import sys
from pnas.tracking import MlflowSpec, open_store
import mlflow
print("ready", flush=True)
sys.stdin.readline()
print(open_store(MlflowSpec(uri=sys.argv[1])).experiment_id)
"""


def start_opener(uri):
    """A process that opens the store at the first line of its standard input."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN, uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_many_processes_open_a_fresh_store_at_once(tmp_path):
    openers = [start_opener(f"sqlite:///{tmp_path}/new/mlflow.db") for _ in range(8)]
    for opener in openers:
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        opener.stdin.write("\n")
        opener.stdin.flush()
    answers = [opener.communicate(timeout=240) for opener in openers]
    assert answers == [(answers[0][0], "")] * 8
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"mlflow.db", ".mlflow.db.lock"}


@pytest.mark.slow
@pytest.mark.alone
def test_a_kill_while_the_schema_is_built_does_no_harm(tmp_path):
    spec = MlflowSpec(uri=f"sqlite:///{tmp_path}/mlflow.db")
    draft = tmp_path / ".mlflow.db.draft"
    opener = start_opener(spec.uri)
    opener.stdin.write("\n")
    opener.stdin.flush()
    until = time.monotonic() + 120
    while not (draft.exists() and draft.stat().st_size > 100_000) and time.monotonic() < until:
        time.sleep(0.005)
    opener.kill()
    opener.communicate()
    assert not Path(tmp_path / "mlflow.db").exists()
    assert open_store(spec).experiment_id


NO_HOME = """
import os, pwd, sys
os.environ.pop("HOME", None)
def unknown(uid): raise KeyError(uid)
pwd.getpwuid = unknown
from pnas.errors import TrackingError
from pnas.tracking import MlflowSpec, open_store
try:
    open_store(MlflowSpec(uri=sys.argv[1]))
except TrackingError as error:
    print(error)
"""


def test_a_user_without_a_home_directory_is_told_what_to_set(tmp_path):
    command = [sys.executable, "-c", NO_HOME, f"sqlite:///{tmp_path}/mlflow.db"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=240).stdout
    assert "set HOME to one that can be written" in said
    assert said.count("\n") == 1


def test_an_experiment_comes_with_the_view_that_compares_searches(new_spec):
    made = open_store(new_spec("made", experiment="new"))
    assert VIEW_TAGS.items() <= made.client.get_experiment(made.experiment_id).tags.items()


def test_an_experiment_that_a_person_made_gets_the_view(new_spec):
    spec = new_spec("given", experiment="theirs")
    client = open_store(spec).client
    client.create_experiment("older")
    older = open_store(MlflowSpec(uri=spec.uri, experiment="older"))
    assert VIEW_TAGS.items() <= client.get_experiment(older.experiment_id).tags.items()
