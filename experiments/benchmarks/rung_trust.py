"""How well a search can tell whether a rung of short trainings is to be trusted.

    python experiments/benchmarks/rung_trust.py --searches 400

Simulated searches: a first group of 36 cells, six of which are trained whole as a search chooses
them, then groups of 18 of which the best two are. Signals and rewards are normal with a
known correlation. Compared are the rank correlation over all cells with both trainings, which is
what a search shows, and the one corrected for the promotion of the best, by which it decides
(`pnas.search.rungs.agreement`): mean over searches, and the share of searches that no longer trust
the rung. With --better the cells of later groups have higher rewards, as a predictor chooses them.
Takes half a minute.
"""

from dataclasses import replace

import numpy as np
from common import make_parser, print_machine, print_table, progress

from pnas.search.expected_reward import Evidence
from pnas.search.rung_ladder import FEWEST_FIRST
from pnas.search.rungs.agreement import RungAgreement, measure_agreement, spread_over_ranks
from pnas.search.short_training import Signals

FIRST_GROUP = 36
GROUP = 18
WHOLE = 2
CORRELATIONS = (0.0, 0.2, 0.5, 0.6)
GROUPS = (0, 4, 10, 20)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--searches", type=int, default=400)
    parser.add_argument("--better", action="store_true", help="later groups are better cells")
    options = parser.parse_args()

    rows = []
    for correlation in CORRELATIONS:
        for groups in GROUPS:
            progress(f"correlation {correlation}, {groups} later groups")
            found = []
            for seed in range(options.searches):
                evidence = simulate(correlation, groups, options.better, seed)
                found.append(measure_agreement(2, evidence, seed))
            shown = [replace(each, corrected=each.spearman[0]) for each in found]
            rows.append((correlation, groups, *summary(shown), *summary(found)))
    header = ("correlation", "later groups", "shown", "not trusted", "corrected", "not trusted")
    print_table(header, rows)
    print_machine("numpy", "scipy")


def summary(found: list[RungAgreement]) -> tuple[str, str]:
    """Return the mean correlation, and the share of searches that do not trust the rung."""
    known = [each.corrected for each in found if each.corrected is not None]
    dropped = np.mean([not each.is_trusted for each in found])
    return f"{np.mean(known):.2f}", f"{dropped:.0%}"


def simulate(correlation: float, groups: int, is_better: bool, seed: int) -> Evidence:
    """Return what one search knows of its rung after so many later groups."""
    generator = np.random.default_rng(seed)
    signals: list[Signals] = []
    rewards: list[float | None] = []
    for group in range(groups + 1):
        size = FIRST_GROUP if group == 0 else GROUP
        reward = generator.normal(size=size)
        if is_better and group:
            reward = generator.normal(size=(size, 3)).max(axis=1)
        noise = generator.normal(size=size)
        signal = correlation * reward + np.sqrt(1 - correlation**2) * noise
        whole = trained_whole(signal, is_first=group == 0)
        for place in range(size):
            signals.append(Signals(float(signal[place])))
            rewards.append(float(reward[place]) if place in whole else None)
    return Evidence(signals, [None] * len(signals), rewards)


def trained_whole(signal: np.ndarray, is_first: bool) -> set[int]:
    """Return the places of the cells that go on."""
    ranked = np.argsort(-signal).tolist()
    if not is_first:
        return set(ranked[:WHOLE])
    return set(spread_over_ranks(ranked, FEWEST_FIRST))


if __name__ == "__main__":
    main()
