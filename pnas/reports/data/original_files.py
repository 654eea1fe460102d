"""CSV files of the original project (github.com/titu1994/progressive-neural-architecture-search).

They have no header; a line is ``accuracy,input1,operator1,input2,operator2,...``. Its
``train_history.csv`` holds rewards. Its ``scores_<b>.csv`` has the same form with predictions in
the first column: only the name of the file, which begins with "scores", tells them apart.

It numbered previous cells -1, -2, ... and blocks of the same cell 0, 1, ..., as we do. In a flat
space, however, it wrote 0 for the only input there is, the cell's own: where every input of a file
is 0, all are read as -1. In other files an input may name the block itself or a later one (the
original sampled those, and its networks ignored inputs). It is read as -1 too, which is what that
block was really fed.
"""

from collections.abc import Sequence

from pnas.records import Status
from pnas.reports.data.csv_lines import Line, number_or_none
from pnas.reports.data.scored_cell import ScoredCell
from pnas.state_space import Block, Cell

_FIELDS_PER_BLOCK = 4


def read_original(lines: Sequence[Line]) -> list[ScoredCell]:
    """Return the cells of a file without a header.

    Raises:
        InvalidValue: A line of another form, or a bad value.
    """
    written = [_blocks(line) for line in lines]
    is_flat = all(_reads_only_zero(blocks) for blocks in written)

    cells = []
    for line, blocks in zip(lines, written, strict=True):
        corrected = []
        for index, block in enumerate(blocks):
            corrected.append(_with_our_inputs(block, index, is_flat))
        cells.append(_scored(line, Cell(corrected)))
    return cells


def _scored(line: Line, cell: Cell) -> ScoredCell:
    source = str(line.path)
    value = line.fields[0]
    if line.path.name.startswith("scores"):
        predicted = line.parse_number("score", value)
        return ScoredCell(cell, reward=None, predicted=predicted, stage=len(cell), source=source)
    return ScoredCell(
        cell=cell,
        reward=line.parse_accuracy("accuracy", value),
        predicted=None,
        stage=len(cell),
        status=Status.OK,
        source=source,
    )


def _blocks(line: Line) -> list[Block]:
    fields = line.fields[1:]
    if not fields or len(fields) % _FIELDS_PER_BLOCK:
        rule = "must be accuracy,input1,operator1,input2,operator2,... with four fields a block"
        raise line.error(rule, ",".join(line.fields))

    blocks = []
    for start in range(0, len(fields), _FIELDS_PER_BLOCK):
        input1, operator1, input2, operator2 = fields[start : start + _FIELDS_PER_BLOCK]
        block = Block(
            input1=_input(line, input1),
            operator1=_operator(line, operator1),
            input2=_input(line, input2),
            operator2=_operator(line, operator2),
        )
        blocks.append(block)
    return blocks


def _input(line: Line, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise line.error("input must be an integer", text) from None


def _operator(line: Line, text: str) -> str:
    # A name that the text form of a cell could not carry is no operator.
    if not text or number_or_none(text) is not None or set(text) & set("(),;"):
        raise line.error("operator must be a name such as 3x3 dconv", text)
    return " ".join(text.split())


def _reads_only_zero(blocks: Sequence[Block]) -> bool:
    return all(block.input1 == block.input2 == 0 for block in blocks)


def _with_our_inputs(block: Block, index: int, is_flat: bool) -> Block:
    """Return ``block``, at 0-based ``index`` of its cell, with the inputs it was really fed."""
    inputs = []
    for source in (block.input1, block.input2):
        inputs.append(-1 if is_flat or source >= index else source)
    return block._replace(input1=inputs[0], input2=inputs[1])
