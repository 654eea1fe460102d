"""How far the rungs of a search agree with whole trainings."""

from collections.abc import Mapping, Sequence
from typing import Any

from pnas.reports.terminal.text_grid import Column, Grid

_Rung = Mapping[str, Any]


def rung_table(rungs: Sequence[_Rung]) -> Grid | None:
    """Return one row for each rung of summary.json's ``rungs``; None without rungs."""
    if not rungs:
        return None
    columns = (
        Column("epochs", lambda rung: f"{rung['epochs']:,}"),
        Column(
            "cells",
            lambda rung: f"{rung['cells']:,}",
            about="cells of the rounds that have ended, by which the rung is judged",
        ),
        Column("trained whole too", lambda rung: f"{rung['both']:,}"),
        Column(
            "ρ",
            lambda rung: _interval(rung["spearman"]),
            about="Spearman's rank correlation of short trainings with rewards, 95 % interval",
        ),
        Column(
            "ρ of the best third",
            lambda rung: _interval(rung["spearman_top_third"]),
        ),
        Column(
            "ρ of all trained",
            # Journals of earlier versions do not have it.
            lambda rung: _number(rung.get("corrected")),
            about="corrected for the promotion of the best, which decides whether a rung is used",
        ),
        Column(
            "used",
            lambda rung: "yes" if rung["is_trusted"] else "no longer",
            about="a rung that tells too little is left out of later stages",
        ),
    )
    return Grid.of("Short trainings", columns, rungs)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _interval(values: Sequence[float | None]) -> str:
    middle, low, high = values
    if middle is None:
        return ""
    if low is None or high is None:
        return f"{middle:.2f}"
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"
