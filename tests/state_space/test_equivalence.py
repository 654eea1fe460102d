"""All that follows from a space's declaration of which cells are the same."""

import pickle
from collections import Counter

import numpy as np
import pytest
from support.cells import enumerated_cells, written_cells

from pnas.errors import InvalidValue
from pnas.state_space import Cell, Slot, SlotSpace, equivalent_cells, slot_space

OPERATORS = ("a", "b", "skip")


class Chains(SlotSpace):
    """Chains of operators, one a block."""

    @property
    def vocabulary(self):
        return {"operator": OPERATORS}

    def slots(self, b):
        return (Slot("operator", "operator", OPERATORS),)

    def spec(self):
        return {"kind": "chains", "B": self.B}


def without_skips(cell):
    return tuple(operator for (operator,) in cell.blocks if operator != "skip")


class KeyedChains(Chains):
    """Chains are the same if they are without their skips; declared by a key."""

    def equivalence_key(self, cell):
        return without_skips(cell)


class CanonicalChains(Chains):
    """The same, declared by a canonical form: all skips at the end."""

    def canonical(self, cell):
        operators = without_skips(cell)
        skips = ("skip",) * (len(cell) - len(operators))
        return Cell((operator,) for operator in operators + skips)


DECLARED = [KeyedChains, CanonicalChains]
UNIQUE = {1: 3, 2: 7, 3: 15}
"""Sequences of at most b of two operators: 1 + 2 + ... + 2^b."""


@pytest.mark.parametrize("kind", DECLARED)
@pytest.mark.parametrize("b", [1, 2, 3])
def test_counts_and_enumeration_follow(kind, b):
    space = kind(3)
    cells = enumerated_cells(space, b)
    assert len(cells) == UNIQUE[b]
    assert space.num_cells(b) == UNIQUE[b]
    assert len(set(map(without_skips, cells))) == UNIQUE[b]


@pytest.mark.parametrize("kind", DECLARED)
def test_canonical_forms_follow(kind):
    space = kind(3)
    canonical_of = {}
    for cell in written_cells(space, 3):
        canonical = space.canonical(cell)
        assert without_skips(canonical) == without_skips(cell)
        assert space.canonical(canonical) == canonical
        assert canonical_of.setdefault(without_skips(cell), canonical) == canonical
        assert space.key(cell) == canonical.text_hash
    assert len(canonical_of) == UNIQUE[3]


@pytest.mark.parametrize("kind", DECLARED)
def test_expansion_keeps_the_first_of_each_class(kind):
    space = kind(2)
    candidates = space.expand(space.initial_children())
    assert candidates.generated == 9
    assert [str(cell) for cell in space.decode(candidates.tokens)] == [
        "(a), (a)",
        "(a), (b)",
        "(a), (skip)",
        "(b), (a)",
        "(b), (b)",
        "(b), (skip)",
        "(skip), (skip)",
    ]


@pytest.mark.parametrize("kind", DECLARED)
def test_random_cells_are_uniform_over_classes(kind):
    space = kind(2)
    generator = np.random.default_rng(0)
    counts = Counter(space.random_cell(2, generator) for _ in range(700))
    assert len(counts) == 7
    # Chi-squared with 6 degrees of freedom: beyond 22.46 once in a thousand.
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 22.46


def test_a_space_that_declares_nothing_holds_each_written_form_to_be_a_cell():
    space = Chains(2)
    assert space.num_cells(2) == 9
    assert len(enumerated_cells(space, 2)) == 9
    cell = Cell([("skip",), ("a",)])
    assert space.canonical(cell) == cell
    assert space.equivalence_key(cell) == cell


def test_a_space_is_pickled_with_what_it_has_counted():
    space = KeyedChains(3)
    space.num_cells(3)
    space.canonical(Cell([("skip",), ("a",)]))
    again = pickle.loads(pickle.dumps(space))
    assert again.num_cells(3) == 15


def test_canonical_forms_are_not_looked_for_among_too_many(monkeypatch):
    monkeypatch.setattr(equivalent_cells, "LARGEST_INDEX", 8)
    space = KeyedChains(2)
    assert space.num_cells(2) == 9, "an upper bound"
    with pytest.raises(InvalidValue, match="at most 8 written forms of 2 blocks, or override"):
        space.canonical(Cell([("skip",), ("a",)]))


def test_a_cell_of_another_space_has_no_canonical_form():
    with pytest.raises(InvalidValue, match=r"^cell: must be a cell of the state space"):
        KeyedChains(2).canonical(Cell([("c",), ("a",)]))


def test_canonical_forms_outside_the_space_are_refused_when_sampling(monkeypatch):
    monkeypatch.setattr(slot_space, "_MOST_REJECTIONS", 20)

    class Astray(Chains):
        def canonical(self, cell):
            return Cell([("elsewhere",)])

    with pytest.raises(InvalidValue, match=r"^canonical form: "):
        Astray(2).random_cell(2, np.random.default_rng(0))


def test_keys_of_rows_met_before_are_not_computed_again(monkeypatch):
    asked = []

    class Counted(KeyedChains):
        def equivalence_key(self, cell):
            asked.append(cell)
            return without_skips(cell)

    space = Counted(3)
    tokens = space.encode(written_cells(space, 3))
    first = space.unique_rows(tokens)
    assert len(asked) == len(tokens)
    assert np.array_equal(space.unique_rows(tokens), first)
    assert len(asked) == len(tokens)

    monkeypatch.setattr(equivalent_cells, "_MOST_KNOWN_KEYS", 1)
    few = Counted(3)
    assert np.array_equal(few.unique_rows(tokens), first)
    assert np.array_equal(few.unique_rows(tokens), first)
    assert len(few._key_of_row) == 1
