"""What a report says of the predictor."""

from typing import Any

from pnas.predictors.rank_metrics import rank_agreement
from pnas.reports.data.predictor_diagnostics import predictor_table
from pnas.search.selection_quality import evaluate_selection


def texts(*stages: dict[str, Any]) -> dict[str, list[str]]:
    table = predictor_table(stages)
    assert table is not None
    return {column.title: [row[i] for row in table.rows] for i, column in enumerate(table.columns)}


def test_nothing_fitted() -> None:
    assert predictor_table([{"b": 1, "predictor": None}]) is None
    assert predictor_table([]) is None


def test_what_is_not_known_has_no_column() -> None:
    assert texts({"b": 1, "predictor": {"loss": 0.25, "spearman_fit": 0.9, "spearman_next": None}}) == {
        "after b": ["1"], "loss": ["0.2500"], "ρ fit": ["0.90"],
    }  # fmt: skip


def test_correlations_have_their_intervals() -> None:
    found = rank_agreement([1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 6, 5])
    learned = {
        "spearman_next": found["spearman"],
        "spearman_next_low": -0.125,
        "spearman_next_high": 1.0,
    }
    shown = texts({"b": 1, "predictor": {**learned, "spearman_cv": 0.5, "kendall_cv": 0.25}})
    assert shown["ρ chosen"] == ["0.89 [-0.12, 1.00]"]
    assert shown["ρ unseen"] == ["0.50"]
    assert shown["τ unseen"] == ["0.25"]


def test_a_probe_tells_chosen_and_random_cells_apart() -> None:
    predictions = [0.9, 0.8, 0.7, 0.2, 0.1]
    judged = evaluate_selection(predictions, [0.9, 0.7, 0.8, 0.85, 0.3], K=3, seed=0)
    shown = texts({"b": 1, "predictor": {"spearman_next": 0.4, "choice_next": judged}})
    assert shown["ρ chosen"] == ["0.50"]
    assert shown["ρ probe"] == ["1.00"]
    assert shown["regret"] == ["-0.0500"]
    assert shown["advantage"] == ["0.2250"]
