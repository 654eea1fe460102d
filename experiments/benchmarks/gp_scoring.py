"""How fast the Gaussian process scores and is fitted, against plain products in double precision.

    .venv/bin/python experiments/benchmarks/gp_scoring.py [--repeats 5]

The reference is the posterior as its formulas have it: dense features, matrix products and
triangular systems in double precision, on the same pieces and threads. The candidates are unique
extensions of 256 parents to 5 blocks in the paper's space; the GP knows 1,160 cells, as many as the
paper's search trains. Printed are candidates a second and their ratio, the largest difference of
means and deviations in units of the reward, and how many of the 256 best are the same; seconds of
a fit; and seconds of a round of refinement over all 15,625 cells of NAS-Bench-201. Takes a minute.
"""

import argparse
import statistics
from collections.abc import Callable

import numpy as np
from common import Timing, interleaved, print_machine, print_table, progress, spread, timed
from dense_gp import DenseGP, fit_densely
from numpy.typing import NDArray
from paper_stage import B, grow_parents

from pnas.predictors import GPSpec
from pnas.predictors.gp.gaussian_process import GaussianProcess
from pnas.predictors.gp.kernel import Features
from pnas.predictors.parallel_scoring import run_all
from pnas.state_space import NASBench201Space, SlotSpace, StateSpace, Tokens

KNOWN = 1160
FAST_CELLS = 100_000
DENSE_CELLS = 8192
PIECE = 2048
LARGE_FIT = 10_000
ROUND_KNOWN = 2000
BEST = 256


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of each measurement")
    repeats = parser.parse_args().repeats

    space = StateSpace(B)
    parents = grow_parents(space, np.random.default_rng(0))
    tokens = space.expand_tokens(parents).tokens
    predictor = fitted(space, tokens, KNOWN)
    print(f"{len(predictor._posterior.weights):,} inducing of {KNOWN:,} known cells, ", end="")
    print(f"{predictor._encoder.columns:,} columns; median (lowest to highest) of {repeats} runs\n")
    reference = fit_densely(space, *history(tokens, KNOWN), 0)
    compare_scores(predictor, reference, tokens)
    compare_speeds(predictor, reference, tokens, repeats)
    time_fits(space, tokens, repeats)
    time_refinement_round(repeats)
    print_machine("numpy", "scipy")


def history(tokens: Tokens, cells: int) -> tuple[Tokens, list[float]]:
    """Return random cells with random rewards."""
    chosen = np.random.default_rng(0).permutation(tokens)[:cells]
    return chosen, np.random.default_rng(1).uniform(size=cells).tolist()


def fitted(space: SlotSpace, tokens: Tokens, cells: int) -> GaussianProcess:
    predictor = GaussianProcess.create(space, GPSpec())
    chosen, rewards = history(tokens, cells)
    predictor.fit(chosen, rewards, space.B, 0)
    return predictor


# -- the reference ---------------------------------------------------------------------------------


def dense_scores(reference: DenseGP, tokens: Tokens, deviations: bool) -> Features:
    """Return means, and deviations if wanted, on the scale of normal scores, (2, n)."""
    scores = np.zeros((2, len(tokens)))
    starts = range(0, len(tokens), PIECE)

    def score(task: int) -> None:
        part = slice(starts[task], starts[task] + PIECE)
        if deviations:
            scores[:, part] = reference.mean_and_deviation(tokens[part])
        else:
            scores[0, part] = reference.mean(tokens[part])

    run_all(score, len(starts))
    return scores


# -- comparisons -----------------------------------------------------------------------------------


