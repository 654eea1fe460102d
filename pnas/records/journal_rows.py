"""Rows of a journal's tables as records. Every value is validated as it is read.

A journal may be damaged, edited by hand or somebody else's. Whatever it holds, a reader gets
records of the declared types, or one error of one line.
"""

import json
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pnas.errors import InvalidValue, MalformedFile
from pnas.records.child_records import Status
from pnas.records.journal_errors import JournalMalformed
from pnas.records.journal_records import ChildRecord, Event, StageRecord
from pnas.state_space import Cell
from pnas.system.stored_json import parse_json, parse_json_mapping

_LONGEST_CELL = 20_000
"""Characters of the longest text of a cell; one of 15 blocks has about 500."""

_METRICS_OF_PREDICTORS = ("spearman_", "kendall_")

_OF_JOURNAL = (Status.CHOSEN, Status.OK, Status.FAILED, Status.STOPPED)


def parse_stage(row: sqlite3.Row, path: Path) -> StageRecord:
    """Return a row of the table ``stages`` as a record.

    Raises:
        JournalMalformed: A value is of another type or out of range.
    """
    values = _Values(row, path, f"stage {row['b']!r:.20}")
    predictor = values.optional_text("predictor")
    return StageRecord(
        b=values.count("b"),
        candidates_scored=values.count("candidates_scored"),
        unique_candidates=values.count("unique_candidates"),
        seconds_scoring=values.number("seconds_scoring"),
        opened_at=values.number("opened_at"),
        closed_at=values.optional_number("closed_at"),
        predictor=None if predictor is None else parse_predictor(predictor, path),
    )


def parse_predictor(text: str, path: Path) -> dict[str, Any]:
    """Return what a stage stores of its predictor.

    Raises:
        JournalMalformed: It is no JSON mapping, too long or too deep, or a metric is no number.
    """
    source = f"{path}: predictor of a stage"
    learned: dict[str, Any] = _translated(parse_json_mapping, text, source)
    for name, value in learned.items():
        rule = _rule_of_predictor_value(name, value)
        if rule is not None:
            raise JournalMalformed(f"{source}: {name}", rule, value)
    return learned


def parse_child(row: sqlite3.Row | Mapping[str, Any], path: Path) -> ChildRecord:
    """Return a row of the table ``children`` as a record.

    Journals of version 1 have no columns for the attempts to train a child.

    Raises:
        JournalMalformed: A value is of another type or out of range.
    """
    values = _Values(row, path, f"child {row['key']!r:.80}")
    return ChildRecord(
        id=values.count("id"),
        b=values.count("b"),
        position=values.optional_count("position"),
        cell=values.cell("cell"),
        key=values.text("key"),
        seed=values.integer("seed"),
        predicted=values.optional_number("predicted"),
        status=values.status("status"),
        reward=values.optional_number("reward"),
        params=values.optional_count("params"),
        flops=values.optional_count("flops"),
        seconds=values.optional_number("seconds"),
        error=values.optional_text("error"),
        metrics=values.metrics("metrics"),
        ended_at=values.optional_number("ended_at"),
        started_at=values.optional_number("started_at"),
        worker=values.optional_text("worker"),
        starts=values.optional_count("starts") or 0,
    )


def parse_event(row: sqlite3.Row, path: Path) -> Event:
    """Return a row of the table ``events`` as a record.

    Raises:
        JournalMalformed: A value is of another type or out of range.
    """
    values = _Values(row, path, f"event {row['id']}")
    detail = _translated(parse_json_mapping, values.text("detail"), f"{path}: detail of an event")
    return Event(at=values.number("at"), kind=values.text("kind"), detail=detail)


def parse_meta(key: str, text: Any, path: Path) -> Any:
    """Return the value of the table ``meta`` under ``key``.

    Raises:
        JournalMalformed: It is no JSON, or a known key holds a value of another type.
    """
    source = f"{path}: {key}"
    if not isinstance(text, str):
        raise JournalMalformed(source, "must be text")
    value = _translated(parse_json, text, source)

    rule = _META_RULES.get(key)
    if rule is not None and value is not None:
        type_text, is_valid = rule
        if not is_valid(value):
            raise JournalMalformed(source, f"must be {type_text}", value)
    return value


def format_metrics(metrics: Mapping[str, Sequence[float]]) -> str:
    """Return per-epoch values by name as they are stored. An epoch without a value holds NaN."""
    lists = {name: list(values) for name, values in metrics.items()}
    return json.dumps(lists)


