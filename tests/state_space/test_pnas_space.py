import hashlib

import numpy as np
import pytest
from support.cells import written_cells

from pnas.errors import InvalidValue
from pnas.state_space import Cell, StateSpace
from pnas.state_space.isomorphism.canonical import canonical_form

OPERATORS = ["3x3 conv", "identity"]


def test_the_papers_first_two_stages():
    space = StateSpace(5)
    children = space.initial_children()
    assert len(children) == 136
    candidates = space.expand(children)
    assert candidates.generated == space.num_candidates(136, 2) == 40_800
    assert len(candidates.tokens) == 31_620


@pytest.mark.parametrize(
    ("lookback", "lookforward", "inputs"),
    [
        (-2, None, [(-1, -2), (-1, -2, 0), (-1, -2, 0, 1)]),
        (-1, None, [(-1,), (-1, 0), (-1, 0, 1)]),
        (-3, 0, [(-1, -2, -3)] * 3),
        (0, 0, [(-1,)] * 3),
        (0, None, [(-1,), (-1, 0), (-1, 0, 1)]),
        (-2, 1, [(-1, -2), (-1, -2, 0), (-1, -2, 0)]),
        (-2, 99, [(-1, -2), (-1, -2, 0), (-1, -2, 0, 1)]),
    ],
)
def test_look_back_and_look_forward(lookback, lookforward, inputs):
    space = StateSpace(3, OPERATORS, lookback, lookforward)
    assert [space.inputs(b) for b in (1, 2, 3)] == inputs
    assert space.vocabulary == {"input": inputs[2], "operator": tuple(OPERATORS)}
    assert [slot.values for slot in space.slots(2)] == [inputs[1], tuple(OPERATORS)] * 2


def test_a_larger_B_only_appends_to_the_vocabulary():
    small = StateSpace(3, OPERATORS)
    large = StateSpace(5, OPERATORS)
    known = small.vocabulary["input"]
    assert large.vocabulary["input"][: len(known)] == known

    cells = small.initial_children()
    np.testing.assert_array_equal(small.encode(cells), large.encode(cells))


@pytest.mark.parametrize(("lookback", "lookforward"), [(-2, None), (-1, 1), (0, 0)])
def test_growing_without_a_beam_reaches_every_cell(lookback, lookforward):
    space = StateSpace(3, OPERATORS, lookback, lookforward)
    cells = space.initial_children()
    for b in (2, 3):
        parents = [space.canonical(cell) for cell in cells]
        cells = space.decode(space.expand(parents).tokens)
        by_brute_force = set(map(canonical_form, written_cells(space, b)))
        assert set(map(canonical_form, cells)) == by_brute_force
        assert len(cells) == space.num_cells(b)


def test_blocks_are_unordered_pairs():
    space = StateSpace(2, OPERATORS, -1)
    cells = space.decode(space.block_tokens(2)[:, None])
    pairs = {frozenset([cell.blocks[0][:2], cell.blocks[0][2:]]) for cell in cells}
    assert len(cells) == len(pairs) == 10


def test_expansion_keeps_the_first_of_equivalent_cells_in_order():
    space = StateSpace(2, OPERATORS, -1, 0)
    tokens = space.expand(space.initial_children()).tokens
    cells = space.decode(tokens)
    assert len(cells) == 6
    as_tokens = tokens.tolist()
    assert as_tokens == sorted(as_tokens)


def test_encode_and_decode_are_inverse_for_mixed_lengths():
    space = StateSpace(3, OPERATORS)
    cells = [
        Cell.parse("(-1, identity, -2, 3x3 conv)"),
        Cell.parse("(-1, identity, -1, identity), (0, 3x3 conv, -2, identity)"),
    ]
    tokens = space.encode(cells)
    assert tokens.shape == (2, 2, 4)
    assert tokens.tolist() == [[[0, 1, 1, 0], [-1] * 4], [[0, 1, 0, 1], [2, 0, 1, 1]]]
    assert space.decode(tokens) == cells


