"""What reads files that anybody may have written, each with a sound example to damage."""

import csv
import gzip
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fuzzing.mutations import ARCHIVE, BYTES, DATABASE, JSON, TEXT, Mutation
from fuzzing.override_commands import make_files
from PIL import Image
from support.command import run_here
from support.fake_children import fake_reward
from support.predictor_cases import small
from support.small import BY_TABLE

from pnas.children.child_weights import _read as read_weights
from pnas.children.child_weights import write_arrays
from pnas.data import load_dataset
from pnas.exporting.description import finished_export
from pnas.predictors import load_predictor, make_predictor
from pnas.records import ChildJob, ChildResult, Journal, JournalReader, Status
from pnas.records.evaluation_cache import EvaluationCache
from pnas.records.front import read_front
from pnas.records.summary import summarize
from pnas.reports.data.ranking_files import read_files
from pnas.reports.data.run_reader import read_run
from pnas.reports.html.search_report import write_report
from pnas.runs.run_source import stored_settings
from pnas.state_space import StateSpace
from pnas.tables import load_table

SPACE = StateSpace(2, ["3x3 maxpool", "identity"], -1)
CELLS = list(SPACE.initial_children())
TOKENS = SPACE.encode(CELLS)


@dataclass(frozen=True)
class Case:
    """A kind of file.

    Attributes:
        file: Path of the file that is damaged, below the folder.
        mutations: Damage that is done to it.
        read: Reads it, given the folder; raises a `PnasError` if it is malformed.
    """

    file: str
    mutations: Sequence[Mutation]
    read: Callable[[Path], object]


def make_examples(folder: Path) -> None:
    """Write one sound file of each kind into ``folder``, the working directory."""
    make_files(folder)
    assert run_here(*BY_TABLE, "name=run") == 0
    shutil.move("outputs/run", "run")
    with Journal(folder / "run" / "journal.sqlite", create=True) as journal:
        journal.note("raised", limits=[1, 2])
    _make_table_rows(folder)
    for name in ("gp", "lstm", "trees"):
        predictor = make_predictor(SPACE, small(name))
        rewards = [fake_reward(str(cell)) for cell in CELLS]
        predictor.fit(TOKENS, rewards, stage=1, seed=0)
        predictor.save(folder / name)
    weights = {"trainable_00000": np.ones((3, 2)), "state_00000": np.ones(2)}
    write_arrays(folder / "weights.npz", weights)
    cache = EvaluationCache(folder / "cache.sqlite", "c")
    cache.put("key", ChildResult(CELLS[0], 1, Status.OK, 0.5, {"loss": [1.0]}, 1, 2, 3.0))
    for suffix in ("jpg", "gif", "tif", "bmp", "webp"):
        Image.open(folder / "photos/a/0.png").save(folder / f"photos/a/first.{suffix}")
    (folder / "export").mkdir()
    (folder / "export/model.json").write_text('{"largest_difference": {"keras": 0.1}, "x": [1]}')


def _make_table_rows(folder: Path) -> None:
    """Write the small table with its rows in the two other formats as well."""
    text = gzip.decompress((folder / "table.csv.gz").read_bytes()).decode()
    head = (folder / "table.yaml").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    (folder / "rows.csv").write_text(text)
    np.savez(
        folder / "rows.npz",
        cell=np.array([row["cell"] for row in rows]),
        reward=np.array([float(row["reward"]) for row in rows]),
    )
    for name in ("csv", "npz"):
        (folder / f"table_{name}.yaml").write_text(head.replace("table.csv.gz", f"rows.{name}"))


def _read_journal(folder: Path) -> None:
    with JournalReader(folder / "run/journal.sqlite") as journal:
        journal.children()
        journal.stages()
        journal.events()
        summarize(journal)
        read_front(journal)
    write_report([read_run(folder / "run")], folder / "report.html", ("search",))


def _write_journal(folder: Path) -> None:
    with Journal(folder / "run/journal.sqlite", create=True) as journal:
        journal.children()


def _predict(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> None:
        predictor = load_predictor(folder / name, SPACE)
        scores = predictor.predict(TOKENS)
        assert scores.shape == (len(CELLS),)

    return read


def _find_in_cache(folder: Path) -> None:
    cache = EvaluationCache(folder / "cache.sqlite", "c")
    # A search warns of a cache that cannot be read, and trains the child.
    with suppress(sqlite3.Error):
        cache.get("key", ChildJob(CELLS[0], 1, None))


def _load_images(folder: Path) -> object:
    return load_dataset("image_folder", path=str(folder / "photos"), image_size=8)


CASES = {
    "journal, read": Case("run/journal.sqlite", DATABASE, _read_journal),
    "journal, continued": Case("run/journal.sqlite", DATABASE, _write_journal),
    "config.yaml": Case("run/config.yaml", TEXT, lambda folder: stored_settings(folder / "run")),
    "children.csv": Case(
        "run/children.csv", TEXT, lambda folder: read_files([str(folder / "run/children.csv")])
    ),
    "table.yaml": Case("table.yaml", TEXT, lambda folder: load_table(folder / "table.yaml")),
    "rows.csv.gz": Case("table.csv.gz", BYTES, lambda folder: load_table(folder / "table.yaml")),
    "rows.csv": Case("rows.csv", TEXT, lambda folder: load_table(folder / "table_csv.yaml")),
    "rows.npz": Case("rows.npz", ARCHIVE, lambda folder: load_table(folder / "table_npz.yaml")),
    "data.npz": Case(
        "images.npz", ARCHIVE, lambda folder: load_dataset("npz", path=str(folder / "images.npz"))
    ),
    "png": Case("photos/a/0.png", BYTES, _load_images),
    "jpg": Case("photos/a/first.jpg", BYTES, _load_images),
    "gif": Case("photos/a/first.gif", BYTES, _load_images),
    "tif": Case("photos/a/first.tif", BYTES, _load_images),
    "bmp": Case("photos/a/first.bmp", BYTES, _load_images),
    "webp": Case("photos/a/first.webp", BYTES, _load_images),
    "weights": Case("weights.npz", ARCHIVE, lambda folder: read_weights(folder / "weights.npz")),
    "cache": Case("cache.sqlite", DATABASE, _find_in_cache),
    "model.json": Case(
        "export/model.json",
        JSON,
        lambda folder: finished_export(folder / "export", folder / "weights.npz", ["keras"]),
    ),
    **{
        f"{name}, {file}": Case(f"{name}/{file}", mutations, _predict(name))
        for name in ("gp", "lstm", "trees")
        for file, mutations in (("predictor.json", JSON), ("weights.npz", ARCHIVE))
    },
}
