"""The cells of a ranking, each once: a cell that was trained several times has the mean reward."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

from pnas.records.cell_trainings import are_alike, cell_key
from pnas.records.reward_model import fit_reward_model
from pnas.reports.data.scored_cell import Phase, ScoredCell, ranked
from pnas.system.wording import plural


def best_cells_first(
    cells: Iterable[ScoredCell], winner: Mapping[str, Any] | None = None
) -> list[ScoredCell]:
    """Return each cell of a run or a file once, best first.

    Where cells were trained several times, all of them are ranked by the reward that another
    training is expected to have: a single high reward is partly luck, a high mean less so.

    Args:
        cells: Cells in training order.
        winner: The winner as summary.json has it, which comes before all others; None for none.
    """
    ordered = _by_expected_reward(cells)
    return sorted(ordered, key=lambda cell: not cell.is_winner(winner))


def _by_expected_reward(cells: Iterable[ScoredCell]) -> list[ScoredCell]:
    rows = list(cells)
    measured = _by_cell(rows)
    others = [cell for cell in rows if cell.reward is None]
    if all(len(of_cell) == 1 for of_cell in measured):
        return ranked([*(of_cell[0] for of_cell in measured), *others])
    return ranked([*_with_expected_rewards(measured), *others])


def describe_size(cells: Sequence[ScoredCell]) -> str:
    """Return how many cells there are, such as ``72 trainings of 60 cells`` or ``60 cells``."""
    measured = _by_cell(cells)
    repeated = sum(len(of_cell) - 1 for of_cell in measured)
    distinct = plural(len(cells) - repeated, "cell")
    return f"{plural(len(cells), 'training')} of {distinct}" if repeated else distinct


def _by_cell(cells: Iterable[ScoredCell]) -> list[list[ScoredCell]]:
    """Return the trainings of each cell that have a reward, in the order of their first ones."""
    trainings: dict[tuple[str, str], list[ScoredCell]] = {}
    for place, cell in enumerate(cells):
        if cell.reward is not None:
            # Rows without a key are cells of their own.
            key = cell_key(cell.key) if cell.key else f"row {place}"
            trainings.setdefault((cell.source, key), []).append(cell)
    return list(trainings.values())


def _with_expected_rewards(cells: Sequence[Sequence[ScoredCell]]) -> list[ScoredCell]:
    rewards = []
    for rows in cells:
        rewards.append([row.reward for row in rows if row.reward is not None])
    sizes = [len(rows[0].cell) for rows in cells]
    is_alike = are_alike(sizes, [len(rows) > 1 for rows in cells])
    model = fit_reward_model(list(compress(rewards, is_alike)))
    of_all = fit_reward_model(rewards)

    merged = []
    for rows, known, alike in zip(cells, rewards, is_alike, strict=True):
        own_model = model if alike else of_all
        cell = replace(
            rows[0],
            reward=sum(known) / len(known),
            seconds=_mean([row.seconds for row in rows if row.seconds is not None]),
            phase=Phase.CONFIRMATION if len(rows) > 1 else rows[0].phase,
            trainings=len(rows),
            expected=None if own_model is None else own_model.expected(known),
        )
        merged.append(cell)
    return merged


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
