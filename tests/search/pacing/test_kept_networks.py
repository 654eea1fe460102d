"""Which networks workers keep, as far as a journal tells."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.made_journals import choices_of, new_journal, one_block_cells, open_stage

from pnas.children.kept_children import MOST_KEPT
from pnas.records import ChildRecord
from pnas.search.pacing.kept_networks import KeptNetworks, kept_share
from pnas.system.process_name import process_name


@pytest.fixture
def trained(tmp_path: Path) -> list[ChildRecord]:
    journal = new_journal(tmp_path)
    open_stage(journal, 1, choices_of(one_block_cells(2 * MOST_KEPT)))
    return [replace(child, worker=process_name()) for child in journal.children()]


def test_the_cells_trained_last_are_kept(trained: list[ChildRecord]) -> None:
    kept = KeptNetworks(workers=1)
    for child in trained[:MOST_KEPT]:
        assert not kept.trained(child)
    assert kept.trained(trained[0])
    assert not kept.trained(trained[MOST_KEPT])
    # One too many: the older half has gone, and the first was trained again since.
    assert trained[1].cell not in kept
    assert trained[0].cell in kept


def test_two_workers_keep_twice_as_many(trained: list[ChildRecord]) -> None:
    kept = KeptNetworks(workers=2)
    for child in trained:
        kept.trained(child)
    assert all(child.cell in kept for child in trained)


def test_another_process_has_other_workers(trained: list[ChildRecord]) -> None:
    kept = KeptNetworks(workers=1)
    kept.trained(trained[0])
    assert trained[0].cell in kept.of_this_process()
    elsewhere = replace(trained[1], worker="process 1 on another")
    kept.trained(elsewhere)
    assert trained[0].cell not in kept
    assert elsewhere.cell not in kept.of_this_process()


def test_of_many_cells_the_last_ones_are_kept() -> None:
    assert kept_share(MOST_KEPT, workers=1) == 1.0
    assert kept_share(10 * MOST_KEPT, workers=1) == pytest.approx(0.075)
    assert kept_share(10 * MOST_KEPT, workers=10) == 1.0
