"""The cells that ``cell=front``, ``cell=front[3]`` and ``cell='best with madds<2e6'`` name."""

import re
from collections.abc import Callable
from operator import ge, gt, le, lt
from pathlib import Path

from pnas.errors import InvalidValue, require
from pnas.objectives import make_objectives
from pnas.records import ChildRecord
from pnas.records.child_facts import facts_of
from pnas.records.earlier_training import open_run
from pnas.records.front import COLUMNS, read_front
from pnas.state_space import Cell

_FRONT = re.compile(r"front(?:\[([1-9][0-9]{0,5})\])?")
_BEST_WITH = re.compile(r"best with (.+)")
_CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*")
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def is_front_selection(text: str) -> bool:
    """Whether ``text`` names cells of a front, or the best cell within limits."""
    return bool(_FRONT.fullmatch(text) or _BEST_WITH.fullmatch(text))


def front_cells(text: str, source: Path) -> list[Cell]:
    """Return the cells that ``text`` names.

    Args:
        text: ``front``, ``front[3]``, counted from 1 as `task=show` lists them, or
            ``best with madds<2e6``.
        source: Run directory of the search.

    Raises:
        InvalidValue: The search has no front, it is shorter, a condition cannot be read, or no cell
            meets it.
    """
    found = _FRONT.fullmatch(text)
    if found is None:
        return [_best_with(text, source)]
    with open_run(source) as journal:
        front = read_front(journal)
    rule = f"must name cells of a search of several objectives; {source} has one objective"
    if front is None:
        raise InvalidValue("cell", rule, text)
    cells = [member.cell for member in front.members]
    if found[1] is None:
        require(bool(cells), "cell", f"must have a trained child in {source}", text)
        return cells
    place = int(found[1])
    rule = f"must be at most front[{len(cells)}], the cells on the front of {source}"
    require(place <= len(cells), "cell", rule, text)
    return [cells[place - 1]]


def _best_with(text: str, source: Path) -> Cell:
    found = _BEST_WITH.fullmatch(text)
    assert found is not None
    condition = _CONDITION.fullmatch(found[1])
    if condition is None:
        rule = "must be like best with madds<2e6, with <, <=, > or >="
        raise InvalidValue("cell", rule, text)
    name, sign, limit = condition.groups()

    with open_run(source) as journal:
        children = journal.children()
        columns = journal.meta(COLUMNS)
    try:
        objective = make_objectives([name], columns).by_name[name]
    except InvalidValue as error:
        raise InvalidValue("cell", f"{error.rule} in a condition", text) from error

    def meets(child: ChildRecord) -> bool:
        value = objective.value(facts_of(child))
        return value is not None and _COMPARISONS[sign](value, _number(limit, text))

    kept = [child for child in children if child.reward is not None and meets(child)]
    require(bool(kept), "cell", f"must be met by a trained child of {source}", text)
    return max(kept, key=lambda child: child.reward or 0.0).cell


def _number(limit: str, text: str) -> float:
    try:
        return float(limit)
    except ValueError as error:
        raise InvalidValue("cell", f"must have a number in place of {limit}", text) from error
