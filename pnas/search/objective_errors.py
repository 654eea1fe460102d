"""How well each objective was predicted of the cells of a stage, before they were trained."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pnas.objectives import Objective
from pnas.predictors.rank_metrics import rank_agreement
from pnas.search.log_predictor import LogPredictor
from pnas.search.objective_source import GetFacts
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace


def errors_of(
    predictors: Mapping[str, LogPredictor],
    objectives: Mapping[str, Objective],
    after: GetFacts,
    space: SlotSpace,
    cells: Sequence[Cell],
    chunk: int,
    seed: int,
) -> dict[str, Any]:
    """Compare predictions of ``cells`` with what came of them.

    Args:
        predictors: Predictor of each objective, fitted to the stages before, by name.
        objectives: The objectives by name.
        after: Returns what is known of a cell whose child has ended.
        space: Space of the cells.
        cells: Cells of a stage.
        chunk: Number of cells predicted at a time.
        seed: Seed of the bootstrap intervals.

    Returns:
        By objective: ``log_error``, the mean absolute difference of natural logarithms, so that 0.1
        is about 10 %; ``cells``, how many it is a mean of; and Spearman's and Kendall's correlation
        as `pnas.predictors.rank_metrics.rank_agreement` returns them. What is not known is None.
    """
    tokens = space.encode(list(cells))
    errors = {}
    for name, predictor in predictors.items():
        predicted = predictor.medians(tokens, chunk)
        actual = [objectives[name].value(after(cell)) for cell in cells]
        agreement = rank_agreement(predicted.tolist(), actual, derive_seed(seed, name))
        differences = []
        for expected, value in zip(predicted, actual, strict=True):
            if value is not None and value > 0:
                differences.append(abs(float(np.log(expected / value))))
        error = float(np.mean(differences)) if differences else None
        errors[name] = {"log_error": error, "cells": len(differences), **agreement}
    return errors
