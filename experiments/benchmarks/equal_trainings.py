"""How sure a confirmation is of its winner where two trainings of a cell agree by chance.

    python experiments/benchmarks/equal_trainings.py --searches 6000

Simulated searches of 12 cells, each trained once on so many validation images, whose best cell is
then trained again. Of those in which both trainings have the same reward: the probability with
which the better of the first two is stated to be the best of them, how often it is, and how often
where at least 0.9 is stated. Takes about a minute.
"""

import numpy as np
from common import make_parser, print_machine, print_table, progress

from pnas.records.reward_model import fit_reward_model, probabilities_best

CELLS = 12
SPREAD = 0.015
"""Standard deviation of the expected rewards of cells."""

NOISE = 0.01
IMAGES = (100, 360, 1000)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--searches", type=int, default=6000, help="simulated for each row")
    options = parser.parse_args()

    rows = []
    for images in IMAGES:
        progress(f"{images} validation images")
        outcomes = []
        for seed in range(options.searches):
            outcome = search(images, seed)
            if outcome is not None:
                outcomes.append(outcome)
        stated = np.array([probability for probability, _ in outcomes])
        right = np.array([is_right for _, is_right in outcomes])
        sure = stated >= 0.9
        where_sure = f"{right[sure].mean():.2f}" if sure.any() else "never"
        rows.append(
            (images, len(outcomes), f"{stated.mean():.2f}", f"{right.mean():.2f}", where_sure)
        )
    print_table(("images", "coincidences", "stated", "right", "right where .9 is stated"), rows)
    print_machine("numpy")


def search(images: int, seed: int) -> tuple[float, bool] | None:
    """Return the stated probability and whether it is right; None without a coincidence."""
    generator = np.random.default_rng(seed)
    expected = 0.9 + SPREAD * generator.normal(size=CELLS)

    def train(cell: int) -> float:
        accuracy = expected[cell] + NOISE * generator.normal()
        return float(min(1.0, round(accuracy * images) / images))

    rewards = [[train(cell)] for cell in range(CELLS)]
    order = sorted(range(CELLS), key=lambda cell: -rewards[cell][0])
    best, second = order[:2]
    rewards[best].append(train(best))
    if rewards[best][0] != rewards[best][1]:
        return None

    model = fit_reward_model(rewards)
    assert model is not None
    probabilities = probabilities_best([rewards[best], rewards[second]], model, seed)
    leader = (best, second)[int(probabilities.argmax())]
    is_right = bool(expected[leader] == max(expected[best], expected[second]))
    return float(probabilities.max()), is_right


if __name__ == "__main__":
    main()
