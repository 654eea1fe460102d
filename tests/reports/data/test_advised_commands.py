"""Whether the commands that are advised would be accepted, as far as their values go."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from support.journals import make_run

from pnas.config import Settings, read_settings
from pnas.config.task_specs import TASKS
from pnas.data import check_data
from pnas.library.composition import Composed, compose_search
from pnas.preflight.reliability import Reliability
from pnas.preflight.verdict import Evidence, judge
from pnas.records.resumability import check_resumable
from pnas.reports.data.advice import advise
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.runs.command_context import Context
from pnas.runs.meant_config import meant_config

LISTS = ("controller", "seed")
"""Keys of which a multirun has one value a job."""


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@cache
def composed(overrides: tuple[str, ...]) -> Composed:
    return compose_search(overrides)


def settings_of(overrides: list[str], run_dir: Path) -> Settings:
    found = composed(tuple(overrides))
    context = Context(run_dir=run_dir, typed=found.typed, choices=found.choices)
    return read_settings(meant_config(found.config, context))


def run_of(run_dir: Path, overrides: list[str], stopped_by: str | None) -> RunView:
    """A run that was started with these overrides, whose journal has what they compose to."""
    config = settings_of(overrides, run_dir).as_dict()
    meta = {"config": config, "overrides": overrides, "stopped_by": stopped_by}
    return read_run(make_run(run_dir, (6, 4), meta=meta))


def jobs_of(command: str) -> Iterator[list[str]]:
    """The overrides of each job of a command."""
    words = shlex.split(command)
    assert words[:2] == ["python", "run.py"]
    if words[2] != "-m":
        yield words[2:]
        return
    (swept,) = [word for word in words[3:] if word.partition("=")[0] in LISTS and "," in word]
    key, _, values = swept.partition("=")
    others = [word for word in words[3:] if word != swept]
    for value in values.split(","):
        yield [*others, f"{key}={value}"]


STARTED = [
    (["minutes=10"], "search.max_seconds=600"),
    (["minutes=10", "search.max_children=50"], "search.max_children=50"),
    (["search.max_seconds=600"], "search.max_seconds=600"),
    ([], "search.max_children=60"),
    (["search=progressive", "controller.K=8", "state_space.B=2"], "search.max_epochs=40"),
    (["search=progressive", "state_space.B=16"], None),
    (["search=refined", "controller=lstm", "controller.embedding=20"], None),
    (["search=refined", "search.asynchronous=true"], None),
    (["search=refined", "search.early_stop=0.5"], None),
    (["search=random"], "search.max_children=60"),
    (["search=evolution"], None),
    (["experiment=quickstart"], "search.max_seconds=600"),
    (["state_space=nasbench201"], None),
]
"""What was typed for a search besides its name, and the budget that ended it."""


@pytest.mark.parametrize(("overrides", "limit"), STARTED)
def test_advised_commands_are_accepted(
    overrides: list[str], limit: str | None, tmp_path: Path
) -> None:
    run_dir = tmp_path / "outputs" / "demo"
    run = run_of(run_dir, ["name=demo", *overrides], limit)
    for stage in run.stages:
        if stage.predictor:
            stage.predictor["spearman_next"] = 0.0
            stage.predictor["spearman_cv"] = 0.0

    children = [replace(child, reward=0.9) for child in run.children]
    for view in (run, replace(run, children=children), replace(run, status="interrupted")):
        for advice in advise(view, TASKS):
            if advice.command.startswith("python run.py"):
                for job in jobs_of(advice.command):
                    _check_accepted(job, run)


def _check_accepted(job: list[str], run: RunView) -> None:
    settings = settings_of(job, run.path)
    if settings.name == "demo" and settings.task.name == "search":
        check_resumable(run.path, run.config, settings.as_dict())


@pytest.mark.parametrize(
    ("overrides", "raised"),
    [
        (["minutes=10"], "minutes=20"),
        (["search.max_seconds=600"], "search.max_seconds=1200"),
        (["minutes=null", "search.max_seconds=600"], "minutes=null search.max_seconds=1200"),
        (["search=progressive"], "search=progressive minutes=20"),
        (["experiment=quickstart"], "experiment=quickstart search.max_seconds=1200"),
    ],
)
def test_a_budget_of_time_is_raised_as_it_was_typed(
    overrides: list[str], raised: str, tmp_path: Path
) -> None:
    run = run_of(tmp_path / "outputs" / "demo", ["name=demo", *overrides], "search.max_seconds=600")
    assert advise(run)[0].command == f"python run.py name=demo {raised}"


def test_a_large_number_of_children_is_typed_in_full(tmp_path: Path) -> None:
    run = run_of(tmp_path / "outputs" / "demo", ["name=demo"], "search.max_children=1000000")
    assert advise(run)[0].command == "python run.py name=demo search.max_children=2000000"


@pytest.mark.parametrize("kind", ["random", "evolution"])
def test_larger_cells_of_a_search_of_full_size_are_another_search(
    kind: str, tmp_path: Path
) -> None:
    run = run_of(
        tmp_path / "outputs" / "demo", ["name=demo", f"search={kind}", "state_space.B=2"], None
    )
    commands = [advice.command for advice in advise(run)]
    assert f"python run.py name=demo_B3 search={kind} state_space.B=3" in commands


def test_keys_of_one_predictor_are_not_given_to_the_others(tmp_path: Path) -> None:
    typed = ["name=demo", "controller=lstm", "controller.embedding=20", "controller.K=4"]
    run = run_of(tmp_path / "outputs" / "demo", [*typed, "search=progressive"], None)
    for stage in run.stages:
        if stage.predictor:
            stage.predictor["spearman_next"] = 0.0
    commands = [advice.command for advice in advise(run)]
    expected = "python run.py -m controller=gp,lstm,mlp controller.K=4 search=progressive"
    assert expected in commands


@pytest.mark.parametrize("search", ["mixed", "refined", "progressive", "random", "evolution"])
def test_alternatives_of_a_preflight_are_accepted(search: str, tmp_path: Path) -> None:
    reliability = Reliability(8, 24, 0.93, 0.01, 0.008, 0.6, 0.2, 0.9)
    evidence = Evidence(reliability, 60, 300, None, [], largest_validation=1041)
    overrides = [each.override for each in judge(evidence).alternatives if each.override]
    assert sorted(overrides) == ["data.val_size=1041", "search.confirm=0"]
    for override in overrides:
        settings = settings_of([f"search={search}", "data=digits", override], tmp_path)
        assert check_data(settings.data).train == 256


def test_a_table_is_made_for_searches_by_it(tmp_path: Path) -> None:
    typed = ["name=demo", "task=tabulate", "state_space.B=1", "trainer.epochs=3"]
    run = run_of(tmp_path / "outputs" / "demo", typed, None)
    table = tmp_path / "outputs" / "demo" / "table.yaml"
    command = f"python run.py state_space.B=1 trainer=tabular trainer.table={table}"
    assert [advice.command for advice in advise(run, TASKS)] == [command]


def test_a_preflight_is_made_for_a_search_of_its_space(tmp_path: Path) -> None:
    typed = ["name=demo", "task=preflight", "task.children=40", "task.cells=4", "state_space.B=2"]
    run = run_of(tmp_path / "outputs" / "demo", typed, None)
    command = "python run.py state_space.B=2 search.max_children=40"
    assert [advice.command for advice in advise(run, TASKS)] == [command]
    for job in jobs_of(command):
        _check_accepted(job, run)
