"""A state space: as `pnas`, but one operand of every block reads the previous cell (-1).

PNAS_EXTENSIONS=docs/examples/my_space.py python run.py name=mine state_space.kind=anchored
"""

from pnas.state_space import SlotSpace, StateSpace
from pnas.state_space.registry import StateSpaceSpec
from pnas.state_space.slot_space import Tokens


class Anchored(StateSpace):
    def block_tokens(self, b: int) -> Tokens:
        blocks = super().block_tokens(
            b
        )  # columns: input, operator, input, operator; token 0 of an input is -1
        return blocks[(blocks[:, 0] == 0) | (blocks[:, 2] == 0)]

    def _num_blocks(self, b: int) -> int:
        return len(self.block_tokens(b))

    # StateSpace counts and enumerates its own blocks; the general ways see ours (and each order of
    # blocks anew).
    num_cells = SlotSpace.num_cells
    _unique_cells = SlotSpace._unique_cells

    def spec(self) -> dict:
        return {**super().spec(), "kind": "anchored"}


def anchored(spec: StateSpaceSpec) -> Anchored:
    return Anchored(spec.B, spec.operators, spec.input_lookback_depth, spec.input_lookforward_depth)


PNAS = {"state_spaces": {"anchored": anchored}}
