"""What a predictor knows of a state space: vocabularies, slots and the largest number of blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pnas.state_space import SlotSpace
from pnas.state_space.cell import Value
from pnas.state_space.wiring import Wiring, infer_wiring

Vocabulary = tuple[tuple[str, tuple[Value, ...]], ...]


@dataclass(frozen=True)
class TokenLayout:
    """The shape of a space's tokens. It is hashable, so that equal layouts share traced programs.

    Attributes:
        blocks: Number of blocks of the largest cell.
        slot_kinds: Kind of each slot column.
        vocabulary: Pairs of a kind and its values in encoding order.
        declared_wiring: Wiring of the space; None where it is the one that is inferred, which
            layouts stored by earlier versions have.
    """

    blocks: int
    slot_kinds: tuple[str, ...]
    vocabulary: Vocabulary
    declared_wiring: Wiring | None = None

    @cached_property
    def wiring(self) -> Wiring:
        """What each operator of a block reads, and what a cell outputs."""
        if self.declared_wiring is not None:
            return self.declared_wiring
        return infer_wiring(self.slot_kinds, dict(self.vocabulary))

    @classmethod
    def of(cls, space: SlotSpace) -> "TokenLayout":
        """Return the layout of ``space``."""
        vocabulary = []
        for kind, values in space.vocabulary.items():
            vocabulary.append((kind, tuple(values)))
        wiring = space.wiring
        is_inferred = wiring == infer_wiring(space.slot_kinds, space.vocabulary)
        return cls(
            blocks=space.B,
            slot_kinds=tuple(space.slot_kinds),
            vocabulary=tuple(vocabulary),
            declared_wiring=None if is_inferred else wiring,
        )

    def agrees_with(self, other: "TokenLayout") -> bool:
        """Whether tokens mean the same in both, as far as the smaller vocabulary and width go."""
        own_values = dict(self.vocabulary)
        other_values = dict(other.vocabulary)
        if own_values.keys() != other_values.keys():
            return False
        if not _share_a_beginning(self.slot_kinds, other.slot_kinds):
            return False
        if self.wiring.outputs != other.wiring.outputs:
            return False
        return all(_share_a_beginning(own_values[kind], other_values[kind]) for kind in own_values)

    def to_json(self) -> dict[str, Any]:
        """Return the layout as plain lists, numbers and strings."""
        vocabulary = [[kind, list(values)] for kind, values in self.vocabulary]
        stored = {
            "blocks": self.blocks,
            "slot_kinds": list(self.slot_kinds),
            "vocabulary": vocabulary,
        }
        if self.declared_wiring is not None:
            stored["wiring"] = self.declared_wiring.to_json()
        return stored

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TokenLayout":
        """Return the layout that `to_json` wrote."""
        vocabulary = tuple((kind, tuple(values)) for kind, values in data["vocabulary"])
        wiring = Wiring.from_json(data["wiring"]) if "wiring" in data else None
        return cls(int(data["blocks"]), tuple(data["slot_kinds"]), vocabulary, wiring)


def _share_a_beginning(a: Sequence[Value], b: Sequence[Value]) -> bool:
    shared = min(len(a), len(b))
    return tuple(a[:shared]) == tuple(b[:shared])
