"""`cell=best` and `cell=top2` with ``from=`` a `task=train`: by the metric that judged them."""

from pathlib import Path

import pytest

from pnas.config import read_settings
from pnas.library.composition import compose_search
from pnas.records import ChildResult, Journal, Status
from pnas.records.training_journal import reward_of, store_members
from pnas.records.training_record import Member
from pnas.runs.cell_selection import select_cells
from pnas.runs.command_context import Context
from pnas.runs.search_directory import write_config
from pnas.state_space import Cell

CELLS = ("(-1, 3x3 maxpool, -2, identity)", "(-1, identity, -1, identity)")
METRICS = (
    {"val_accuracy": [0.9], "val_balanced_accuracy": [0.3]},
    {"val_accuracy": [0.8], "val_balanced_accuracy": [0.6]},
)


def make_training(run_dir: Path, metric: str) -> None:
    """Write a training of `CELLS`: the first has the higher accuracy, the second the other."""
    run_dir.mkdir(parents=True)
    overrides = ("task=train", f"trainer.reward_metric={metric}", "tracking=none", "name=made")
    config = read_settings(compose_search(overrides).config).as_dict()
    write_config(run_dir, config)
    members = []
    for number, cell in enumerate(CELLS):
        members.append(Member(f"k{number}-0", cell, f"k{number}", number, 100, 200))
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(config=config, search_id="a", name="made", status="finished")
        store_members(journal, members, {"image_shape": [8, 8, 1], "num_classes": 10})
        for member, metrics in zip(members, METRICS, strict=True):
            reward = reward_of(metrics, config)
            result = ChildResult(Cell.parse(member.cell), member.seed, Status.OK, reward, metrics)
            journal.end_child(member.id, result)


@pytest.mark.parametrize(("metric", "best"), [("accuracy", 0), ("balanced_accuracy", 1)])
def test_the_best_cell_is_that_of_the_highest_reward(
    metric: str, best: int, tmp_path: Path
) -> None:
    make_training(tmp_path / "made", metric)
    command = ("task=train", f"from={tmp_path / 'made'}", "cell=top2", "name=n", "tracking=none")
    settings = read_settings(compose_search(command).config)
    chosen = select_cells(settings, Context(tmp_path / "n"))
    assert str(chosen.cells[0]) == CELLS[best]
    assert len(chosen.cells) == 2
