"""Commands that name no strategy, and mean the default of earlier versions."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT, run_here

from pnas.records import Journal
from pnas.runs.command_context import Context
from pnas.runs.meant_config import meant_config
from pnas.search import EvolutionSpec, ProgressiveSpec

DEFAULT = {"search": "mixed"}
COMPOSED = {"task": {"name": "search"}, "search": {"kind": "refined", "max_children": 60}}


def started(tmp_path: Path, search: dict[str, Any]) -> Path:
    run_dir = tmp_path / "outputs" / "run"
    run_dir.mkdir(parents=True)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(config={"search": search})
    return run_dir


def search_of(run_dir: Path, typed: tuple[str, ...] = (), **changes: Any) -> Any:
    context = Context(run_dir, typed=frozenset(typed), choices={**DEFAULT, **changes})
    return meant_config(COMPOSED, context)["search"]


def test_a_run_of_the_former_default_continues_with_it(tmp_path: Path) -> None:
    run_dir = started(tmp_path, asdict(ProgressiveSpec()))
    assert search_of(run_dir) == asdict(ProgressiveSpec())


def test_what_is_typed_holds(tmp_path: Path) -> None:
    run_dir = started(tmp_path, asdict(ProgressiveSpec()))
    typed = ("search.max_children",)
    assert search_of(run_dir, typed) == asdict(ProgressiveSpec(max_children=60))


@pytest.mark.parametrize("search", [asdict(EvolutionSpec(max_children=9)), {"refine": 5}])
def test_a_run_of_another_strategy_is_left_alone(tmp_path: Path, search: dict[str, Any]) -> None:
    assert search_of(started(tmp_path, search)) == COMPOSED["search"]


def test_a_strategy_that_is_typed_holds(tmp_path: Path) -> None:
    run_dir = started(tmp_path, asdict(ProgressiveSpec()))
    assert search_of(run_dir, ("search",)) == COMPOSED["search"]
    assert search_of(run_dir, ("search.kind",)) == COMPOSED["search"]
    assert search_of(run_dir, search="refined") == COMPOSED["search"]


def test_a_new_run_has_the_default_of_today(tmp_path: Path) -> None:
    assert search_of(tmp_path / "outputs" / "new") == COMPOSED["search"]


def test_whoever_sets_K_means_growing_stages(tmp_path: Path) -> None:
    new = tmp_path / "outputs" / "new"
    assert search_of(new, ("controller.K",)) == asdict(ProgressiveSpec())
    context = Context(new, choices=DEFAULT)
    by_experiment = {**COMPOSED, "controller": {"predictor": "gp", "K": 64}}
    assert meant_config(by_experiment, context)["search"] == asdict(ProgressiveSpec())
    by_default = {**COMPOSED, "controller": {"predictor": "gp", "K": 8}}
    assert meant_config(by_default, context)["search"] == COMPOSED["search"]


def test_a_run_of_the_default_has_no_K(tmp_path: Path) -> None:
    run_dir = started(tmp_path, {**COMPOSED["search"], "start": "mixed"})
    assert search_of(run_dir, ("controller.K",)) == COMPOSED["search"]


def test_a_damaged_journal_is_left_to_who_opens_it(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / "journal.sqlite").write_bytes(b"no database")
    assert search_of(run_dir) == COMPOSED["search"]


def test_the_command_of_an_earlier_version_continues_its_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = ROOT / "experiments" / "tables" / "digits.yaml"
    command = ("name=old", "trainer=tabular", f"trainer.table={table}", "state_space.B=2")
    command += ("controller.cross_validate=0", "tracking=none", "controller.K=4")
    assert run_here(*command, "search=progressive", "search.max_children=37") == 0
    capsys.readouterr()
    assert run_here(*command) == 0
    printed = capsys.readouterr().out
    assert "search=progressive: what outputs/old was started with" in printed
    with Journal(Path("outputs/old/journal.sqlite")) as journal:
        assert len(journal.children()) == 36 + 4
