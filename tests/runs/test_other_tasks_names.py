"""The name of a run belongs to the task that began it."""

from pathlib import Path

import pytest
from support.command import run_here
from support.journals import make_run

from pnas.records import Journal

OVERRIDES = {
    "search": (),
    "tabulate": ("task=tabulate",),
    "preflight": ("task=preflight",),
    "train": ("task=train", "trainer=final_quick", "cell=pnasnet5"),
}
KINDS = {
    "search": "a search",
    "tabulate": "a tabulation",
    "preflight": "a preflight",
    "train": "a training",
}


@pytest.mark.parametrize("status", ["finished", "running"])
@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("preflight", "search"),
        ("tabulate", "search"),
        ("search", "preflight"),
        ("tabulate", "preflight"),
        ("search", "tabulate"),
        ("preflight", "tabulate"),
        ("preflight", "train"),
        ("search", "train"),
    ],
)
def test_a_run_of_another_task_is_refused_and_left_alone(
    stored: str,
    typed: str,
    status: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    run_dir = make_run(tmp_path / "outputs/mine", status=status, task={"name": stored})
    before = facts_of(run_dir)
    assert run_here("name=mine", "tracking=none", *OVERRIDES[typed]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"name: {run_dir} holds {KINDS[stored]}, not {KINDS[typed]}. Choose another name\n"
    )
    assert facts_of(run_dir) == before


def test_a_plan_is_refused_where_its_search_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "outputs/mine", task={"name": "preflight"})
    assert run_here("name=mine", "plan_only=true") == 2
    assert "holds a preflight, not a search" in capsys.readouterr().err


def facts_of(run_dir: Path) -> dict[str, object]:
    with Journal(run_dir / "journal.sqlite") as journal:
        names = ("config", "overrides", "status", "choices")
        return {**{name: journal.meta(name) for name in names}, "children": journal.children()}
