"""Grid: rows and columns of text, as a rich table in a terminal and as aligned lines elsewhere."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from pnas.system.console import printable_line

# Characters that a column of prose needs before wrapping makes it unreadable.
_PROSE_WIDTH = 24

_COLUMN_GAP = 3


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        title: Text above the column.
        show: Returns what the column shows of an item, "" for nothing.
        prose: Whether it is prose, to the left and wrapped, or a figure, to the right.
        about: What the figure means, where its title does not say it.
    """

    title: str
    show: Callable[[Any], str]
    prose: bool = False
    about: str = ""


@dataclass(frozen=True)
class Grid:
    """A finished table, to be printed by its own ``print`` or by a console's.

    Attributes:
        title: Text above the table.
        columns: Columns that show something of at least one item.
        rows: Texts of each row, one a column.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, title: str, columns: Iterable[Column], items: Iterable[Any]) -> "Grid":
        """Return a table of one row an item; columns that show nothing of any item are left out."""
        items = list(items)
        kept = []
        texts_of_kept = []
        for column in columns:
            texts = [printable_line(column.show(item)) for item in items]
            if any(texts):
                kept.append(column)
                texts_of_kept.append(texts)
        rows = zip(*texts_of_kept, strict=True)
        return cls(printable_line(title), tuple(kept), tuple(rows))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures mean: one definition a column that has one."""
        explained = [column for column in self.columns if column.about]
        return tuple(f"{column.title}: {column.about}" for column in explained)

    def print(self, console: Console | None = None) -> None:
        """Show it on ``console`` (default: standard output); without a terminal, one line a row."""
        console = console or Console()
        console.print(self, soft_wrap=not console.is_terminal)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what ``console.print(grid)`` shows; in a file, too, prose is wrapped, not cut."""
        longest = max(map(len, self.plain().splitlines()), default=0)
        fits = options.no_wrap or longest <= options.max_width
        if console.is_terminal or not fits:
            yield self.rich(options.max_width)
        else:
            yield Text(self.plain())
        for note in self.notes:
            yield Text(f"  {note}", style="dim")

    def rich(self, width: int = 120) -> Table:
        """Return the table for a terminal of ``width`` characters, denser where space is short."""
        table = Table(
            title=self.title,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            show_edge=False,
        )
        is_roomy = self._roomy_width() <= width
        table.padding = (0, 1, 0, 1) if is_roomy else (0, 0, 0, 0)
        for column in self.columns:
            if column.prose:
                table.add_column(column.title, overflow="fold")
            else:
                table.add_column(column.title, justify="right", no_wrap=True)
        for row in self.rows:
            # As Text, because the [brackets] of a name are no markup.
            table.add_row(*map(Text, row))
        return table

    def plain(self) -> str:
        """Return title, titles of columns and one line a row, without codes and frames."""
        if not self.columns:
            return self.title
        widths = self._widths()
        titles = tuple(column.title for column in self.columns)
        lines = [self.title]
        for row in (titles, *self.rows):
            lines.append(self._plain_row(row, widths))
        return "\n".join(lines)

    def _plain_row(self, row: Sequence[str], widths: Sequence[int]) -> str:
        texts = []
        for column, text, width in zip(self.columns, row, widths, strict=True):
            texts.append(text.ljust(width) if column.prose else text.rjust(width))
        return "  ".join(texts).rstrip()

    def _roomy_width(self) -> int:
        total = 0
        for column, width in zip(self.columns, self._widths(), strict=True):
            total += _COLUMN_GAP + (_PROSE_WIDTH if column.prose else width)
        return total

    def _widths(self) -> list[int]:
        """Width of the longest text of each column, its title included."""
        widths = []
        for index, column in enumerate(self.columns):
            texts = [column.title, *(row[index] for row in self.rows)]
            widths.append(max(map(len, texts)))
        return widths
