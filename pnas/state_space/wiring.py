"""How the slots of blocks make a graph: what each operator reads, and what a cell outputs.

The nodes of a cell are its inputs, in the order of the input slots' vocabulary, and then its
blocks: in a space that may read two previous cells, node 0 is the previous cell (-1), node 1 the
one before it (-2), and node 2 + i is block i.

Predictors read cells as graphs by a space's `Wiring` alone, so a space that is wired in another way
declares it and needs nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pnas.errors import require

Vocabulary = Mapping[str, Sequence[int | str]]

_INPUT = "input"
_OPERATOR = "operator"
_PASS_THROUGH = ("identity", "skip_connect")
_ZERO = ("none",)


class Outputs(StrEnum):
    """Which blocks of a cell make its output."""

    ALL = "all"
    """Every block."""

    LAST = "last"
    """The last block."""

    UNREAD = "unread"
    """The blocks that no block of the cell reads."""


@dataclass(frozen=True)
class Operand:
    """One operator of a block, and what it is applied to.

    Attributes:
        operator: Slot of the operator.
        input: Slot that says which node it reads; None if that is fixed.
        node: The node that it reads if no slot says so.
    """

    operator: int
    input: int | None = None
    node: int | None = None


@dataclass(frozen=True)
class Wiring:
    """The graph behind the slots of a space.

    Attributes:
        operands: Operators of the widest block; a narrower block has the first of them.
        outputs: Which blocks make the cell's output.
        pass_through: Operators that pass their input on unchanged.
        zero: Operators whose output is zero, whatever they read.
    """

    operands: tuple[Operand, ...]
    outputs: Outputs
    pass_through: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that every operand reads something.

        Raises:
            InvalidValue: An operand has both an input slot and a fixed node, or neither.
        """
        for operand in self.operands:
            has_one = (operand.input is None) != (operand.node is None)
            require(has_one, "wiring", "must have an input slot or a fixed node", operand)

    @property
    def chooses_inputs(self) -> bool:
        """Whether blocks choose what they read."""
        return any(operand.input is not None for operand in self.operands)

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, numbers and strings."""
        operands = [[each.operator, each.input, each.node] for each in self.operands]
        return {
            "operands": operands,
            "outputs": self.outputs.value,
            "pass_through": list(self.pass_through),
            "zero": list(self.zero),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Wiring":
        """Return the inverse of `to_json`."""
        return cls(
            operands=tuple(Operand(*operand) for operand in data["operands"]),
            outputs=Outputs(data["outputs"]),
            pass_through=tuple(data["pass_through"]),
            zero=tuple(data["zero"]),
        )


def infer_wiring(slot_kinds: Sequence[str], vocabulary: Vocabulary) -> Wiring:
    """Return the wiring of a space that declares none.

    Where there are slots of the kind ``input``, each is followed by the operator that is applied to
    it, and every block is an output, as in the PNAS space. Where there are none, slot s is an
    operator on node s, and the last block is the output, as in NAS-Bench-201.
    """
    operators = vocabulary.get(_OPERATOR, ())
    names = {
        "pass_through": tuple(name for name in _PASS_THROUGH if name in operators),
        "zero": tuple(name for name in _ZERO if name in operators),
    }
    if _INPUT in slot_kinds:
        return Wiring(paired_operands(len(slot_kinds)), Outputs.ALL, **names)
    fixed = tuple(Operand(operator=slot, node=slot) for slot in range(len(slot_kinds)))
    return Wiring(fixed, Outputs.LAST, **names)


def paired_operands(slots: int) -> tuple[Operand, ...]:
    """Return the operands of blocks written (input, operator, input, operator, ...)."""
    return tuple(Operand(operator=slot + 1, input=slot) for slot in range(0, slots, 2))
