from pathlib import Path
from typing import Any

from pnas.records import ChildJob, ChildResult, Choice, Journal, Status
from pnas.searching.kept_weights import KeepBestWeights, keep_winner_weights
from pnas.state_space import Cell

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3, 5, 7)]


def journal_in(path: Path) -> Journal:
    journal = Journal(path / "journal.sqlite", create=True)
    journal.open_stage(1, [Choice(cell, cell.text_hash, 0, None) for cell in CELLS], 0, 4, 0.0)
    return journal


def end(journal: Journal, weights: Path, cell: Cell, reward: float | None) -> None:
    if reward is None:
        journal.end_child(cell.text_hash, ChildResult.failed(ChildJob(cell, 0), "out of memory"))
    else:
        (weights / f"{cell.text_hash}.npz").touch()
        journal.end_child(cell.text_hash, ChildResult(cell, 0, Status.OK, reward))


def train_all(
    journal: Journal, keeper: KeepBestWeights, weights: Path, rewards: tuple[float, ...]
) -> None:
    for cell, reward in zip(CELLS, rewards, strict=True):
        end(journal, weights, cell, reward)
        keeper.child_ended(journal.child(cell.text_hash))


def kept(weights: Path) -> list[str]:
    return sorted(path.stem for path in weights.iterdir())


def winner_of(cell: Cell) -> dict[str, Any]:
    return {
        "key": cell.text_hash,
        "cell": str(cell),
        "mean": 0.875,
        "probability_best": 0.75,
        "runners_up": [],
    }


def test_only_the_best_weights_stay(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    journal = journal_in(tmp_path)
    keeper = KeepBestWeights(weights, journal)
    for cell, reward, best in zip(CELLS, (0.5, None, 0.75, 0.75), (0, 0, 2, 2), strict=True):
        end(journal, weights, cell, reward)
        keeper.child_ended(journal.child(cell.text_hash))
        assert kept(weights) == [CELLS[best].text_hash]


def test_as_many_first_trainings_stay_as_were_asked_for(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    journal = journal_in(tmp_path)
    keeper = KeepBestWeights(weights, journal, count=2)
    train_all(journal, keeper, weights, (0.5, 0.25, 0.75, 0.5))
    assert kept(weights) == sorted([CELLS[0].text_hash, CELLS[2].text_hash])
    keeper.stage_closed(1)
    assert kept(weights) == sorted([CELLS[0].text_hash, CELLS[2].text_hash])


def test_further_trainings_drive_no_first_training_out(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    journal = journal_in(tmp_path)
    keeper = KeepBestWeights(weights, journal, count=2)
    train_all(journal, keeper, weights, (0.5, 0.25, 0.75, 0.25))

    again = [f"{CELLS[2].text_hash}-{i}" for i in (2, 3)]
    journal.open_stage(2, [Choice(CELLS[2], key, 1, None) for key in again], 0, 0, 0.0)
    for key in again:
        (weights / f"{key}.npz").touch()
        journal.end_child(key, ChildResult(CELLS[2], 1, Status.OK, 0.875))
        keeper.child_ended(journal.child(key))
    keeper.stage_closed(2)
    assert kept(weights) == sorted([CELLS[0].text_hash, CELLS[2].text_hash, *again])

    # The winner is tested by all of its trainings; then only its weights and the best are needed.
    journal.set_meta(winner=winner_of(CELLS[2]))
    keep_winner_weights(weights, journal)
    assert kept(weights) == sorted([CELLS[2].text_hash, *again])


def test_a_continued_search_keeps_what_its_journal_calls_best(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    journal = journal_in(tmp_path)
    for cell, reward in zip(CELLS, (0.25, 0.5), strict=False):
        end(journal, weights, cell, reward)
    (weights / "unfinished.npz").touch()
    keeper = KeepBestWeights(weights, journal)
    assert kept(weights) == [CELLS[1].text_hash]
    end(journal, weights, CELLS[2], 0.4)
    keeper.child_ended(journal.child(CELLS[2].text_hash))
    assert kept(weights) == [CELLS[1].text_hash]


def test_a_better_spare_child_keeps_its_weights_until_its_stage_is_planned(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    journal = journal_in(tmp_path)
    for cell in CELLS:
        end(journal, weights, cell, 0.25)
    bigger = [Cell([*cell.blocks, (0, "identity", -1, "identity")]) for cell in CELLS]
    journal.open_stage(2, [Choice(cell, cell.text_hash, 0, 0.5) for cell in bigger[:2]], 9, 9, 0.0)
    for cell, reward in zip(bigger, (0.5, 0.75), strict=False):
        end(journal, weights, cell, reward)
    journal.continue_with_raised_limits({}, {"controller.K": (2, 3)}, replan_from=2)
    keeper = KeepBestWeights(weights, journal)
    assert kept(weights) == sorted([CELLS[0].text_hash, bigger[1].text_hash])
    journal.open_stage(2, [Choice(cell, cell.text_hash, 0, 0.5) for cell in bigger[2:]], 9, 9, 0.0)
    keeper.stage_opened(2, journal.children(2))
    end(journal, weights, bigger[2], 0.125)
    keeper.child_ended(journal.child(bigger[2].text_hash))
    keeper.stage_closed(2)
    assert kept(weights) == [CELLS[0].text_hash]
