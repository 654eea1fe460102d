"""Wirings that spaces declare, and those that are inferred for spaces that declare none."""

import pytest

from pnas.errors import InvalidValue
from pnas.state_space import NASBench201Space, Operand, Outputs, StateSpace, Wiring, infer_wiring

SPACES = {
    "pnas": StateSpace(3, ["3x3 conv", "identity"]),
    "pnas without identity": StateSpace(3, ["3x3 conv"]),
    "flat": StateSpace(2, ["identity"], 0, 0),
    "nasbench201": NASBench201Space(),
    "nasbench201 of 2 nodes": NASBench201Space(2),
}


def test_a_pnas_block_applies_each_operator_to_the_input_before_it():
    wiring = SPACES["pnas"].wiring
    assert wiring.operands == (Operand(operator=1, input=0), Operand(operator=3, input=2))
    assert wiring.outputs is Outputs.ALL
    assert wiring.pass_through == ("identity",)
    assert wiring.zero == ()
    assert wiring.chooses_inputs


def test_a_nasbench201_node_applies_operators_to_all_nodes_before_it():
    wiring = SPACES["nasbench201"].wiring
    assert wiring.operands == tuple(Operand(operator=node, node=node) for node in range(3))
    assert wiring.outputs is Outputs.LAST
    assert wiring.pass_through == ("skip_connect",)
    assert wiring.zero == ("none",)
    assert not wiring.chooses_inputs


@pytest.mark.parametrize("name", SPACES)
def test_what_the_packages_spaces_declare_is_what_is_inferred(name):
    """Predictors stored before spaces declared a wiring are read by the inferred one."""
    space = SPACES[name]
    assert space.wiring == infer_wiring(space.slot_kinds, space.vocabulary)


@pytest.mark.parametrize("name", SPACES)
def test_json_and_back(name):
    wiring = SPACES[name].wiring
    assert Wiring.from_json(wiring.to_json()) == wiring


@pytest.mark.parametrize("operand", [Operand(operator=1), Operand(operator=1, input=0, node=0)])
def test_an_operand_reads_a_slots_node_or_a_fixed_one(operand):
    with pytest.raises(InvalidValue, match="an input slot or a fixed node"):
        Wiring((operand,), Outputs.ALL)
