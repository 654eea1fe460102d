"""The scripts under experiments/: each says what it does, costs and gives; one small sweep runs to
its plot.
"""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.small import SMALL

ROOT = Path(__file__).parents[1]
STUDIES = ("compare_operators", "repeat_seeds", "original_toy", "paper_search")


def run(script: str, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "experiments" / f"{script}.py"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=400)


@pytest.mark.parametrize("script", STUDIES)
def test_each_study_opens_with_its_command(script: str) -> None:
    text = (ROOT / "experiments" / f"{script}.py").read_text()
    assert f".venv/bin/python experiments/{script}.py" in text.partition('"""\n\n')[0]


def test_the_tutorial_is_walked_from_its_folder_to_its_exported_model() -> None:
    walk = runpy.run_path(str(ROOT / "experiments" / "walk_tutorial.py"))
    typed = walk["commands"]()
    assert typed[0][1].endswith("make_photos.py")
    assert typed[-1][1].endswith("classify_image.py")
    assert any("task=export" in words for words in typed)
    assert not any("ui" in words for words in typed)
    assert all((ROOT / words[1]).is_file() for words in typed)


@pytest.mark.slow
def test_a_study_ends_with_a_table_and_a_plot(tmp_path: Path, empty_store: Path) -> None:
    store = shutil.copy(empty_store, tmp_path / "mlflow.db")
    where = ("hydra.sweep.dir=multirun/small", f"tracking.uri=sqlite:///{store}")
    search = (*SMALL, "state_space.B=1", "executor.workers=1")
    done = run("repeat_seeds", "seed=0,1", *search, *where, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "best_reward" in done.stdout
    assert (tmp_path / "multirun" / "small" / "comparison.png").stat().st_size > 5000


@pytest.mark.slow
def test_an_unknown_key_is_one_line(tmp_path: Path) -> None:
    done = run(
        "repeat_seeds",
        "seed=0,1",
        "trainer.epoch=1",
        f"tracking.uri=sqlite:///{tmp_path}/m.db",
        cwd=tmp_path,
    )
    assert "trainer.epoch: must be a key that exists" in done.stderr
    assert "Traceback" not in done.stderr
