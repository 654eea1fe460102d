"""A state space of graph networks, NAS-Bench-Graph (Qin et al. 2022), and its table.

A cell is a row of 1 to 4 nodes, each written (input, operator): it applies the operator to the
cell's input (-1) or to an earlier node. Nodes that nothing reads are the output.

    python docs/examples/my_graph_space.py cora.csv.gz graph/
    PNAS_EXTENSIONS=docs/examples/my_graph_space.py python run.py name=graph \
        state_space=nasbench201 state_space.kind=graph state_space.B=4 \
        trainer=tabular trainer.table=graph/cora.yaml search=random search.max_children=50
"""

import sys
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pnas.registry import Part
from pnas.state_space import Cell, Operand, Outputs, Slot, SlotSpace, StateSpaceSpec, Wiring
from pnas.tables.table_files import FORMAT
from pnas.validation import integer, setting

INPUT = -1
SKIP = "skip_connect"
OPERATORS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", SKIP)
NODES = 4


class GraphSpace(SlotSpace):
    """9, 109, 1,613 and 26,207 different cells of 1, 2, 3 and 4 nodes."""

    def slots(self, b: int) -> tuple[Slot, ...]:
        inputs = tuple(range(INPUT, b - 1))
        return (Slot("input", "input", inputs), Slot("operator", "operator", OPERATORS))

    @property
    def vocabulary(self) -> dict[str, tuple[int | str, ...]]:
        return {"input": tuple(range(INPUT, self.B - 1)), "operator": OPERATORS}

    def spec(self) -> dict[str, Any]:
        return {"kind": "graph", "B": self.B}

    @property
    def wiring(self) -> Wiring:
        operand = Operand(operator=1, input=0)
        return Wiring((operand,), Outputs.UNREAD, pass_through=(SKIP,))

    def padded(self, cell: Cell) -> Cell:
        """A cell of fewer nodes goes on from its last node by skip_connect."""
        while len(cell) < self.B:
            cell = cell.extended((len(cell) - 1, SKIP))
        return cell

    def equivalence_key(self, cell: Cell) -> Hashable:
        """The tree of operators without skips: (operator, times in the output, what reads it)."""
        sources: list[int] = []  # the node behind each node, past all skips
        for node, (read, operator) in enumerate(cell.blocks):
            source = INPUT if read == INPUT else sources[int(read)]
            sources.append(source if operator == SKIP else node)

        is_read = {read for read, _ in cell.blocks}
        outputs = [sources[node] for node in range(len(cell)) if node not in is_read]

        def trees_that_read(source: int) -> tuple[Hashable, ...]:
            trees = []
            for node, (read, operator) in enumerate(cell.blocks):
                behind = INPUT if read == INPUT else sources[int(read)]
                if operator != SKIP and behind == source:
                    trees.append((operator, outputs.count(node), trees_that_read(node)))
            return tuple(sorted(trees))

        return trees_that_read(INPUT)


@dataclass(frozen=True)
class GraphSpec(StateSpaceSpec):
    """The keys that people type: ``state_space.kind`` and ``state_space.B``."""

    kind: str = "graph"
    B: int = setting(NODES, integer(minimum=1, maximum=NODES))


def graph(spec: GraphSpec) -> GraphSpace:
    return GraphSpace(spec.B)


PNAS = {"state_spaces": {"graph": Part(graph, GraphSpec)}}


def write_table(rows: Path, folder: Path, B: int = NODES) -> Path:
    """Make a table of a file of rows: a copy of it, and the YAML file that describes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / rows.name).write_bytes(rows.read_bytes())
    head = {
        "format": FORMAT,
        "space": {"kind": "graph", "B": B},
        "rows": rows.name,
        "short_cells": "padded",
    }
    table = folder / f"{rows.name.partition('.')[0]}.yaml"
    table.write_text(yaml.safe_dump(head, sort_keys=False))
    return table


if __name__ == "__main__":
    print(write_table(Path(sys.argv[1]), Path(sys.argv[2])))
