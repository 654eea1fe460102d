"""Options of conf/ that have another name now; the former one is still composed."""

from collections.abc import Iterator, Mapping

FORMER_OPTIONS = {("experiment", "digits_table"): "make_digits_table"}
"""The name of today by group and former name."""


def former_options(choices: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each option in ``choices`` (by group) that was chosen by a former name."""
    for (group, former), name in FORMER_OPTIONS.items():
        if choices.get(group) == former:
            yield f"{group}={former} is called {group}={name} now"
