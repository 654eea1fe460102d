"""Somebody else's run directory, table, archive or store runs no code here, and leads nowhere
outside of itself.

docs/security.md says the same in words.
"""

import ast
import io
import json
import os
import pickle
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import ROOT, run_apart, run_here
from support.small import SMALL

from pnas.children.child_weights import load_weights
from pnas.config import load_settings
from pnas.data import load_dataset
from pnas.errors import MalformedFile, PnasError, RunDirectoryError
from pnas.predictors import LSTMSpec, load_predictor, make_predictor
from pnas.records import ChildResult, Choice, Journal, Status
from pnas.records.evaluation_cache import EvaluationCache
from pnas.records.path_safety import check_no_escaping_symlinks, validate_keys
from pnas.reports.charts.ranking_plot import plot_ranking
from pnas.reports.data.ranking_files import read_scores
from pnas.reports.terminal.result_tables import ranking_table
from pnas.state_space import Cell, StateSpace

LOOKED_AT = ("shell", "allow_pickle", "safe_mode")
"""Arguments whose values decide whether a call may run code."""

SOURCES = [*(ROOT / "pnas").rglob("*.py"), ROOT / "run.py"]


class Payload:
    """What a hostile pickle does when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (str(self.mark),)


# -- no code ---------------------------------------------------------------------------------------


def test_no_module_unpickles_or_evaluates() -> None:
    """Worker processes get what they run by the pools' own pickles, made and read by us; files
    never do.
    """
    for path in SOURCES:
        check_source(path)


def check_source(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert not {node.id for node in nodes if isinstance(node, ast.Name)} & {
        "eval",
        "exec",
        "compile",
    }, path
    assert not {name.split(".")[0] for name in modules} & {
        "pickle",
        "dill",
        "cloudpickle",
        "joblib",
        "shelve",
    }, path
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        called = ast.unparse(call.func)
        options = {
            keyword.arg: ast.unparse(keyword.value)
            for keyword in call.keywords
            if keyword.arg in LOOKED_AT
        }
        assert called not in ("yaml.load", "os.system", "hydra.utils.instantiate", "instantiate"), (
            path
        )
        assert options.get("shell") != "True", path
        if called == "np.load":
            assert options.get("allow_pickle") == "False", path
        # The MLflow model that an export reads back is the one that it has just written.
        if called.endswith("load_model") and path.name != "model_registration.py":
            assert options.get("safe_mode") == "True", path


def pickled_archive(path: Path, mark: Path, *names: str) -> Path:
    hostile = np.empty(1, dtype=object)
    hostile[0] = Payload(mark)
    np.savez(path, **dict.fromkeys(names, hostile))
    return path


def test_pickles_in_archives_are_refused(tmp_path: Path) -> None:
    mark = tmp_path / "hacked"
    space = StateSpace(B=2, operators=["identity", "3x3 conv"])
    make_predictor(space, LSTMSpec(hidden=4)).save(tmp_path / "stage_1")
    pickled_archive(tmp_path / "stage_1" / "weights.npz", mark, "embedding")
    model: Any = None  # the file is refused before the model is looked at
    attempts: list[Callable[[], object]] = [
        lambda: load_dataset(
            "npz", path=pickled_archive(tmp_path / "d.npz", mark, "x_train", "y_train")
        ),
        lambda: load_weights(model, pickled_archive(tmp_path / "w.npz", mark, "trainable_00000")),
        lambda: load_predictor(tmp_path / "stage_1", space),
    ]
    for attempt in attempts:
        with pytest.raises(PnasError):
            attempt()
    for name in ("bare.npz", "bare.npy"):
        (tmp_path / name).write_bytes(pickle.dumps(Payload(mark)))
        with pytest.raises(PnasError):
            load_weights(model, tmp_path / name)
    assert not mark.exists()


def test_an_archive_member_cannot_be_written_outside(tmp_path: Path) -> None:
    """Archives are read into memory; names in them are never paths."""
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    with zipfile.ZipFile(tmp_path / "slip.npz", "w") as archive:
        archive.writestr("../../escaped.npy", array.getvalue())
    with pytest.raises(PnasError):
        load_dataset("npz", path=tmp_path / "slip.npz")
    assert not (tmp_path.parents[1] / "escaped.npy").exists()


# -- somebody else's run directory -----------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory as a search leaves it."""
    run_dir = tmp_path_factory.mktemp("made") / "run"
    space = StateSpace(B=1, operators=["identity", "3x3 conv"])
    cells = [Cell.parse(f"(-1, {name}, -1, identity)") for name in ("identity", "3x3 conv")]
    with Journal(make(run_dir) / "journal.sqlite", create=True) as journal:
        journal.set_meta(
            search_id="there", name="run", config={"seed": 1}, started_at=1e9, status="finished"
        )
        journal.open_stage(
            1, [Choice(cell, f"key{i}", i, None) for i, cell in enumerate(cells)], 0, 3, 0.0
        )
        for i, cell in enumerate(cells):
            journal.end_child(f"key{i}", ChildResult(cell, i, Status.OK, 0.5, {}, 10, 20, 1.0))
    make_predictor(space, LSTMSpec(hidden=4)).save(make(run_dir / "controller" / "stage_1"))
    operators = "state_space.operators=[identity,3x3 conv]"
    assert (
        run_here_in(
            run_dir.parent, operators, "name=x", "--cfg", "job", out=run_dir / "config.yaml"
        )
        == 0
    )
    (run_dir / "children.csv").write_text(
        'stage,cell,reward\n1,"(-1, identity, -1, identity)",0.5\n'
    )
    return run_dir