def compare_scores(predictor: GaussianProcess, reference: DenseGP, tokens: Tokens) -> None:
    """Print how far the scores of some candidates are from the reference."""
    progress("scores")
    few = tokens[:DENSE_CELLS]
    mean, deviation = dense_scores(reference, few, deviations=True)
    expected = predictor._to_rewards(mean)
    expected_deviation = predictor._to_rewards(mean + deviation) - expected

    found, found_deviation = predictor.predict_mean_std(few)
    rows = [
        ("mean", f"{np.abs(found - expected).max():.1e}"),
        ("deviation", f"{np.abs(found_deviation - expected_deviation).max():.1e}"),
        (f"best {BEST}, by mean", f"{common_best(found, expected)} the same"),
    ]
    print_table((f"{DENSE_CELLS:,} candidates", "largest difference"), rows)


def common_best(found: NDArray[np.floating], expected: NDArray[np.floating]) -> int:
    """Return how many of the best cells are the best by both."""
    best = np.argsort(-expected, kind="stable")[:BEST]
    chosen = np.argsort(-found, kind="stable")[:BEST]
    return len(np.intersect1d(best, chosen))


def compare_speeds(
    predictor: GaussianProcess, reference: DenseGP, tokens: Tokens, repeats: int
) -> None:
    """Print candidates a second by the reference and as the package scores them."""
    progress("speeds")
    few = tokens[:DENSE_CELLS]
    many = tokens[:FAST_CELLS]
    predictor.predict_mean_std(few)  # compiles what deviations need, once a fit
    works: dict[str, Callable[[], object]] = {
        "dense mean": lambda: dense_scores(reference, few, deviations=False),
        "mean": lambda: predictor.predict(many),
        "dense both": lambda: dense_scores(reference, few, deviations=True),
        "both": lambda: predictor.predict_mean_std(many),
    }
    timings = interleaved(works, repeats)
    rows = []
    for label, dense, fast in (
        ("mean", "dense mean", "mean"),
        ("mean and deviation", "dense both", "both"),
    ):
        before = rates(timings[dense], len(few))
        after = rates(timings[fast], len(many))
        ratio = statistics.median(after) / statistics.median(before)
        cpu = statistics.median(timing.cpu for timing in timings[fast]) / len(many) * 1e6
        rows.append((label, spread(before, 0), spread(after, 0), f"{ratio:.1f}", f"{cpu:.1f}"))
    print_table(("candidates/s", "dense, double", "pnas", "ratio", "CPU µs a candidate"), rows)


def rates(timings: list[Timing], cells: int) -> list[float]:
    return [cells / timing.wall for timing in timings]


def time_fits(space: SlotSpace, tokens: Tokens, repeats: int) -> None:
    """Print seconds of a fit."""
    progress("fits")
    predictor = fitted(space, tokens, KNOWN)
    chosen, rewards = history(tokens, KNOWN)
    works: dict[str, Callable[[], object]] = {
        "dense, double": lambda: fit_densely(space, chosen, rewards, 0),
        "pnas": lambda: predictor.fit(chosen, rewards, B, 0),
    }
    rows = []
    for label, timings in interleaved(works, repeats).items():
        rows.append((f"{KNOWN:,} cells, {label}", *seconds(timings)))

    large = timed(lambda: fitted(space, tokens, LARGE_FIT), 1)
    rows.append((f"{LARGE_FIT:,} cells, pnas", *seconds(large)))
    print_table(("fit", "s", "CPU s"), rows)


def time_refinement_round(repeats: int) -> None:
    """Print seconds of what a round of refinement asks of the GP: a fit, and all scores."""
    progress("refinement")
    space = NASBench201Space()
    tokens = np.concatenate(list(space.iter_cells(space.B)))

    def refine() -> None:
        fitted(space, tokens, ROUND_KNOWN).predict_mean_std(tokens)

    label = f"{len(tokens):,} cells, {ROUND_KNOWN:,} known"
    rows = [(label, *seconds(timed(refine, repeats)))]
    print_table(("round of refinement", "s", "CPU s"), rows)


def seconds(timings: list[Timing]) -> tuple[str, str]:
    wall = spread([timing.wall for timing in timings])
    return wall, spread([timing.cpu for timing in timings])


if __name__ == "__main__":
    main()
