"""What a predictor knows of a state space: vocabularies, slots and the largest number of blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pnas.state_space import SlotSpace
from pnas.state_space.cell import Value

Vocabulary = tuple[tuple[str, tuple[Value, ...]], ...]


@dataclass(frozen=True)
class Layout:
    """The shape of a space's tokens. Hashable, so that traced programs can be shared by equal layouts.

    Attributes:
        blocks: blocks of the largest cell.
        slot_kinds: kind of each slot column.
        vocabulary: (kind, values in encoding order) pairs.
    """

    blocks: int
    slot_kinds: tuple[str, ...]
    vocabulary: Vocabulary

    @classmethod
    def of(cls, space: SlotSpace) -> "Layout":
        """The layout of ``space``."""
        vocabulary = tuple((kind, tuple(values)) for kind, values in space.vocabulary.items())
        return cls(space.B, tuple(space.slot_kinds), vocabulary)

    def speaks_as(self, other: "Layout") -> bool:
        """Whether tokens mean the same in both, as far as the smaller vocabulary and block width go."""
        mine = dict(self.vocabulary)
        theirs = dict(other.vocabulary)
        return (
            mine.keys() == theirs.keys()
            and all(_one_begins_other(mine[kind], theirs[kind]) for kind in mine)
            and _one_begins_other(self.slot_kinds, other.slot_kinds)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings."""
        vocabulary = [[kind, list(values)] for kind, values in self.vocabulary]
        return {
            "blocks": self.blocks,
            "slot_kinds": list(self.slot_kinds),
            "vocabulary": vocabulary,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Layout":
        """Inverse of `to_json`."""
        vocabulary = tuple((kind, tuple(values)) for kind, values in data["vocabulary"])
        return cls(int(data["blocks"]), tuple(data["slot_kinds"]), vocabulary)


def _one_begins_other(a: Sequence[Value], b: Sequence[Value]) -> bool:
    shared = min(len(a), len(b))
    return tuple(a[:shared]) == tuple(b[:shared])