def _rule_of_predictor_value(name: str, value: Any) -> str | None:
    """Return the rule that a value of a predictor's report breaks; None if it breaks none."""
    if value is None:
        return None
    if name == "losses" and not isinstance(value, list):
        return "must be a list"
    if name in ("choice_next", "objectives_next") and not isinstance(value, dict):
        return "must be a mapping"
    is_metric = name == "loss" or name.startswith(_METRICS_OF_PREDICTORS)
    if is_metric and not isinstance(value, int | float):
        return "must be a number"
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _are_sizes(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_size, value.values()))


def _is_list_of_finite(value: Any) -> bool:
    return isinstance(value, list) and all(_is_number(each) for each in value)


def _is_winner(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    texts = [value.get("key"), value.get("cell")]
    numbers = [value.get("mean"), value.get("probability_best")]
    has_rivals = isinstance(value.get("runners_up"), list)
    return has_rivals and all(map(_is_text, texts)) and all(map(_is_number, numbers))


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(item) is int for item in value)


_META_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "choices": ("a mapping", _is_mapping),
    "config": ("a mapping", _is_mapping),
    "data_facts": ("a mapping", _is_mapping),
    "data_fingerprint": ("text", _is_text),
    "name": ("text", _is_text),
    "network_sizes": ("pairs of integers by name", _are_sizes),
    "objective_columns": ("a mapping", _is_mapping),
    "run_dir": ("text", _is_text),
    "search_id": ("text", _is_text),
    "search_seconds": ("a finite number", _is_number),
    "started_at": ("a finite number", _is_number),
    "status": ("text", _is_text),
    "stopped_by": ("text", _is_text),
    "sweep": ("text", _is_text),
    "tabulated": ("a mapping", _is_mapping),
    "test_accuracies": ("finite numbers by name", _are_numbers),
    "test_accuracy": ("a finite number", _is_number),
    "tracked": ("true or false", _is_flag),
    "tracking": ("a mapping", _is_mapping),
    "trainings_needed": ("a finite number", _is_number),
    "optimism": ("a finite number", _is_number),
    "winner": ("a mapping with key, cell, mean, probability_best and runners_up", _is_winner),
    "winner_test_accuracies": ("a list of finite numbers", _is_list_of_finite),
}
"""Types of the facts that commands read, by key; null is allowed everywhere."""


class _Values:
    """Typed access to the values of one row."""

    def __init__(self, row: sqlite3.Row | Mapping[str, Any], path: Path, owner: str) -> None:
        self._values = dict(row)
        self._path = path
        self._owner = owner

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str):
            self._refuse(name, "must be text", value)
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self._values.get(name) is None else self.text(name)

    def number(self, name: str) -> float:
        value = self._values.get(name)
        if not _is_number(value):
            self._refuse(name, "must be a finite number", value)
        assert isinstance(value, int | float)
        return value

    def optional_number(self, name: str) -> float | None:
        return None if self._values.get(name) is None else self.number(name)

    def integer(self, name: str) -> int:
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(name, "must be an integer", value)
        return value

    def count(self, name: str) -> int:
        value = self.integer(name)
        if value < 0:
            self._refuse(name, "must be an integer of at least 0", value)
        return value

    def optional_count(self, name: str) -> int | None:
        return None if self._values.get(name) is None else self.count(name)

    def status(self, name: str) -> Status:
        value = self._values.get(name)
        if value not in _OF_JOURNAL:
            self._refuse(name, f"must be one of {', '.join(_OF_JOURNAL)}", value)
        return Status(value)

    def cell(self, name: str) -> Cell:
        text = self.text(name)
        if len(text) > _LONGEST_CELL:
            self._refuse(name, f"must have at most {_LONGEST_CELL:,} characters", len(text))
        try:
            return Cell.parse(text)
        except InvalidValue as error:
            self._refuse(name, error.rule, text)

    def metrics(self, name: str) -> dict[str, list[float]]:
        text = self.optional_text(name)
        if not text:
            return {}
        source = f"{self._path}: metrics of {self._owner}"
        metrics = _translated(parse_json_mapping, text, source)
        for values in metrics.values():
            if not _is_list_of_numbers(values):
                raise JournalMalformed(source, "must be lists of numbers by name", values)
        return metrics

    def _refuse(self, name: str, rule: str, received: Any) -> NoReturn:
        raise JournalMalformed(f"{self._path}: {name} of {self._owner}", rule, received)


def _is_list_of_numbers(values: Any) -> bool:
    # NaN stands for an epoch without a value, infinity for a loss that diverged.
    if not isinstance(values, list):
        return False
    return all(isinstance(value, int | float) for value in values)


def _translated(parse: Callable[[str, str], Any], text: str, source: str) -> Any:
    """Call ``parse`` on stored JSON, with errors that say that a journal holds it."""
    try:
        return parse(text, source)
    except JournalMalformed:
        raise
    except MalformedFile as error:
        raise JournalMalformed(error.source, error.rule, error.received) from None
