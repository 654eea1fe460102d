"""A state space: as `pnas`, but one operand of every block reads the previous cell (-1).

PNAS_EXTENSIONS=docs/examples/my_space.py python run.py name=mine state_space.kind=anchored
"""

from pnas.state_space import PNASSpaceSpec, StateSpace, Tokens

PREVIOUS_CELL = 0  # token of the input -1


class Anchored(StateSpace):
    def block_tokens(self, b: int) -> Tokens:
        blocks = super().block_tokens(b)  # columns: input, operator, input, operator
        is_anchored = (blocks[:, 0] == PREVIOUS_CELL) | (blocks[:, 2] == PREVIOUS_CELL)
        return blocks[is_anchored]

    def spec(self) -> dict:
        return {**super().spec(), "kind": "anchored"}


def anchored(spec: PNASSpaceSpec) -> Anchored:
    return Anchored(spec.B, spec.operators, spec.input_lookback_depth, spec.input_lookforward_depth)


PNAS = {"state_spaces": {"anchored": anchored}}
