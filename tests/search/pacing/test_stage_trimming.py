from pnas.search import Proposal
from pnas.search.pacing.stage_trimming import trimmed
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(B=2)
SMALL = SPACE.initial_children()[:8]
LARGE = [cell.extended((0, "identity", -1, "identity")) for cell in SPACE.initial_children()[:12]]


def proposal(cells: list[Cell], predictions: list[float] | None = None) -> Proposal:
    return Proposal(cells, predictions, 0, len(cells), 0.0)


def at_most(count: int, of: Proposal, fewest: int = 1) -> list[Cell]:
    return list(trimmed(of, lambda kept: len(kept.cells) <= count, fewest).cells)


def sizes(cells: list[Cell]) -> list[int]:
    return [len(cell) for cell in cells]


def test_the_best_predicted_are_kept() -> None:
    ranked = proposal(SMALL, [1.0 - 0.1 * i for i in range(8)])
    kept = trimmed(ranked, lambda each: len(each.cells) <= 3, fewest=1)
    assert kept.cells == SMALL[:3]
    assert kept.predictions == ranked.predictions[:3] if ranked.predictions else False


def test_what_fits_is_kept_whole_and_in_order() -> None:
    assert at_most(8, proposal(SMALL)) == SMALL


def test_a_start_keeps_its_shares_of_small_and_large_cells() -> None:
    start = proposal([*SMALL, *LARGE])
    kept = at_most(10, start)
    assert sizes(kept).count(1) == 4
    assert sizes(kept).count(2) == 6


def test_every_beginning_of_a_start_has_large_cells() -> None:
    whole = at_most(20, proposal([*SMALL, *LARGE]))
    assert sorted(map(str, whole)) == sorted(map(str, [*SMALL, *LARGE]))
    for count in range(1, 21):
        large = sizes(whole[:count]).count(2)
        assert abs(large - 0.6 * count) <= 1
    assert sizes(whole[:2]) == [1, 2]


def test_cells_of_one_size_are_spread_over_all() -> None:
    assert at_most(3, proposal(SMALL)) == [SMALL[0], SMALL[4], SMALL[7]]


def test_the_fewest_are_kept_in_any_case() -> None:
    assert len(at_most(0, proposal([*SMALL, *LARGE]), fewest=4)) == 4
    assert len(at_most(0, proposal(SMALL[:1]), fewest=1)) == 1
