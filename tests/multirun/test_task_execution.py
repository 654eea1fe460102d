"""What is refused before a task is started."""

from pathlib import Path

import pytest
from support.command import run_here
from support.journals import make_run


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("from=outputs/demo", "cell=best"),
            "cell: must be null with task=search: only task=train reads it. Received: 'best'",
        ),
        (
            ("from=outputs/demo",),
            "from: must be null with task=search: only task=train, export, score, rank, report, "
            "show, watch or sync reads it. Received: 'outputs/demo'",
        ),
        (
            ("task=list", "from=outputs/demo"),
            "from: must be null with task=list: only task=train, export, score, rank, report, "
            "show, watch or sync reads it. Received: 'outputs/demo'",
        ),
        (
            ("task=report", "from=outputs/demo", "task.files=[outputs/other]"),
            "from: must be null if task.files is given. Received: 'outputs/demo'",
        ),
        (
            ("task=show", "from=outputs/demo", "cell=best"),
            "cell: must be null with task=show: only task=train reads it. Received: 'best'",
        ),
    ],
)
def test_a_run_or_a_cell_that_nothing_reads_is_refused(
    overrides: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("demo", "other"):
        make_run(tmp_path / "outputs" / name)
    assert run_here("name=new", "tracking=none", *overrides) == 2
    assert capsys.readouterr().err == f"{message}\n"
    assert not (tmp_path / "outputs/new").exists()


def test_what_an_experiment_sets_is_read_by_its_own_task_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "outputs/demo")
    shown = run_here("experiment=final_quick", "task=show", "from=outputs/demo", "tracking=none")
    assert shown == 0, capsys.readouterr().err
