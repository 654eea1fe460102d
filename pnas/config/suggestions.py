"""Guesses at what a mistyped key or option was meant to be: the closest, then at most five."""

from collections.abc import Iterable, Sequence
from dataclasses import fields

from pnas.config.groups import GROUPS, Group

ROOT_KEYS = ("name", "seed", "from", "cell", "minutes", "plan_only")
"""Keys that belong to no group."""

KEYS_WITHOUT_DEFAULT = ("from", "cell", "minutes", "experiment")
"""What is null unless it is typed, so that Hydra finds nothing to remove."""

_MOST_OTHERS = 5
_SAME_NAME = 90.0
"""Similarity, of 100, of keys of the same name in different groups."""
_SIMILAR = 65.0
"""Least similarity of a guess that is worth showing."""
_GROUP_SHARE = 0.4
"""Share of the group's name in the similarity of ``executer.workers`` to ``executor.workers``."""


def no_such_key(key: str) -> str:
    """Return what an error says of a key that does not exist."""
    guesses = _closest(key, _all_keys())
    if not guesses:
        groups = ", ".join(GROUPS)
        return f"must be a key that exists (--cfg job shows all; groups are {groups})"
    return f"must be a key that exists; {_the_closest(guesses)}"


def no_such_option(typed: str, options: Sequence[str]) -> str:
    """Return what an error says of an option of a group that does not exist."""
    if not typed.strip():
        return f"must be an option, such as {options[0]}"
    ranked = sorted(options, key=lambda option: -_similarity(typed, option))
    return f"must be an option that exists; {_the_closest(ranked)}"


def _the_closest(guesses: Sequence[str]) -> str:
    text = f"the closest is {guesses[0]}"
    others = guesses[1 : 1 + _MOST_OTHERS]
    return f"{text} (others: {', '.join(others)})" if others else text


def _all_keys() -> list[str]:
    """Every key that can be typed, in full, and every group."""
    keys = [*ROOT_KEYS, *GROUPS, "experiment"]
    for group in GROUPS.values():
        names: dict[str, None] = {}
        for _, spec in group.options():
            names |= dict.fromkeys(each.name for each in fields(spec))
        keys += [f"{group.name}.{name}" for name in names]
    return keys


def _closest(typed: str, keys: Iterable[str]) -> list[str]:
    scores = {key: _key_similarity(typed, key) for key in keys}
    similar = [key for key, score in scores.items() if score >= _SIMILAR]
    # Of keys that are equally similar, people most often mean the trainer's.
    return sorted(similar, key=lambda key: (-scores[key], not key.startswith("trainer.")))


def _key_similarity(typed: str, key: str) -> float:
    """Similarity of a typed key to one that exists, of 100.

    A key that is typed without its group (``epochs``) is compared to the names of keys alone, and
    a key of another group with the very same name is always worth showing.
    """
    typed_group, _, typed_name = typed.rpartition(".")
    group, _, name = key.rpartition(".")
    same_name = _similarity(typed_name, name)
    if not typed_group:
        return same_name
    if not group:
        return 0.0

    score = _GROUP_SHARE * _similarity(typed_group, group) + (1 - _GROUP_SHARE) * same_name
    return max(score, _SAME_NAME) if typed_name == name else score


def _similarity(typed: str, other: str) -> float:
    from rapidfuzz.fuzz import ratio  # only a mistake needs it

    score = float(ratio(typed.lower(), other.lower()))
    return score + 1 if typed == other else score


def rule_for_unread_key(group: Group, key: str, spec: type, option: str) -> str:
    """Return what an error says of a key that the chosen option of its group does not read.

    Args:
        group: Group of the key.
        key: Name of the key, without the group's.
        spec: Specification of the chosen option.
        option: Name of that option.
    """
    owners = [name for name, other in group.options() if key in _names(other)]
    if not owners or key in _names(spec):
        return no_such_key(f"{group.name}.{key}")
    return f"belongs to {group.choice(*owners)}; {group.choice(option)} does not read it"


def _names(spec: type) -> set[str]:
    return {each.name for each in fields(spec)}
