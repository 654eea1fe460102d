"""Figures as text, the same in a terminal and on a page; nothing for what is not known."""

import time

from pnas.system.wording import plural


def decimal(value: float | None) -> str:
    """Return a reward, a prediction or a loss with four decimals."""
    return "" if value is None else f"{value:.4f}"


def count(value: int | None) -> str:
    """Return a count with commas between thousands."""
    return "" if value is None else f"{value:,}"


def correlation(value: float | None) -> str:
    """Return a correlation with two decimals."""
    return "" if value is None else f"{value:.2f}"


def percentage(share: float | None) -> str:
    """Return a share in [0, 1] as a whole percentage."""
    return "" if share is None else f"{share:.0%}"


def count_children(number: int) -> str:
    """Return ``1 child`` or ``2 children``."""
    return plural(number, "child", "children")


def stopping(epochs: int | None) -> str:
    """Return when a training was stopped early, such as ``after 5 epochs``; "" if it was not."""
    return "" if epochs is None else f"after {plural(epochs, 'epoch')}"


def duration(seconds: float | None) -> str:
    """Return ``0.4 s``, ``12 s``, ``3.1 min`` or ``2.1 h``: at most three figures."""
    if seconds is None:
        return ""
    for unit, size in (("s", 1), ("min", 60), ("h", 3600)):
        # 99.5 would be rounded to 100.
        if seconds < 99.5 * size or unit == "h":
            break

    amount = seconds / size
    decimals = 0 if amount >= 9.95 else 1
    return f"{amount:,.{decimals}f} {unit}"


def clock_time(seconds: float) -> str:
    """Return a time since the epoch as this machine's clock shows it, with the day if not today."""
    moment = time.localtime(seconds)
    is_today = moment[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", moment)


def time_unit(longest: float) -> tuple[str, float]:
    """Return the name of a unit that fits an axis up to ``longest`` seconds, and its seconds."""
    if longest > 3 * 3600:
        return "hours", 3600.0
    if longest > 180:
        return "minutes", 60.0
    return "seconds", 1.0
