"""Objectives of a search: what is measured of a cell, and which cells no other one dominates."""

from pnas.objectives.objective import Facts, Objective
from pnas.objectives.objective_set import ObjectiveSet
from pnas.objectives.registry import LATENCY, MEMORY, OBJECTIVES, REWARD, make_objectives

__all__ = [
    "LATENCY",
    "MEMORY",
    "OBJECTIVES",
    "REWARD",
    "Facts",
    "Objective",
    "ObjectiveSet",
    "make_objectives",
]
