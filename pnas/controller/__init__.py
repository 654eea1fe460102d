"""The controller: scores candidate cells and chooses which are trained next."""

from pnas.controller.candidate_scoring import Generation, grow, rank_beam, rank_space, score_tokens
from pnas.controller.manager import ControllerManager, TrainingReport

__all__ = [
    "ControllerManager",
    "Generation",
    "TrainingReport",
    "grow",
    "rank_beam",
    "rank_space",
    "score_tokens",
]
