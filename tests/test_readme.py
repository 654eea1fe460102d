"""What README and docs/usage.md show is run here: commands as far as a plan, and the Python."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.command import ROOT, run_apart, run_here

README = (ROOT / "README.md").read_text()
USAGE = (ROOT / "docs" / "usage.md").read_text()


def blocks(language: str, text: str = README + USAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(*starts: str) -> list[list[str]]:
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    parsed = [
        shlex.split(line, comments=True)
        for line in lines
        if line.startswith(("python ", ".venv/bin/python "))
    ]
    return [words[2:] for words in parsed if words[1] in starts]


SEARCHES = [
    words for words in commands("run.py") if words[0][0] != "-" and not words[0].startswith("task=")
]
SEARCHES = [
    words for words in SEARCHES if not any(word.startswith(("task=", "from=")) for word in words)
]


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files that README's commands name."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (200, 8, 8), np.uint8)
    labels = np.arange(200) % 10
    np.savez(folder / "my.npz", x_train=images, y_train=labels)
    fashion = generator.integers(0, 256, (200, 28, 28), np.uint8)
    np.savez(
        folder / "fashion_mnist.npz", x_train=fashion, y_train=labels, x_test=fashion, y_test=labels
    )
    for label in ("cat", "dog"):
        (folder / "photos" / label).mkdir(parents=True)
        for index in range(80):
            Image.fromarray(images[index]).save(folder / "photos" / label / f"{index}.png")
    return folder


@pytest.mark.parametrize("words", SEARCHES, ids=" ".join)
def test_every_search_command_composes_and_plans(
    words: list[str],
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(data_folder)
    if "trainer.device=gpu" in words:
        assert run_here(*words) == 2
        assert "trainer.device" in capsys.readouterr().err
        return
    rest = [
        word for word in words if word != "plan_only=true" and not word.startswith("tracking.uri")
    ]
    assert run_here(*rest, "plan_only=true") == 0, capsys.readouterr().err


def test_readme_is_an_entrance() -> None:
    assert len(README.splitlines()) < 130


def test_there_are_enough_commands_to_be_worth_testing() -> None:
    assert len(SEARCHES) >= 12
    assert len(blocks("python")) == 3


def test_help_fits_a_screen_and_names_tasks_and_groups(tmp_path: Path) -> None:
    code, out, _ = run_apart("--help", cwd=tmp_path)
    assert code == 0
    assert len(out.splitlines()) <= 60
    for word in (
        "search",
        "score",
        "rank",
        "state_space",
        "controller",
        "executor",
        "controller.K",
        "name=demo",
    ):
        assert word in out


def test_the_function_is_called_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = [block for block in blocks("python") if "pnas.search" in block]
    planned = code.replace("epochs=2", "epochs=2, plan_only=True")
    exec(planned, {})
    assert capsys.readouterr().out.endswith("None\n")


@pytest.mark.slow
def test_the_library_loop_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = [block for block in blocks("python") if "ControllerManager" in block]
    # Two operators and one epoch instead of eight and five: minutes less, the same calls.
    small = code.replace("operators=None", "operators=['3x3 maxpool', 'identity']").replace(
        "epochs=5", "epochs=1"
    )
    assert small.count("maxpool") == 1
    names: dict[str, object] = {}
    exec(small, names)
    history = names["controller"].history  # type: ignore[attr-defined]
    assert [len(cells) for cells, _ in history] == [10, 8, 8]
    assert all(0 <= reward <= 1 for _, rewards in history for reward in rewards)


@pytest.mark.slow
def test_the_winner_is_rebuilt_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = ("state_space.operators=[3x3 maxpool,identity]", "state_space.B=1", "trainer.epochs=25")
    assert run_apart("name=demo", *small, "tracking=none", cwd=tmp_path)[0] == 0
    (code,) = [block for block in blocks("python") if "load_weights" in block]
    names: dict[str, object] = {}
    exec(code, names)
    model = names["model"]
    manager = names["manager"]
    dataset = manager.dataset  # type: ignore[attr-defined]
    logits = np.asarray(model(dataset.x_val, training=False))  # type: ignore[operator]
    accuracy = float((logits.argmax(-1) == dataset.y_val).mean())
    reward = json.loads((tmp_path / "outputs/demo/summary.json").read_text())["best"]["reward"]
    assert accuracy == pytest.approx(reward, abs=2e-3)
