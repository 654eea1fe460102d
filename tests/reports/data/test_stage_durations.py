from dataclasses import replace
from pathlib import Path

import pytest
from support.journals import make_run

from pnas.records.evaluation_cache import CACHED_SEED
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.reports.data.stage_durations import stage_durations, sum_durations


@pytest.fixture
def run(tmp_path: Path) -> RunView:
    """A search of 6 and 4 children of a second each."""
    return read_run(make_run(tmp_path / "demo", (6, 4)))


def test_a_mean_child_is_one_that_was_trained_here(run: RunView) -> None:
    """Children of a cache cost nothing: they would make all others look faster."""
    children = []
    for child in run.children:
        is_cached = child.b == 1 and child.position != 0
        metrics = {CACHED_SEED: [3.0]} if is_cached else child.metrics
        children.append(replace(child, metrics=metrics))
    first, second = stage_durations(replace(run, children=children))
    assert first.children == 6
    assert first.mean_child == 1.0
    assert second.mean_child == 1.0
    assert sum_durations([first, second]).mean_child == 1.0


def test_nothing_trained_has_no_mean(run: RunView) -> None:
    cached = [replace(child, metrics={CACHED_SEED: [3.0]}) for child in run.children]
    assert [each.mean_child for each in stage_durations(replace(run, children=cached))] == [
        None
    ] * 2
