"""What short trainings tell of the cells of a table, and that table with short trainings.

    python run.py name=shorts task=tabulate task.cells=250 state_space.B=2 trainer.epochs=2
    python experiments/benchmarks/short_signals.py experiments/tables/digits.yaml outputs/shorts outputs/digits_short.yaml

Prints how the signals of a short training rank the cells that the second command trained: Spearman's
correlation with the mean reward of the cell in the table, of all of them and of the best third.

The table that it writes has a short training for every cell, for `fidelity_study.py`: its own where
it was trained, and else that of one of the seven measured cells of the nearest mean reward. What is
left of such a world is how much a short training tells, and not what it says of one cell more than
of another that is as good.
"""  # noqa: E501 - commands as they are typed

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common import make_parser, print_table
from numpy.typing import NDArray
from scipy.stats import norm, rankdata, spearmanr

from pnas.records import Journal, Status
from pnas.tables import Table, load_table, write_table
from pnas.tables.reward_table import ShortTraining

_DONORS = 7

Floats = NDArray[np.float64]


def measured_trainings(table: Table, run_dir: Path) -> tuple[int, dict[str, ShortTraining]]:
    """Return the epochs of the short trainings of ``run_dir``, and what each cell has shown."""
    found: dict[str, ShortTraining] = {}
    epochs = 0
    with Journal(run_dir / "journal.sqlite") as journal:
        for child in journal.children():
            if child.status is Status.OK and child.reward is not None:
                losses = child.metrics["loss"]
                epochs = len(losses)
                training = ShortTraining(child.reward, sum(losses) / len(losses))
                found[table.identify(child.cell)] = training
    return epochs, found


def show_agreement(table: Table, measured: dict[str, ShortTraining]) -> None:
    """Print how each signal ranks the cells that have one."""
    rewards = np.array([table.rows[key].rewards for key in measured])
    means = rewards.mean(axis=1)
    accuracy = _scores([each.reward for each in measured.values()])
    loss = _scores([-(each.loss or 0.0) for each in measured.values()])
    signals = {
        "validation accuracy": accuracy,
        "mean training loss": loss,
        "both in equal parts": accuracy + loss,
        "one to three": accuracy + 3 * loss,
        "multiply-adds": _scores([table.rows[key].flops or 0 for key in measured]),
    }
    best = means >= np.quantile(means, 2 / 3)
    rows = []
    for name, values in signals.items():
        rows.append([name, _rho(values, means), _rho(values[best], means[best])])
    if rewards.shape[1] > 1:
        others = rewards[:, 1:].mean(axis=1)
        rows.append(["a whole training, with others", _rho(rewards[:, 0], others), ""])
    print_table(["signal", f"{len(measured)} cells", "best third"], rows)


def _scores(values: list[Any]) -> Floats:
    """Return the quantiles of the normal distribution at the ranks of ``values``."""
    scores: Floats = norm.ppf((rankdata(values) - 0.5) / len(values))
    return scores


def _rho(values: Floats, rewards: Floats) -> str:
    return f"{spearmanr(values, rewards)[0]:.2f}"


def write_with_short_trainings(
    table: Table, epochs: int, measured: dict[str, ShortTraining], path: Path
) -> None:
    """Write ``table`` with a short training of every cell."""
    trainings = list(measured.values())
    means = np.array([table.rows[key].mean for key in measured])
    generator = np.random.default_rng(0)
    space = table.space
    rows = []
    for b in range(1, space.B + 1):
        for tokens in space.iter_cells(b):
            for cell in space.decode(tokens):
                row = table.row(cell)
                training = measured.get(table.identify(cell))
                if training is None:
                    nearest = np.argsort(np.abs(means - row.mean))[:_DONORS]
                    training = trainings[int(generator.choice(nearest))]
                rows.append((cell, replace(row, shorter={epochs: (training,)})))
    write_table(path, space, rows, {})


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("table", help="file of the table")
    parser.add_argument("run_dir", type=Path, help="run directory of task=tabulate")
    parser.add_argument("output", type=Path, help="YAML file of the table to write")
    args = parser.parse_args()
    table = load_table(args.table)
    epochs, measured = measured_trainings(table, args.run_dir)
    show_agreement(table, measured)
    write_with_short_trainings(table, epochs, measured, args.output)
    print(f"{args.output}: short trainings of {epochs} epochs")


if __name__ == "__main__":
    main()
