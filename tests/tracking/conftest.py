"""Journals made by hand, one MLflow database made once, and a store read back as plain values."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.state_space import Cell
from pnas.tracking import MlflowSpec, open_store, project

CONFIG = {
    "name": "demo",
    "seed": 3,
    "state_space": {"kind": "pnas", "B": 2, "operators": ["3x3 dconv", "identity"]},
    "controller": {"kind": "lstm", "K": 2},
    "tracking": {"uri": None},
}
STARTED = 1_700_000_000.0
OPERATORS = ("3x3 dconv", "identity", "3x3 maxpool", "5x5 dconv")


class HandMade:
    """A search whose journal is written step by step."""

    def __init__(self, run_dir: Path) -> None:
        run_dir.mkdir(parents=True)
        self.run_dir = run_dir
        self.journal = Journal(run_dir / "journal.sqlite", create=True)
        self.set(
            search_id="search-1", name="demo", sweep="sweep-7", config=CONFIG, started_at=STARTED
        )

    def set(self, **meta: Any) -> None:
        self.journal.set_meta(**meta)

    def open(self, b: int, size: int) -> None:
        cells = [Cell([(-1, OPERATORS[i % 4], -2, OPERATORS[i // 4])] * b) for i in range(size)]
        predicted = None if b == 1 else 0.5
        choices = [Choice(cell, f"{b}-{i}", 10 * b + i, predicted) for i, cell in enumerate(cells)]
        self.journal.open_stage(b, choices, 4 * size, 3 * size, 0.25)

    def end(self, b: int, i: int, reward: float | None, **changes: Any) -> None:
        cell = self.journal.children(b)[i].cell
        metrics = {"loss": [0.9, 0.5, 0.1], "val_accuracy": [0.1, 0.2, reward]}
        outcome = {"status": Status.OK, "reward": reward, "metrics": metrics}
        if reward is None:
            outcome = {"status": Status.FAILED, "error": "ran out of memory"}
        fields = {"params": 1000 + i, "flops": 5000, "seconds": 2.0, **outcome, **changes}
        self.journal.end_child(f"{b}-{i}", ChildResult(cell, 10 * b + i, **fields))

    def close(self, b: int, spearman_next: float | None = None) -> None:
        learned = {"kind": "lstm", "loss": 0.1, "losses": [0.3, 0.2, 0.1], "spearman_fit": 0.9}
        self.journal.close_stage(b, {**learned, "spearman_next": spearman_next})

    def first_half(self) -> None:
        """Stage 1, with one child that failed, and one of the two children of stage 2."""
        self.open(1, 3)
        for i, reward in enumerate((0.5, None, 0.7)):
            self.end(1, i, reward)
        self.close(1)
        self.open(2, 2)
        self.end(2, 0, 0.6)

    def second_half(self) -> None:
        self.end(2, 1, 0.8)
        self.close(2, spearman_next=0.4)
        for name in ("summary.json", "children.csv", "config.yaml"):
            (self.run_dir / name).write_text(name)
        self.set(status="finished", search_seconds=12.5, test_accuracy=0.75)


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
def example(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    home = tmp_path_factory.mktemp("example")
    made = HandMade(home / "demo")
    made.first_half()
    made.second_half()
    spec = MlflowSpec(uri=f"sqlite:///{shutil.copy(template, home)}")
    info = project(made.run_dir, spec)
    yield Example(made, spec, info, _read_store(spec))
    made.journal.close()


@pytest.fixture
def finished(search: HandMade) -> HandMade:
    search.first_half()
    search.second_half()
    return search


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("template") / "mlflow.db"
    open_store(MlflowSpec(uri=f"sqlite:///{database}", experiment="template"))
    return database


@pytest.fixture
def new_spec(template: Path, tmp_path: Path) -> Callable[..., MlflowSpec]:
    """Makes the spec of a store of its own: making a schema takes seconds, copying one does not."""

    def make(name: str = "store", **changes: Any) -> MlflowSpec:
        database = tmp_path / name / "mlflow.db"
        database.parent.mkdir()
        shutil.copy(template, database)
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
    """All runs of the store's experiment by ``pnas.key``, without the ids that MLflow draws."""
    store = open_store(spec)
    runs = list(store.client.search_runs([store.experiment_id], max_results=1000))
    keys = {run.info.run_id: run.data.tags["pnas.key"] for run in runs}
    assert len(set(keys.values())) == len(runs), "a run is there twice"
    return {keys[run.info.run_id]: _read_run(store.client, run, keys) for run in runs}


def _read_run(client: Any, run: Any, keys: dict[str, str]) -> dict[str, Any]:
    history = [
        m for name in run.data.metrics for m in client.get_metric_history(run.info.run_id, name)
    ]
    tags = dict(run.data.tags)
    return {
        "name": run.info.run_name,
        "status": run.info.status,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "parent": keys.get(tags.pop("mlflow.parentRunId", "")),
        "tags": {name: value for name, value in tags.items() if name.startswith("pnas.")},
        "params": dict(run.data.params),
        "points": sorted((m.key, m.step, m.value, m.timestamp) for m in history),
        "artifacts": sorted(artifact.path for artifact in client.list_artifacts(run.info.run_id)),
    }
