"""From settings to a strategy, and what is refused before any work starts."""

from pathlib import Path

from pnas.controller import ControllerManager
from pnas.controller.candidate_scoring import Feasibility
from pnas.errors import require
from pnas.predictors import ControllerSpec
from pnas.search.strategies.base import Strategy
from pnas.search.strategies.evolution import Evolution
from pnas.search.strategies.progressive import Progressive
from pnas.search.strategies.random_search import ProgressiveRandom, RandomSearch
from pnas.search.strategies.specs import SearchSpec
from pnas.state_space import SlotSpace


def make_strategy(
    spec: SearchSpec,
    space: SlotSpace,
    controller: ControllerSpec,
    seed: int,
    save_dir: Path | None = None,
    is_feasible: Feasibility | None = None,
) -> Strategy:
    """The strategy that ``spec`` describes.

    Args:
        controller: the predictor and K of the progressive ones.
        save_dir: where predictors are kept.
        allows: says of a cell whether it may be trained; None: any may.
    """
    match spec.kind:
        case "random":
            return RandomSearch(space, spec.batch, seed, is_feasible)
        case "evolution":
            return Evolution(space, spec.population, spec.sample, spec.batch, seed, is_feasible)
        case "progressive_random":
            return ProgressiveRandom(space, controller.K, seed, is_feasible)
    manager = ControllerManager(
        space, space.B, controller.K, spec=controller, seed=seed, is_feasible=is_feasible
    )
    return Progressive(manager, save_dir, spec, is_feasible)


def check_search(spec: SearchSpec, space: SlotSpace, K: int | None, epochs: float | None) -> None:
    """Refuse a search that its space or its budget has no room for.

    Args:
        K: children of each stage after the first.
        epochs: that one child is trained for; None if that is not known.

    Raises:
        InvalidValue: names the key that is too large or too small.
    """
    if spec.is_progressive and space.B > 1:
        cells = space.num_cells(space.B)
        rule = f"must be at most {cells}, the cells of {space.B} blocks, or null for all candidates"
        require(K is None or cells >= K, "controller.K", rule, K)
        _check_probe(spec, space, K)
    all_of_one = space.num_cells(1)
    rule = f"must be at most {all_of_one}, the cells of one block, or null for all of them"
    require(spec.first is None or spec.first <= all_of_one, "search.first", rule, spec.first)
    first = {"random": 1, "evolution": spec.population}.get(spec.kind, spec.first or all_of_one)
    rule = f"must be at least {first}, the children of the first stage"
    require(
        spec.max_children is None or spec.max_children >= first,
        "search.max_children",
        rule,
        spec.max_children,
    )
    if spec.max_epochs is not None:
        rule = (
            "must be null: it is not known how many epochs a child of trainer.table was trained for"
        )
        require(epochs is not None, "search.max_epochs", rule, spec.max_epochs)
        least = first * (epochs or 0)
        rule = f"must be at least {least:g}, {first} children of the first stage times {epochs:g} epochs"
        require(spec.max_epochs >= least, "search.max_epochs", rule, spec.max_epochs)


def _check_probe(spec: SearchSpec, space: SlotSpace, K: int | None) -> None:
    """A probe is drawn from the candidates that were not chosen: there must be as many."""
    if not spec.probe:
        return
    rule = "must be 0 with controller.K=null: no candidate is left to probe"
    require(K is not None, "search.probe", rule, spec.probe)
    left = space.num_cells(2) - (K or 0)
    rule = f"must be at most {max(left, 0)}, what controller.K={K} leaves of the {space.num_cells(2)} cells of 2 blocks"
    require(spec.probe <= left, "search.probe", rule, spec.probe)
