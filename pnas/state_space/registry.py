"""State spaces by kind: from a stored or composed configuration to a space."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from pnas.errors import InvalidValue, require
from pnas.registry import Part, Registry
from pnas.state_space.nasbench201 import NASBench201Space
from pnas.state_space.pnas_space import StateSpace
from pnas.state_space.slot_space import SlotSpace
from pnas.state_space.specs import NASBench201Spec, PNASSpaceSpec, StateSpaceSpec


def _make_pnas_space(spec: PNASSpaceSpec) -> SlotSpace:
    return StateSpace(
        B=spec.B,
        operators=spec.operators,
        input_lookback_depth=spec.input_lookback_depth,
        input_lookforward_depth=spec.input_lookforward_depth,
    )


def _make_nasbench201_space(spec: NASBench201Spec) -> SlotSpace:
    return NASBench201Space(spec.B)


STATE_SPACES = Registry(
    kind="state_spaces",
    key="state_space.kind",
    parts={
        "pnas": Part(_make_pnas_space, PNASSpaceSpec),
        "nasbench201": Part(_make_nasbench201_space, NASBench201Spec),
    },
)
"""Every kind of space; a factory takes its specification and returns a `SlotSpace`."""


def build_space(spec: Mapping[str, Any] | StateSpaceSpec) -> SlotSpace:
    """Return the space that ``spec`` describes; ``build_space(space.spec())`` is ``space`` again.

    Raises:
        InvalidValue: An unknown key or kind, or a value that the space refuses.
    """
    if not isinstance(spec, StateSpaceSpec):
        spec = _read_spec(spec)
    space: SlotSpace = STATE_SPACES.make(spec.kind, SlotSpace, spec)
    if spec.kind not in STATE_SPACES.own_names():
        _check_space(spec.kind, space)
    return space


def _check_space(kind: str, space: SlotSpace) -> None:
    """Check what a space of an extension says of itself: its description, and a first block."""
    description = space.spec()
    is_described = isinstance(description, Mapping) and "kind" in description
    rule = f"{kind} must describe itself by a mapping with kind (spec)"
    require(is_described, STATE_SPACES.key, rule, description)

    blocks = space.block_tokens(1)
    has_blocks = isinstance(blocks, np.ndarray) and blocks.ndim == 2 and len(blocks) > 0
    rule = f"{kind} must have blocks (block_tokens), rows of tokens"
    require(has_blocks, STATE_SPACES.key, rule, blocks)


def _read_spec(values: Mapping[str, Any]) -> StateSpaceSpec:
    kind = values.get("kind", PNASSpaceSpec.kind)
    spec_type = STATE_SPACES.spec(kind, default=PNASSpaceSpec)
    known = [field.name for field in fields(spec_type)]
    for key, value in values.items():
        if key not in known:
            rule = f"must be one of the keys {', '.join(known)}"
            raise InvalidValue(f"state_space.{key}", rule, value)
    spec: StateSpaceSpec = spec_type(**values)
    return spec
