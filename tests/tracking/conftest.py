"""Journals made by hand, stores to show them in, and a store read back as plain values."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.hand_made_search import HandMade

from pnas.tracking import MlflowSpec, open_store, project


@pytest.fixture
def search(tmp_path: Path) -> Iterator[HandMade]:
    made = HandMade(tmp_path / "outputs" / "demo")
    yield made
    made.journal.close()


class Example(NamedTuple):
    """A finished search that is shown already. For tests that only read."""

    search: HandMade
    spec: MlflowSpec
    info: dict[str, str]
    shown: dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def example(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    home = tmp_path_factory.mktemp("example")
    made = HandMade(home / "demo")
    made.first_half()
    made.second_half()
    spec = MlflowSpec(uri=f"sqlite:///{shutil.copy(empty_store, home)}")
    info = project(made.run_dir, spec)
    yield Example(made, spec, info, _read_store(spec))
    made.journal.close()


@pytest.fixture
def finished(search: HandMade) -> HandMade:
    search.first_half()
    search.second_half()
    return search


@pytest.fixture
def new_spec(empty_store: Path, tmp_path: Path) -> Callable[..., MlflowSpec]:
    """Makes the spec of a store of its own, a copy of ``empty_store``."""

    def make(name: str = "store", **changes: Any) -> MlflowSpec:
        database = tmp_path / name / "mlflow.db"
        database.parent.mkdir()
        shutil.copy(empty_store, database)
        return MlflowSpec(uri=f"sqlite:///{database}", **changes)

    return make


@pytest.fixture
def spec(new_spec: Callable[..., MlflowSpec]) -> MlflowSpec:
    return new_spec()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def read_store() -> Callable[[MlflowSpec], dict[str, dict[str, Any]]]:
    return _read_store


def _read_store(spec: MlflowSpec) -> dict[str, dict[str, Any]]:
    """All runs of the store's experiment by ``pnas.key``, without the ids that MLflow makes."""
    store = open_store(spec)
    runs = list(store.client.search_runs([store.experiment_id], max_results=1000))
    keys = {run.info.run_id: run.data.tags["pnas.key"] for run in runs}
    assert len(set(keys.values())) == len(runs), "a run is there twice"

    found = {}
    for run in runs:
        key = keys[run.info.run_id]
        found[key] = _read_run(store.client, run, keys)
    return found


def _read_run(client: Any, run: Any, keys: dict[str, str]) -> dict[str, Any]:
    run_id = run.info.run_id
    tags = dict(run.data.tags)
    parent = keys.get(tags.pop("mlflow.parentRunId", ""))
    points = []
    for name in run.data.metrics:
        for metric in client.get_metric_history(run_id, name):
            points.append((metric.key, metric.step, metric.value, metric.timestamp))
    return {
        "name": run.info.run_name,
        "status": run.info.status,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "parent": parent,
        "tags": {name: value for name, value in tags.items() if name.startswith("pnas.")},
        "params": dict(run.data.params),
        "points": sorted(points),
        "artifacts": sorted(artifact.path for artifact in client.list_artifacts(run_id)),
    }
