"""Would the Gaussian process rank better if it knew the structure and the cost of cells?

    python experiments/benchmarks/structure_features.py experiments/tables/digits.yaml \\
        nasbench201.npz --histories search_B5_K64_cifar10_5epochs.csv
    PNAS_EXTENSIONS=docs/examples/my_graph_space.py \\
        python experiments/benchmarks/structure_features.py graph/cora.yaml

Two groups of features are added to those of `pnas.predictors.features`: *structure* (longest,
shortest and mean path, number of paths, number of blocks that nothing reads) and *cost* (logarithms
of parameters and of multiply-adds). Each group is added in several ways:

plain    as every other group is: a normal prior of its log length scale, and the common slope.
sparse   with a weight w = 1 / l^2 and a slope of its own, each of an exponential prior, whose
         density is highest at 0: what does not pay for itself is switched off.
chosen   as plain, if that makes the posterior density of the parameters higher by `EVIDENCE`
         nats for each parameter that is added, and left out otherwise.

Spearman's correlation with the rewards of cells that the fit has not seen: all cells of up to b
blocks rank those of b + 1, and some random cells of the largest size rank others of them, alone or
beside eight cells of one block, as the default search starts with. Of cells trained several times
the first reward is learned, and the mean of the others ranked. Differences to the GP as it is are
paired over samples.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np
from common import all_cells, make_parser, print_machine, print_table, progress
from numpy.typing import NDArray
from predictor_study import read_table
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from pnas.children import FlatNetworkSpec, count_network
from pnas.predictors.features import GROUPS, CellFeatures
from pnas.predictors.gp.kernel import Features, distance_scale, matern, squared_distances
from pnas.predictors.gp.likelihood import JITTER, PRIOR, STARTS
from pnas.predictors.parallel_scoring import one_thread
from pnas.predictors.paths import CellGraph
from pnas.predictors.rank_correlation import spearman
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, SlotSpace, Tokens
from pnas.state_space.wiring import Outputs
from pnas.tables import load_table

EVIDENCE = 1.0
RATES = (1.0, 4.0)
"""Rates of the exponential priors that are tried."""

TUNING = 250
RANKED = 1000
LEARNED = 1000
"""Largest numbers of cells to choose parameters on, to rank, and to learn from."""

FEWEST_RANKED = 32
"""Cells of the largest size that must be left to rank."""

OF_ONE_BLOCK = 8
SMALLEST_WEIGHT = 0.05
IMAGE = (32, 32, 3)
CLASSES = 10


class Cells(NamedTuple):
    """Cells of one table.

    Attributes:
        name: Name of the table.
        space: Their space.
        tokens: The cells, (n, B, slots), padded with ABSENT.
        rewards: Rewards that are learned from, (n,).
        truth: Rewards that are ranked: those of other trainings where there are any, (n,).
        structure: Features of their structure, (n, columns).
        cost: Logarithms of their parameters and, where known, of their multiply-adds, (n, columns).
    """

    name: str
    space: SlotSpace
    tokens: Tokens
    rewards: Features
    truth: Features
    structure: Features
    cost: Features


class Task(NamedTuple):
    """Rows of cells to learn from, and of others to rank."""

    known: NDArray[np.intp]
    ranked: NDArray[np.intp]


class Variant(NamedTuple):
    """A way to use added groups.

    Attributes:
        added: Names of the groups, fields of `Cells`.
        rate: Rate of the exponential priors; None for the prior of every other group.
        is_chosen: Whether the groups are left out unless the likelihood asks for them.
    """

    added: tuple[str, ...] = ()
    rate: float | None = None
    is_chosen: bool = False


def variants() -> dict[str, Variant]:
    """Return what is compared, by name; the GP as it is comes first."""
    found = {"gp": Variant()}
    for added in (("structure",), ("cost",), ("structure", "cost")):
        name = " + ".join(added)
        found[f"{name}, plain"] = Variant(added)
        for rate in RATES:
            found[f"{name}, sparse {rate:g}"] = Variant(added, rate)
        found[f"{name}, chosen"] = Variant(added, is_chosen=True)
    return found


def main() -> None:
    arguments = parse_arguments()
    for path in arguments.tables:
        report(read_cells(path), arguments)
    for path in arguments.histories:
        report(read_history(path), arguments)
    print_machine("numpy", "scipy")


# -- cells -----------------------------------------------------------------------------------------


def read_cells(path: str) -> Cells:
    """Read a table, as `trainer.table`."""
    table = load_table(path)
    cells = all_cells(table.space)
    rows = [table.row(cell) for cell in cells]
    costs = [[row.params for row in rows]]
    if rows[0].flops is not None:
        costs.append([row.flops for row in rows])
    tokens = table.space.encode(cells)
    return Cells(
        name=Path(path).stem,
        space=table.space,
        tokens=tokens,
        rewards=np.array([row.rewards[0] for row in rows]),
        truth=np.array([mean(row.rewards[1:] or row.rewards) for row in rows]),
        structure=structure_of(table.space, tokens),
        cost=np.log(np.array(costs, np.float64).T),
    )


def read_history(path: Path) -> Cells:
    """Read the children of a search of the PNAS space."""
    name, space, cells, rewards = read_table(path)
    network = FlatNetworkSpec()
    counts = [count_network(cell, network, IMAGE, CLASSES) for cell in cells]
    tokens = space.encode(cells)
    return Cells(
        name=name,
        space=space,
        tokens=tokens,
        rewards=rewards,
        truth=rewards,
        structure=structure_of(space, tokens),
        cost=np.log(np.array(counts, np.float64)),
    )


def structure_of(space: SlotSpace, tokens: Tokens) -> Features:
    """Return longest, shortest and mean path, paths and unread blocks, as log(1 + x), (n, 5)."""
    histogram = path_lengths(space, tokens)
    lengths = np.arange(histogram.shape[1])
    paths = histogram.sum(axis=1)
    is_met = histogram > 0
    longest = np.where(is_met, lengths, 0).max(axis=1)
    shortest = np.where(is_met, lengths, lengths[-1]).min(axis=1)
    average = (histogram * lengths).sum(axis=1) / np.maximum(paths, 1)
    unread = is_unread(space, tokens).sum(axis=1)
    return np.log1p(np.stack([longest, shortest, average, paths, unread], axis=1))


def path_lengths(space: SlotSpace, tokens: Tokens) -> Features:
    """Return how many functional paths of each length a cell has, (n, B + 1)."""
    graph = CellGraph(TokenLayout.of(space))
    wiring = space.wiring
    n, blocks = tokens.shape[:2]
    cell = np.arange(n)
    known = np.zeros((n, graph.sources + blocks, space.B + 1))
    known[:, : graph.sources, 0] = 1
    passes = np.array([name in wiring.pass_through for name in graph.operators])
    kills = np.array([name in wiring.zero for name in graph.operators])
    for block in range(blocks):
        nodes, operators = graph.operands(tokens, block)
        for node, operator in zip(nodes.T, operators.T, strict=True):
            read = known[cell, np.maximum(node, 0)]
            longer = np.zeros_like(read)
            longer[:, 1:] = read[:, :-1]
            arriving = np.where(passes[operator][:, None], read, longer)
            is_dead = (operator == ABSENT) | kills[operator]
            arriving[is_dead] = 0
            known[:, graph.sources + block] += arriving

    is_output = tokens[:, :, 0] != ABSENT
    if wiring.outputs is Outputs.LAST:
        is_output &= np.cumsum(is_output, axis=1) == is_output.sum(axis=1)[:, None]
    elif wiring.outputs is Outputs.UNREAD:
        is_output = is_unread(space, tokens)
    return (known[:, graph.sources :] * is_output[:, :, None]).sum(axis=1)


def is_unread(space: SlotSpace, tokens: Tokens) -> NDArray[np.bool_]:
    """Return which blocks of each cell are there and read by no other, (n, blocks)."""
    graph = CellGraph(TokenLayout.of(space))
    unread = tokens[:, :, 0] != ABSENT
    for block in range(tokens.shape[1]):
        for node in graph.operands(tokens, block).node.T:
            unread &= np.arange(tokens.shape[1]) != (node - graph.sources)[:, None]
    return unread


def tasks_of(cells: Cells, arguments: argparse.Namespace) -> dict[str, list[Task]]:
    """Return what is ranked from what, by title, one task a sample."""
    sizes = (cells.tokens[:, :, 0] != ABSENT).sum(axis=1)
    tasks: dict[str, list[Task]] = {}
    if arguments.steps:
        tasks |= _steps(sizes, arguments.seeds)
    for count in arguments.known:
        tasks[f"{count} random"] = _random_tasks(sizes, 0, count, arguments.seeds)
    for count in arguments.mixed:
        title = f"{OF_ONE_BLOCK} + {count} random"
        tasks[title] = _random_tasks(sizes, OF_ONE_BLOCK, count, arguments.seeds)
    return {title: sampled for title, sampled in tasks.items() if sampled}


def _steps(sizes: NDArray[np.intp], seeds: int) -> dict[str, list[Task]]:
    tasks: dict[str, list[Task]] = {}
    for b in range(1, int(sizes.max())):
        learned = np.flatnonzero(sizes <= b)
        ranked = np.flatnonzero(sizes == b + 1)
        is_sampled = len(learned) > LEARNED or len(ranked) > RANKED
        for seed in range(seeds if is_sampled else 1):
            rng = np.random.default_rng(seed)
            task = Task(_sample(rng, learned, LEARNED), _sample(rng, ranked, RANKED))
            tasks.setdefault(f"{b} -> {b + 1}", []).append(task)
    return tasks


def _random_tasks(sizes: NDArray[np.intp], small: int, count: int, seeds: int) -> list[Task]:
    """Return tasks of ``count`` cells of the largest size, and ``small`` of one block."""
    full = np.flatnonzero(sizes == sizes.max())
    if count + FEWEST_RANKED > len(full):
        return []
    tasks = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        order = rng.permutation(full)
        first = rng.permutation(np.flatnonzero(sizes == 1))[:small]
        known = np.concatenate([first, np.sort(order[:count])])
        tasks.append(Task(known, np.sort(order[count : count + RANKED])))
    return tasks


def _sample(rng: np.random.Generator, rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    return np.sort(rng.permutation(rows)[:count])


# -- the process -----------------------------------------------------------------------------------


class Fitted(NamedTuple):
    """Parameters of a kernel, and the negative log posterior density that they have.

    Attributes:
        noise: Variance of the noise.
        weights: ``1 / l_g^2`` of each group.
        slopes: Slope of each group.
        density: Negative log posterior density.
    """

    noise: float
    weights: Features
    slopes: Features
    density: float

    def covariance(self, a: list[Features], b: list[Features]) -> Features:
        """Return the covariances of two lists of cells, (n, m)."""
        squared: Features = np.zeros(())
        linear: Features = np.zeros(())
        for x, y, weight, slope in zip(a, b, self.weights, self.slopes, strict=True):
            products = x @ y.T
            squared = squared + weight * squared_distances(x, y, products)
            linear = linear + slope * products
        return matern(squared)[0] + linear


class Objective:
    """Negative log posterior density of kernel parameters, with its gradient.

    Parameters are the logarithms of noise, of the length scale of each common group, and of the
    common slope, then the weight and the slope of each sparse group.
    """

    def __init__(
        self, common: list[Features], sparse: list[Features], targets: Features, rate: float
    ) -> None:
        self._targets = targets
        self._rate = rate
        self._common = len(common)
        self._distances = []
        self._products = []
        for x in [*common, *sparse]:
            products = x @ x.T
            self._products.append(products)
            self._distances.append(squared_distances(x, x, products))
        self._common_products = sum(self._products[: self._common])
        priors = [PRIOR["noise"], *[PRIOR["length"]] * self._common, PRIOR["slope"]]
        self.center = np.array([prior.mean for prior in priors])
        self._width = np.array([prior.deviation for prior in priors])

    def bounds(self) -> list[tuple[float, float | None]]:
        """Return the lowest and the highest value of each parameter."""
        low = self.center - 4 * self._width
        high = self.center + 4 * self._width
        logarithms: list[tuple[float, float | None]] = list(
            zip(low.tolist(), high.tolist(), strict=True)
        )
        sparse = len(self._distances) - self._common
        return logarithms + [(0.0, None)] * (2 * sparse)

    def split(self, parameters: Features) -> tuple[float, Features, Features]:
        """Return noise, weights and slopes of all groups."""
        logarithms = parameters[: self._common + 2]
        sparse = parameters[self._common + 2 :]
        weights = np.concatenate([np.exp(-2 * logarithms[1:-1]), sparse[0::2]])
        common_slopes = np.full(self._common, np.exp(logarithms[-1]))
        return float(np.exp(logarithms[0])), weights, np.concatenate([common_slopes, sparse[1::2]])

    def __call__(self, parameters: Features) -> tuple[float, Features]:
        """Return the value and its gradient."""
        noise, weights, slopes = self.split(parameters)
        squared: Features = np.zeros(())
        for weight, distances in zip(weights, self._distances, strict=True):
            squared = squared + weight * distances
        correlation, factor = matern(squared)
        linear = slopes[0] * self._common_products
        covariance = correlation + linear + noise * np.eye(len(self._targets))
        for slope, products in zip(
            slopes[self._common :], self._products[self._common :], strict=True
        ):
            covariance += slope * products
        value, sensitivity = self._likelihood(covariance)

        gradient = [noise * np.trace(sensitivity)]
        by_weight = [-0.5 * (sensitivity * factor * each).sum() for each in self._distances]
        for weight, derivative in zip(weights[: self._common], by_weight, strict=False):
            gradient.append(-2 * weight * derivative)
        gradient.append((sensitivity * linear).sum())
        for derivative, products in zip(
            by_weight[self._common :], self._products[self._common :], strict=True
        ):
            gradient.append(derivative + self._rate)
            gradient.append((sensitivity * products).sum() + self._rate)

        away = (parameters[: self._common + 2] - self.center) / self._width
        value += 0.5 * float(away @ away) + self._rate * parameters[self._common + 2 :].sum()
        result = np.array(gradient)
        result[: self._common + 2] += away / self._width
        return value, result

    def _likelihood(self, covariance: Features) -> tuple[float, Features]:
        n = len(covariance)
        covariance[np.diag_indices(n)] += JITTER
        factor = cho_factor(covariance, lower=True)
        inverse = cho_solve(factor, np.eye(n))
        weights = inverse @ self._targets
        fit = float(self._targets @ weights)
        value = 0.5 * n * np.log((fit + 1) / (n + 1)) + np.log(np.diag(factor[0])).sum()
        return float(value), 0.5 * (inverse - n / (fit + 1) * np.outer(weights, weights))


def most_likely(
    common: list[Features], sparse: list[Features], targets: Features, rate: float
) -> Fitted:
    """Return the parameters of the highest posterior density."""
    objective = Objective(common, sparse, targets, rate)
    best = None
    for start in STARTS:
        logarithms = [PRIOR["noise"].mean, *[start] * len(common), PRIOR["slope"].mean]
        found = minimize(
            objective,
            np.array([*logarithms, *[0.5] * (2 * len(sparse))]),
            method="L-BFGS-B",
            jac=True,
            bounds=objective.bounds(),
            options={"maxiter": 60},
        )
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    return Fitted(*objective.split(best.x), density=float(best.fun))


class Outcome(NamedTuple):
    """Correlation of one variant on one task, and whether each added group was in use."""

    correlation: float
    uses: tuple[bool, ...]


def rank(cells: Cells, task: Task, variant: Variant) -> Outcome:
    """Fit, rank, and compare with the rewards."""
    learned, groups = _scaled_groups(cells, task, variant.added)
    rewards = cells.rewards[task.known].tolist()
    targets = NormalScoreTransform.of(rewards).forward(rewards)
    order = np.random.default_rng(0).permutation(len(task.known))
    rows = np.sort(order[:TUNING])
    tuned = [x[rows] for x in learned]

    common = len(GROUPS) if variant.rate is not None else len(tuned)
    fitted = most_likely(tuned[:common], tuned[common:], targets[rows], variant.rate or 0.0)
    uses = tuple((fitted.weights + fitted.slopes)[len(GROUPS) :] > SMALLEST_WEIGHT)
    if variant.is_chosen:
        without = most_likely(tuned[: len(GROUPS)], [], targets[rows], 0.0)
        added = len(variant.added)
        if without.density - fitted.density < EVIDENCE * added:
            fitted = without
            learned = learned[: len(GROUPS)]
            groups = groups[: len(GROUPS)]
            uses = (False,) * added

    covariance = fitted.covariance(learned, learned)
    covariance[np.diag_indices(len(covariance))] += fitted.noise + JITTER
    weights = cho_solve(cho_factor(covariance, lower=True), targets)
    predicted = fitted.covariance(groups, learned) @ weights
    truth = cells.truth[task.ranked].tolist()
    return Outcome(spearman(predicted.tolist(), truth) or 0.0, uses)


def _scaled_groups(
    cells: Cells, task: Task, added: Sequence[str]
) -> tuple[list[Features], list[Features]]:
    known = cells.tokens[task.known]
    features = CellFeatures.of(TokenLayout.of(cells.space), known)
    learned = features.groups(known)
    ranked = features.groups(cells.tokens[task.ranked])
    for name in added:
        # Centred, for a slope must not stand for an intercept too.
        values = getattr(cells, name)
        values = (values - values[task.known].mean(axis=0)) / _deviations(values[task.known])
        learned.append(values[task.known])
        ranked.append(values[task.ranked])
    scales = [distance_scale(x.var(axis=0)) for x in learned]
    return (
        [x / scale for x, scale in zip(learned, scales, strict=True)],
        [x / scale for x, scale in zip(ranked, scales, strict=True)],
    )


def _deviations(values: Features) -> Features:
    """Return the standard deviation of each column, 1 where it is constant."""
    deviations = values.std(axis=0)
    return np.where(deviations > 1e-9, deviations, 1.0)


# -- report ----------------------------------------------------------------------------------------


def report(cells: Cells, arguments: argparse.Namespace) -> None:
    """Print the correlations of one table, and the differences to the GP as it is."""
    columns = tasks_of(cells, arguments)
    outcomes: dict[str, list[list[Outcome]]] = {}
    for name in ["gp", *arguments.variants]:
        variant = variants()[name]
        progress(f"{cells.name}: {name}")
        with one_thread():
            outcomes[name] = [
                [rank(cells, task, variant) for task in tasks] for tasks in columns.values()
            ]

    print(f"{cells.name}: Spearman's correlation, mean over samples\n")
    _print_correlations(columns, outcomes)
    print(f"{cells.name}: less that of the GP as it is; in brackets the share of fits in use\n")
    first = outcomes.pop("gp")
    rows = []
    for name, by_column in outcomes.items():
        row = [name]
        for mine, base in zip(by_column, first, strict=True):
            row.append(_difference(mine, base))
        rows.append(row)
    print_table(["", *columns], rows)


def _print_correlations(
    columns: dict[str, list[Task]], outcomes: dict[str, list[list[Outcome]]]
) -> None:
    rows = []
    for name, by_column in outcomes.items():
        row = [name]
        for found in by_column:
            row.append(f"{mean(outcome.correlation for outcome in found):.3f}")
        rows.append(row)
    titles = [f"{title} ({len(tasks)})" for title, tasks in columns.items()]
    print_table(["", *titles], rows)


def _difference(mine: list[Outcome], base: list[Outcome]) -> str:
    differences = []
    for own, other in zip(mine, base, strict=True):
        differences.append(own.correlation - other.correlation)
    used = np.mean([outcome.uses for outcome in mine])
    return f"{mean(differences):+.3f} [{used:.0%}]"


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("tables", nargs="*", help="tables, as trainer.table")
    add("--histories", nargs="*", type=Path, default=[], help="CSV files of children")
    add("--known", type=int, nargs="*", default=[20, 80], help="random cells of the largest size")
    add("--mixed", type=int, nargs="*", default=[12, 72], help="the same beside 8 of one block")
    add("--no-steps", dest="steps", action="store_false", help="leave out b -> b + 1")
    add("--seeds", type=int, default=10, help="samples of each")
    names = list(variants())[1:]
    add("--variants", nargs="*", choices=names, default=names, metavar="NAME", help="some of them")
    return parser.parse_args()


if __name__ == "__main__":
    main()
