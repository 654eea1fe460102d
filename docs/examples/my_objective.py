"""An objective: the longest path through a cell, in operators; it decides how fast a cell can be.

PNAS_EXTENSIONS=docs/examples/my_objective.py python run.py name=mine \
    'search.objectives=[reward, depth]' search.constraints.depth=3
"""

from pnas.objectives import Facts, Objective


def depth(facts: Facts) -> float:
    """Operators on the longest path; it is known before a cell is trained."""
    depths: list[int] = []
    for block in facts.cell.blocks:
        read = [value for value in block[0::2] if value >= 0]
        depths.append(1 + max((depths[value] for value in read), default=0))
    return max(depths)


PNAS = {"objectives": {"depth": Objective(depth, is_known_before=True)}}
