"""What a report says about the predictor."""

from typing import Any

from pnas.predictors.rank_metrics import rank_agreement
from pnas.reports.terminal.predictor_table import predictor_table
from pnas.search.selection_quality import evaluate_selection


def columns_of(*stages: dict[str, Any]) -> dict[str, list[str]]:
    """Return the texts of each column by its title."""
    table = predictor_table(stages)
    assert table is not None
    columns = {}
    for index, column in enumerate(table.columns):
        columns[column.title] = [row[index] for row in table.rows]
    return columns


def test_nothing_fitted() -> None:
    assert predictor_table([{"b": 1, "predictor": None}]) is None
    assert predictor_table([]) is None


def test_what_is_not_known_has_no_column() -> None:
    predictor = {"loss": 0.25, "spearman_fit": 0.9, "spearman_next": None}
    assert columns_of({"b": 1, "predictor": predictor}) == {
        "after stage": ["1"],
        "loss": ["0.2500"],
        "ρ fit": ["0.90"],
    }


def test_correlations_have_their_intervals() -> None:
    found = rank_agreement([1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 6, 5])
    predictor = {
        "spearman_next": found["spearman"],
        "spearman_next_low": -0.125,
        "spearman_next_high": 1.0,
        "spearman_cv": 0.5,
        "kendall_cv": 0.25,
    }
    columns = columns_of({"b": 1, "predictor": predictor})
    assert columns["ρ chosen"] == ["0.89 [-0.12, 1.00]"]
    assert columns["ρ unseen"] == ["0.50"]
    assert columns["τ unseen"] == ["0.25"]


def test_a_probe_tells_chosen_and_random_cells_apart() -> None:
    predictions = [0.9, 0.8, 0.7, 0.2, 0.1]
    rewards = [0.9, 0.7, 0.8, 0.85, 0.3]
    quality = evaluate_selection(predictions, rewards, chosen=3, seed=0)
    predictor = {"spearman_next": 0.4, "choice_next": quality}
    columns = columns_of({"b": 1, "predictor": predictor})
    assert columns["ρ chosen"] == ["0.50"]
    assert columns["ρ probe"] == ["1.00"]
    assert columns["regret"] == ["-0.0500"]
    assert columns["advantage"] == ["0.2250"]


def test_figures_are_defined_below_the_table() -> None:
    predictor = {"kind": "gp", "loss": -0.25, "spearman_fit": 0.9}
    table = predictor_table([{"b": 1, "predictor": predictor}])
    assert table is not None
    notes = " ".join(table.notes)
    assert "negative log likelihood" in notes
    assert "Spearman" in notes


def test_of_many_fits_the_last_are_shown() -> None:
    stages = [{"b": b, "predictor": {"loss": 0.5}} for b in range(1, 101)]
    table = predictor_table(stages, last=40)
    assert table is not None
    assert table.title == "Predictor (the last 40 of 100)"
    assert [row[0] for row in table.rows] == [str(b) for b in range(61, 101)]
