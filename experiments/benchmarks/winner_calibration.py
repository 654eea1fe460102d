"""Whether a search that says "the best with probability .9" is right nine times in ten.

    python experiments/benchmarks/winner_calibration.py experiments/tables/digits.yaml --seeds 100

Runs the searches of confirmed_searches.py, whose finished ones are taken from the same --cache, and
compares the probability that each winner was named with (`winner.probability_best`) with the share
of those winners that were in truth the best of the finalists. Prints a row for each range of the
stated probability, with the 95 % interval of Wilson (1927) for the share, and draws them with
--plot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean

from common import print_machine, print_table
from confirmed_searches import argument_parser, run_all
from known_truth import make_world
from scipy.stats import binomtest

from pnas.reports.charts.plot import Plot
from pnas.reports.palette import FAINT, run_colour
from pnas.reports.picture_files import save_picture

EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)
"""Ends of the ranges of stated probability."""


@dataclass(frozen=True)
class Range:
    """Searches whose winners were named with about the same probability.

    Attributes:
        stated: The probabilities.
        right: Number of winners that were the best of the finalists.
    """

    stated: Sequence[float]
    right: int

    @property
    def share(self) -> float:
        """Share of the winners that were the best."""
        return self.right / len(self.stated)

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share."""
        found = binomtest(self.right, len(self.stated)).proportion_ci(method="wilson")
        return found.low, found.high


def ranges(winners: Sequence[tuple[float, bool]]) -> list[Range]:
    """Return the ranges in which there are winners, given as (stated probability, is the best)."""
    found = []
    for low, high in pairwise(EDGES):
        inside = [each for each in winners if low < each[0] <= high]
        if inside:
            stated = [probability for probability, _ in inside]
            found.append(Range(stated, sum(is_best for _, is_best in inside)))
    return found


def draw(found: Sequence[Range], path: Path) -> None:
    """Draw the share of right winners over the stated probability, beside the diagonal."""
    plot = Plot(
        x=(0.2, 1.0),
        y=(0.2, 1.0),
        x_label="stated probability that the winner is the best finalist",
        y_label="share of winners that were it",
        title="calibration of the winner's probability",
        width=460,
        height=400,
    )
    plot.line([(0.2, 0.2), (1.0, 1.0)], stroke=FAINT, stroke_width=1.5)
    colour = run_colour(0)
    points = [(mean(each.stated), each.share) for each in found]
    for each, (x, _) in zip(found, points, strict=True):
        plot.line([(x, end) for end in each.interval()], stroke=colour, stroke_width=1.2)
    plot.line(points, stroke=colour, stroke_width=2)
    save_picture(plot.svg(), path)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--plot", type=Path, help="PNG or SVG to draw")
    args = parser.parse_args()

    winners = []
    for name in args.strategies:
        for search in run_all(args, name):
            for outcome in search.values():
                if "probability" in outcome:
                    winners.append((outcome["probability"], bool(outcome["right"])))

    world = make_world(args.table, args.reward, args.test, args.noise)
    print(f"{args.table}, noise {world.noise:.4f}: {len(winners)} winners\n")
    found = ranges(winners)
    rows = []
    for each in found:
        low, high = each.interval()
        stated = f"{mean(each.stated):.2f}"
        rows.append([stated, len(each.stated), f"{each.share:.2f} [{low:.2f}, {high:.2f}]"])
    print_table(["stated (mean)", "winners", "of them the best finalist [95 %]"], rows)
    if args.plot:
        draw(found, args.plot)
    print_machine("numpy", "scipy")


if __name__ == "__main__":
    main()
