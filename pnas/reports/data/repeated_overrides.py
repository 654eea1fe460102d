"""Overrides of a stored command that are typed again in another one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from pnas.predictors.registry import PREDICTORS
from pnas.predictors.specs import NeuralSpec

# In an override whose value holds credentials: it names a variable of the process that is gone.
_HIDDEN_VALUE = "PNAS_HIDDEN_"


def key_of(override: str) -> str:
    """Return the key of an override, without the signs before it."""
    return override.partition("=")[0].lstrip("+~")


def without(overrides: Iterable[str], keys: Sequence[str]) -> list[str]:
    """Return the overrides except those of ``keys``, and those that hold credentials."""
    kept = []
    for override in overrides:
        if key_of(override) not in keys and _HIDDEN_VALUE not in override:
            kept.append(override)
    return kept


def keys_of_one_predictor(overrides: Iterable[str], predictors: Iterable[str]) -> Iterator[str]:
    """Yield the keys of the group ``controller`` that not all of ``predictors`` read.

    Args:
        overrides: Overrides that have them.
        predictors: Names of predictors.
    """
    read_by_all = frozenset.intersection(*map(_keys_read_by, predictors))
    for override in overrides:
        group, _, key = key_of(override).partition(".")
        if group == "controller" and key and key not in read_by_all:
            yield key_of(override)


def _keys_read_by(predictor: str) -> frozenset[str]:
    spec = PREDICTORS.spec(predictor, NeuralSpec)
    return frozenset(field.name for field in fields(spec))