def test_key_is_shared_by_equivalent_cells_and_spaces():
    one = Cell.parse("(-1, identity, -2, 3x3 conv), (0, identity, -1, identity)")
    other = Cell.parse("(-2, 3x3 conv, -1, identity), (-1, identity, 0, identity)")
    assert StateSpace(2, OPERATORS).key(one) == StateSpace(5, OPERATORS[::-1]).key(other)


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("B", {"B": 0}),
        ("B", {"B": True}),
        ("B", {"B": "3"}),
        ("B", {"B": 2.0}),
        ("B", {"B": 17}),
        ("B", {"B": 2_147_483_648}),
        ("operators", {"operators": []}),
        ("operators", {"operators": [f"{2 * k + 1}x{2 * k + 1} conv" for k in range(65)]}),
        ("operators", {"operators": ["101x101 conv"]}),
        ("operators", {"operators": "3x3 conv"}),
        ("operators", {"operators": ["4x4 conv"]}),
        ("operators", {"operators": ["identity", "identity"]}),
        ("input_lookback_depth", {"input_lookback_depth": 1}),
        ("input_lookback_depth", {"input_lookback_depth": -17}),
        ("input_lookback_depth", {"input_lookback_depth": -1_000_000_000}),
        ("input_lookback_depth", {"input_lookback_depth": False}),
        ("input_lookback_depth", {"input_lookback_depth": "-2"}),
        ("input_lookback_depth", {"input_lookback_depth": None}),
        ("input_lookforward_depth", {"input_lookforward_depth": -1}),
        ("input_lookforward_depth", {"input_lookforward_depth": True}),
        ("input_lookforward_depth", {"input_lookforward_depth": 1.5}),
    ],
)
def test_bad_values_are_refused_by_their_key(key, arguments):
    with pytest.raises(InvalidValue) as refused:
        StateSpace(**{"B": 3, **arguments})
    assert refused.value.key == f"state_space.{key}"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "(-3, identity, -1, identity)",
        "(0, identity, -1, identity)",
        "(-1, 5x5 conv, -1, identity)",
        "(-1, identity)",
        "(-1, identity, -1, identity), (1, identity, -1, identity)",
        ", ".join(["(-1, identity, -1, identity)"] * 4),
    ],
)
def test_cells_outside_the_space_are_refused(text):
    with pytest.raises(InvalidValue, match=r"^cell: "):
        StateSpace(3, OPERATORS).check(Cell.parse(text))


def test_cells_of_B_blocks_cannot_grow():
    space = StateSpace(1, OPERATORS)
    with pytest.raises(InvalidValue, match=r"state_space\.B: must be at least 2"):
        space.expand(space.initial_children())


@pytest.mark.parametrize("b", [0, 3])
def test_enumeration_is_of_sizes_within_B(b):
    with pytest.raises(InvalidValue, match=r"^b: must be from 1 to"):
        StateSpace(2, OPERATORS).iter_cells(b)


def test_random_cells_are_those_of_earlier_versions():
    """Searches that go on sample the cells that they would have sampled."""
    spaces = (StateSpace(5), StateSpace(7, OPERATORS, -1, 2), StateSpace(4, OPERATORS, 0, 0))
    digest = hashlib.sha256()
    for space in spaces:
        generator = np.random.default_rng(space.B)
        for b in range(1, space.B + 1):
            for _ in range(10):
                digest.update(str(space.random_cell(b, generator)).encode())
    assert digest.hexdigest()[:16] == "0f46b4cbf625d0f1"


def test_random_cells_are_canonical_as_a_subclass_says():
    class Reversed(StateSpace):
        def canonical(self, cell):
            form = canonical_form(cell)
            return Cell(form.blocks[::-1])

    space = Reversed(2, OPERATORS, -1, 0)
    cell = space.random_cell(2, np.random.default_rng(0))
    assert cell == space.canonical(cell)
