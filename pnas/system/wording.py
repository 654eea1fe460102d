"""Numbers and names in sentences, for messages of every room."""

from collections.abc import Sequence


def plural(number: int, noun: str, several: str | None = None) -> str:
    """Return ``1 run`` or ``2 runs``.

    Args:
        number: How many there are.
        noun: What one of them is called.
        several: What several are called, where that is not the noun and an s.
    """
    name = noun if number == 1 else several or f"{noun}s"
    return f"{number:,} {name}"


def one_of(names: Sequence[str]) -> str:
    """Return ``a``, ``a or b`` or ``a, b or c``: at least one name."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
