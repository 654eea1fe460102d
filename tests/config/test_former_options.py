from pathlib import Path

import pytest
from support.command import run_here


def test_a_former_name_works_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("experiment=make_digits_table", "name=a", "plan_only=true") == 0
    today = capsys.readouterr()
    assert run_here("experiment=digits_table", "name=a", "plan_only=true") == 0
    former = capsys.readouterr()
    assert former.out == today.out
    line = "experiment=digits_table is called experiment=make_digits_table now\n"
    assert former.err == today.err + line


def test_the_shell_completes_run_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("demo", "other"):
        (tmp_path / "outputs" / name).mkdir(parents=True)
    monkeypatch.setenv("COMP_LINE", "python run.py task=show from=./outputs/d")
    monkeypatch.setenv("COMP_POINT", "40")
    assert run_here("-sc", "query=bash") == 0
    assert capsys.readouterr().out.split() == ["from=./outputs/demo"]
