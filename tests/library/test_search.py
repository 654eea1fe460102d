"""`pnas.search`: the command's search from Python."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import ROOT, run_here

import pnas
from pnas.errors import PnasError
from pnas.extensions import VARIABLE
from pnas.library import SearchResult, searching

KEYS: dict[str, Any] = {
    "B": 2,
    "K": 2,
    "operators": ["3x3 maxpool", "identity"],
    "input_lookback_depth": -1,
    "filters": 2,
    "epochs": 1,
    "confirm": 0,
    "executor": "serial",
    "tracking": "none",
}


def images(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 3
    pixels = 0.25 * (generator.uniform(size=(count, 8, 8)) + labels[:, None, None])
    return pixels.astype(np.float32), labels


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    home = tmp_path_factory.mktemp("library")
    return pnas.search(images(), name="arrays", directory=home, progress=False, **KEYS)


def test_it_finds_what_the_journal_holds(result: SearchResult) -> None:
    assert len(result.cells) == 5
    rewards = [child.reward for child in result.cells]
    assert result.best is not None
    assert result.best.reward == max(rewards)
    assert result.winner is None  # confirm=0
    assert result.summary["status"] == "finished"


def test_it_is_readable(result: SearchResult) -> None:
    assert repr(result).startswith("<search arrays: finished, 5 trainings, best 0.")
    assert repr(result.best).startswith("<child 0.")
    assert result.best is not None
    assert result.best._repr_svg_().startswith("<svg")
    assert result.best.cell._repr_svg_().startswith("<svg")
    assert result._repr_html_().count("<svg") == 3


def test_it_is_drawn_and_reported(result: SearchResult, tmp_path: Path) -> None:
    picture = result.plot()
    assert picture._repr_svg_().startswith("<svg")
    assert picture.save(tmp_path / "search.png").is_file()
    assert "arrays" in result.report(tmp_path / "page.html").read_text("utf-8")


def test_it_is_a_table(result: SearchResult) -> None:
    pytest.importorskip("pandas")
    table = result.to_pandas()
    assert list(table["status"]) == ["ok"] * 5
    assert table["reward"].max() == pytest.approx(result.best.reward)
    assert [row["cell"] for row in result.rows()] == list(table["cell"])


def test_the_best_child_predicts_raw_images(result: SearchResult) -> None:
    model = result.model()
    probabilities = np.asarray(model(images(4)[0][..., None]))
    assert probabilities.shape == (4, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)


def test_the_same_call_continues_and_trains_nothing_twice(result: SearchResult) -> None:
    before = (result.run_dir / "journal.sqlite").stat().st_mtime_ns
    home = result.run_dir.parent
    again = pnas.search(images(), name="arrays", directory=home, progress=False, **KEYS)
    assert [child.reward for child in again.cells] == [child.reward for child in result.cells]
    assert (result.run_dir / "journal.sqlite").stat().st_mtime_ns == before


def test_a_command_reads_and_continues_it(
    result: SearchResult, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(result.run_dir.parent)
    assert run_here("task=show", f"from={result.run_dir}") == 0
    assert "arrays" in capsys.readouterr().out
    assert pnas.open_result(result.run_dir).cells == result.cells


def masked(array: np.ndarray, count: int) -> np.ma.MaskedArray:
    mask = np.zeros(array.shape, bool)
    mask.flat[:count] = True
    return np.ma.MaskedArray(array, mask)


NOT_MASKED = "must have no masked entries: a mask is not read. Received: "

MISTAKES = [
    ("", {}, "data: must be arrays, an image folder, an .npz file, or one of"),
    (" ", {}, "data: must be arrays, an image folder, an .npz file, or one of"),
    ((masked(images()[0], 7), images()[1]), {}, f"data: x_train {NOT_MASKED}'7 masked'"),
    ((images()[0], masked(images()[1], 2)), {}, f"data: y_train {NOT_MASKED}'2 masked'"),
    (
        ([masked(image, 1) for image in images()[0]], images()[1]),
        {},
        f"data: x_train {NOT_MASKED}'120 masked'",
    ),
    ("no such folder", {}, "data: must be arrays, an image folder, an .npz file, or one of"),
    (images()[0], {}, "data: must be (x, y)"),
    (images()[:1] * 2, {}, "data: "),
    (
        images(),
        {"epochs": "three"},
        "trainer.epochs: must be an integer of at least 1. Received: 'three'",
    ),
    (images(), {"controller": "lstn"}, "controller: must be an option that exists"),
    (images(), {"overrides": ["trainer.epoch=3"]}, "trainer.epoch: "),
    (images(), {"name": "a/b"}, "name: must be at most 200 letters"),
    (images(), {"name": "a" * 300}, "name: must be at most 200 letters"),
    (([[1, 2], [3]], [0, 1]), {}, "data: x_train must be an array, or lists of equal lengths"),
    ({1: images()[0], 2: images()[1]}, {}, "data: must name arrays by text"),
    ("digits", {"overrides": "trainer.epochs=3"}, "overrides: must be a list of texts"),
    ("digits", {"overrides": [3]}, "overrides: must be a list of texts"),
    ("digits", {"epochs": 10**30}, "trainer.epochs: must be at most 1,000,000,000"),
]


@pytest.mark.parametrize(
    ("data", "keywords", "message"),
    MISTAKES,
)
def test_mistakes_are_one_line_before_any_work(
    data: Any, keywords: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(PnasError) as refused:
        pnas.search(data, directory=tmp_path, **keywords)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def plan(data: Any, directory: Path) -> None:
    pnas.search(data, directory=directory, name="plan", plan_only=True, progress=False, **KEYS)


@pytest.mark.parametrize("name", ["names", "file", "allow_pickle", "taken_at"])
def test_other_arrays_may_have_any_name_and_type(name: str, tmp_path: Path) -> None:
    x, y = images()
    dates = np.arange(len(y)).astype("M8[s]")
    plan({"x_train": x, "y_train": y, name: dates}, tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        (images()[0].astype("f2"), images()[1]),
        (np.asfortranarray(images()[0]), images()[1]),
        (images()[0].astype(">f4"), images()[1].astype(">i8")),
        ((images()[0] * 65535).astype(">u2"), images()[1]),
        (np.ma.MaskedArray(images()[0]), images()[1]),
    ],
    ids=["float16", "Fortran order", "big-endian float", "big-endian uint16", "nothing masked"],
)
def test_arrays_of_any_layout_are_taken(given: Any, tmp_path: Path) -> None:
    plan(given, tmp_path)


@pytest.mark.parametrize("directory", [None, 3])
def test_a_directory_must_be_a_path(directory: Any) -> None:
    with pytest.raises(PnasError, match="directory: must be a path"):
        pnas.search("digits", directory=directory)


def test_a_plan_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = pnas.search("digits", directory=tmp_path, name="plan", plan_only=True)
    assert found.best is None
    assert repr(found).endswith("plan: no children>")
    assert "class 0" in capsys.readouterr().out


def test_importing_pnas_is_light() -> None:
    heavy = ("numpy", "hydra", "tensorflow", "mlflow")
    script = f"import sys, pnas; print([name for name in {heavy} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    printed = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    assert printed.strip() == "[]"


@pytest.mark.slow
def test_a_script_without_a_guard_may_search_with_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import pnas\nprint('script began')\n"
        "found = pnas.search('digits', name='a', B=1, operators=['3x3 maxpool', 'identity'],"
        " filters=2, epochs=1, workers=1, tracking='none', input_lookback_depth=-1, confirm=0)\n"
        "print(found)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("script began") == 1
    assert "<search a: finished" in done.stdout


@pytest.mark.parametrize(
    ("data", "keywords", "chosen"),
    [
        (None, {"experiment": "seed_toy"}, "cifar10"),
        (None, {"overrides": ["data=fashion_mnist"]}, "fashion_mnist"),
        (None, {}, "digits"),
        ("digits", {"experiment": "seed_toy"}, "digits"),
        ("digits", {"experiment": None}, "digits"),
        ("bars", {"train_size": 200}, "bars"),
    ],
)
def test_an_experiment_chooses_its_data_unless_the_call_does(
    data: str | None,
    keywords: dict[str, Any],
    chosen: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, str(ROOT / "docs" / "examples" / "my_data.py"))
    seen: list[str] = []

    def note_data(config: Any, context: Any) -> None:
        seen.append(config.data.name)

    monkeypatch.setattr(searching, "execute_task", note_data)
    pnas.search(data, directory=tmp_path, **keywords)
    assert seen == [chosen]