def make(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_here_in(folder: Path, *overrides: str, out: Path) -> int:
    code, text, _ = run_apart(*overrides, cwd=folder)
    settings = [line for line in text.splitlines() if not line.startswith(("experiment", "hydra"))]
    out.write_text("\n".join(settings) + "\n")
    return code


@pytest.fixture
def theirs(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path / "theirs")
    return tmp_path / "theirs"


SCORE = ("task=score", "from=theirs", "state_space.B=1", "controller.K=null")


def test_an_innocent_one_is_scored(theirs: Path) -> None:
    assert run_here(*SCORE) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("_target_: os.system", "_target_"),
        ("trainer: {_target_: subprocess.run, args: [touch, hacked]}", "_target_"),
        ("state_space: {operators: [{_target_: os.mkdir, path: hacked}]}", "_target_"),
        ("name: !!python/object/apply:os.mkdir [hacked]", "could not determine a constructor"),
        ("a: &a [*a]", "cannot be read"),
        ("name: ${oc.env:HOME", "cannot be read"),
        ("name: ${oc.env:HOME}", "oc.env:HOME"),
        ("name: ../../elsewhere", "name: must be"),
        ("state_space: 3", "cannot be read"),
        ("\0", "cannot be read"),
    ],
)
def test_a_hostile_config_is_refused_in_one_line(
    line: str, message: str, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = line.partition(":")[0]
    lines = (theirs / "config.yaml").read_text().splitlines()
    kept: list[str] = []
    for old in lines:
        inside = old.startswith((" ", "-")) and kept[-1:] == ["#"]
        kept.append("#" if old.startswith(f"{key}:") or inside else old)
    (theirs / "config.yaml").write_text(
        "\n".join([*(old for old in kept if old != "#"), line]) + "\n"
    )
    assert run_here(*SCORE) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert str(Path.home()) not in err.replace(str(theirs), "")
    assert not Path("hacked").exists()


def test_interpolations_are_read_as_text(theirs: Path) -> None:
    with (theirs / "config.yaml").open("a") as file:
        file.write("note: ${oc.env:HOME}\n")
    assert load_settings(theirs / "config.yaml")["note"] == "${oc.env:HOME}"


@pytest.mark.parametrize(
    ("link", "task"),
    [
        ("weights", ("name=theirs",)),
        ("journal.sqlite", ("name=theirs",)),
        ("controller/stage_1/weights.npz", SCORE),
        ("scores_b1.csv", SCORE),
        ("children.csv", ("task=rank", "from=theirs")),
        ("ranking.png", ("task=rank", "from=theirs")),
        ("journal.sqlite", ("task=sync", "from=theirs")),
    ],
)
def test_a_link_out_of_it_is_refused(
    link: str,
    task: tuple[str, ...],
    theirs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = make(tmp_path / "mine")
    (mine / "file").write_text("precious")
    target = mine if link == "weights" else mine / "file"
    if (theirs / link).exists() and link == "journal.sqlite":
        shutil.move(theirs / link, target)
    (theirs / link).unlink(missing_ok=True)
    (theirs / link).symlink_to(target)
    before = (mine / "file").read_bytes()
    assert (
        run_here(
            *task, "hydra.run.dir=theirs" if task[0] == "name=theirs" else "tracking.experiment=x"
        )
        == 2
    )
    assert "is a link out of its run directory" in capsys.readouterr().err
    assert (mine / "file").read_bytes() == before


def test_links_within_it_and_to_it_are_fine(theirs: Path, tmp_path: Path) -> None:
    (theirs / "best.npz").symlink_to("controller/stage_1/weights.npz")
    (tmp_path / "short").symlink_to(theirs)
    check_no_escaping_symlinks(tmp_path / "short")


@pytest.mark.parametrize("key", ["../../mine/file", "/etc/passwd", "", "a/b", "a\nb", "x" * 200])
def test_keys_that_are_paths_are_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError) as caught:
        validate_keys(["435cc34626a59c9a", key], tmp_path / "journal.sqlite")
    assert "\n" not in str(caught.value)


def test_a_draft_planted_as_a_link_is_not_written_through(tmp_path: Path) -> None:
    from pnas.system.atomic_write import write_text

    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / f".summary.json.{os.getpid()}").symlink_to(precious)
    write_text(tmp_path / "summary.json", "{}")
    assert precious.read_text() == "mine"
    assert (tmp_path / "summary.json").read_text() == "{}"


