"""Grid: rows and columns of text, as a rich table in a terminal and as plain aligned lines elsewhere."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

_PROSE = 24
"""Characters a column of prose needs before wrapping makes it unreadable."""


class Column(NamedTuple):
    """One column: its title, what it shows of an item ("" = nothing), and whether it is prose or a figure."""

    title: str
    show: Callable[[Any], str]
    prose: bool = False


@dataclass(frozen=True)
class Grid:
    """A finished table, to be printed by its own ``print`` or by a console's.

    Figures stand to the right; prose to the left, and only prose is ever wrapped.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, title: str, columns: Iterable[Column], items: Iterable[Any]) -> "Grid":
        """One row an item; columns that show nothing of any item are left out."""
        items = list(items)
        shown = [(column, [_one_line(column.show(item)) for item in items]) for column in columns]
        kept = [(column, texts) for column, texts in shown if any(texts)]
        rows = zip(*(texts for _, texts in kept), strict=True)
        return cls(title, tuple(column for column, _ in kept), tuple(rows))

    def print(self, console: Console | None = None) -> None:
        """Show it on ``console`` (default: standard output); where that is no terminal, one line a row."""
        console = console or Console()
        console.print(self, soft_wrap=not console.is_terminal)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What ``console.print(grid)`` shows; in a file too, prose is wrapped there rather than cut."""
        is_whole = options.no_wrap or max(map(len, self.plain().splitlines())) <= options.max_width
        yield (
            self.rich(options.max_width)
            if console.is_terminal or not is_whole
            else Text(self.plain())
        )

    def rich(self, width: int = 120) -> Table:
        """The table for a terminal of ``width`` characters; where space is short, columns stand closer."""
        table = Table(
            title=self.title,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            show_edge=False,
        )
        table.padding = (0, 1, 0, 1) if self._roomy_width() <= width else (0, 0, 0, 0)
        for column in self.columns:
            if column.prose:
                table.add_column(column.title, overflow="fold")
            else:
                table.add_column(column.title, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(*map(Text, row))  # Text: an operator's [brackets] are not markup
        return table

    def _roomy_width(self) -> int:
        widths = [
            _PROSE if c.prose else w for c, w in zip(self.columns, self._widths(), strict=True)
        ]
        return sum(widths) + 3 * len(widths)

    def _widths(self) -> list[int]:
        table = [tuple(column.title for column in self.columns), *self.rows]
        return [max(map(len, texts)) for texts in zip(*table, strict=True)]

    def plain(self) -> str:
        """The title, the column titles and one line a row, whatever the width; no codes, no frames."""
        if not self.columns:
            return self.title
        widths = self._widths()
        titles = tuple(column.title for column in self.columns)
        return "\n".join(
            [self.title, *(self._plain_row(row, widths) for row in (titles, *self.rows))]
        )

    def _plain_row(self, row: Sequence[str], widths: Sequence[int]) -> str:
        texts = [
            text.ljust(width) if column.prose else text.rjust(width)
            for column, text, width in zip(self.columns, row, widths, strict=True)
        ]
        return "  ".join(texts).rstrip()


def _one_line(text: str) -> str:
    """Whatever a file holds, it moves no cursor and changes no colour of the terminal."""
    line = " ".join(text.split())
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line
    )
