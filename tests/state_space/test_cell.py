import pickle

import pytest

from pnas.errors import InvalidValue
from pnas.state_space import Block, Cell

PNASNET5 = (
    "(-2, 5x5 dconv, -2, 3x3 maxpool), "
    "(-1, 7x7 dconv, -1, 3x3 maxpool), "
    "(-1, 5x5 dconv, -1, 3x3 dconv), "
    "(2, 3x3 dconv, -1, 3x3 maxpool), "
    "(-2, 3x3 dconv, -1, identity)"
)


@pytest.mark.parametrize(
    "text", [PNASNET5, "(nor_conv_3x3), (none, skip_connect)", "(-1, 1x7-7x1 conv, 0, identity)"]
)
def test_text_form_parses_back(text):
    assert str(Cell.parse(text)) == text
    assert Cell.parse(str(Cell.parse(text))) == Cell.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(-1,3x3  conv,-2,identity),(0,identity,-1,identity)",
        "(-1, 3x3 conv, -2, identity); (0, identity, -1, identity)",
        " [(-1, 3x3 conv, -2, identity) (0, identity, -1, identity)] ",
    ],
)
def test_separators_and_blanks_are_free(text):
    assert Cell.parse(text) == Cell(
        [(-1, "3x3 conv", -2, "identity"), (0, "identity", -1, "identity")]
    )


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "()", "(-1, , -2, identity)", "(-1, a, -2, b) x", "((-1, a, -2, b))", "(-1"],
)
def test_malformed_text_is_refused(text):
    with pytest.raises(InvalidValue, match=r"^cell: must look like .* Received: "):
        Cell.parse(text)


def test_pnas_blocks_are_named():
    block = Cell.parse(PNASNET5).blocks[3]
    assert isinstance(block, Block)
    assert block.input1 == 2
    assert block.operator1 == "3x3 dconv"
    assert block.input2 == -1
    assert block.operator2 == "3x3 maxpool"


def test_is_an_immutable_value():
    cell = Cell([(-1, "identity", -1, "3x3 conv")])
    assert cell == Cell([[-1, "identity", -1, "3x3 conv"]])
    assert len({cell, Cell(cell.blocks)}) == 1
    assert pickle.loads(pickle.dumps(cell)) == cell
    with pytest.raises(AttributeError):
        cell.blocks = ()


def test_text_hash_is_stable_across_versions():
    """Journals and seeds of children rest on it."""
    assert Cell([(-1, "identity", -1, "3x3 conv")]).text_hash == "71fe684678f1a0c1"


def test_extended_leaves_the_parent_alone():
    parent = Cell([(-1, "identity", -1, "identity")])
    child = parent.extended((0, "identity", -1, "3x3 conv"))
    assert (len(parent), len(child)) == (1, 2)
    assert child.blocks[:1] == parent.blocks