# -- text ------------------------------------------------------------------------------------------

HOSTILE = [
    "[red]x[/red]",
    "\x1b[31mx\x1b[0m",
    "\x1b]0;title\x07",
    "$\\frac{x}$",
    "<script>x</script>",
    "=cmd()",
    "\u202ex",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_table_is_shown_and_never_obeyed(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "children.csv"
    lines = (f'1,"(-1, {text} conv, -1, {text})",0.5,ok,', f'1,"(-1, a, -1, b)",,failed,{text}')
    table.write_text("\n".join(("stage,cell,reward,status,error", *lines)) + "\n")
    if "(" in text:
        with pytest.raises(PnasError):
            read_scores(table)
        return
    cells = read_scores(table)
    ranking_table(cells).print()
    ranking_table(cells, order="training").print()
    out = capsys.readouterr().out
    assert not set(out) & {"\x1b", "\x07", "\u202e"}
    if text.isprintable():
        assert text in out
    plot_ranking(cells, tmp_path / "plot.png")
    assert plot_ranking(cells, tmp_path / "plot.svg").is_file()
    assert "<script>" not in (tmp_path / "plot.svg").read_text()


def test_a_poisoned_cache_entry_is_data(tmp_path: Path) -> None:
    EvaluationCache(tmp_path / "e.sqlite", "c")
    cell = Cell.parse("(-1, identity, -1, identity)")
    with sqlite3.connect(tmp_path / "e.sqlite") as db:
        row = (
            "c",
            "key",
            0,
            str(cell),
            0.5,
            1,
            1,
            1.0,
            json.dumps({"loss": ["__import__('os')"]}),
            0.0,
        )
        db.execute("INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    from pnas.records import ChildJob

    with pytest.raises(MalformedFile, match="must be lists of numbers"):
        EvaluationCache(tmp_path / "e.sqlite", "c").get("key", ChildJob(cell, 0))


# -- credentials -----------------------------------------------------------------------------------

ONE_STAGE = (*SMALL, "state_space.B=1", "executor=serial")


def assert_nowhere(secret: str, folder: Path, *texts: str) -> None:
    for text in texts:
        assert secret not in text
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        assert secret.encode() not in path.read_bytes(), path


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["single", "multirun"])
def test_credentials_of_a_store_are_written_nowhere(mode: str, tmp_path: Path) -> None:
    uri = "tracking.uri=http://user:s3cr3t-word@127.0.0.1:1"
    options = ["name=demo"] if mode == "single" else ["-m", "hydra.sweep.dir=sweep", "seed=1"]
    code, out, err = run_apart(*options, uri, *ONE_STAGE, cwd=tmp_path)
    assert code == 0, err
    assert "http://***@127.0.0.1:1" in err + out
    assert err.count("The search goes on") == 1
    run_dir = tmp_path / ("outputs/demo" if mode == "single" else "sweep/0")
    assert json.loads((run_dir / "summary.json").read_text())["status"] == "finished"
    assert_nowhere("s3cr3t-word", tmp_path, out, err)
    # Delivered later, to a store that is there: its params are free of it too.
    assert run_apart("task=sync", f"from={run_dir}", cwd=tmp_path)[0] == 0
    assert_nowhere("s3cr3t-word", tmp_path)


@pytest.mark.parametrize(
    "overrides",
    [
        ("tracking.urii=http://user:s3cr3t-word@host",),
        ("tracking.uri=ftp://user:s3cr3t-word@host",),
        ("tracking.uri=http://user:s3cr3t-word@host", "seed=x"),
        ("tracking.uri=http://user:s3cr3t-word@host", "seed=-1"),
        ("-m", "+tracking.uris=http://user:s3cr3t-word@host", "seed=-1"),
        ("task=sync", "from=nowhere/at/all", "tracking.uri=http://user:s3cr3t-word@127.0.0.1:1"),
        ("task=score", "from=0123456789abcdef", "tracking.uri=http://user:s3cr3t-word@127.0.0.1:1"),
    ],
)
def test_credentials_appear_in_no_refusal(
    overrides: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here(*overrides) == 2
    captured = capfd.readouterr()
    assert "s3cr3t-word" not in captured.out + captured.err
    assert "Traceback" not in captured.err
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"s3cr3t-word" not in path.read_bytes(), path
