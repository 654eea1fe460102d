"""`task=score`: rank cells of any size by the predictor of a search."""

import csv
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from pnas.config import Settings
from pnas.controller import rank_beam, rank_space
from pnas.errors import require
from pnas.predictors import load_predictor
from pnas.records.run_directory import CONTROLLER
from pnas.records.run_task import is_search, kind_of
from pnas.reports.data.ranking_files import read_scores
from pnas.reports.terminal.result_tables import ranking_table
from pnas.runs.command_context import Context
from pnas.runs.output_path import check_output_file, writable_folder
from pnas.runs.run_source import source_dir, stored_settings
from pnas.state_space import Cell, SlotSpace, build_space
from pnas.system.atomic_write import atomic_write
from pnas.system.console import print_line
from pnas.system.wording import plural

_MOST_PRINTED = 10
_COLUMNS = ("rank", "score", "blocks", "cell")


def run(settings: Settings, context: Context) -> None:
    """Score cells of ``state_space.B`` blocks: all of them, or a beam of K per size.

    Space and predictor are those of the run given by ``from``; so are B and K unless they are
    typed. ``controller.K=null`` scores all cells.

    Args:
        settings: Settings of the command.
        context: The command around the task.
    """
    source = source_dir(settings)
    stored = stored_settings(source)
    predictor = _last_predictor(source, stored)
    B = settings.state_space.B if "state_space.B" in context.typed else stored.state_space.B
    K = settings.controller.K if "controller.K" in context.typed else stored.controller.K
    space = build_space(dataclasses.replace(stored.state_space, B=B))
    output = _output(settings, source, B)

    cells, scores = _rank(space, predictor, K, settings, context.console)
    _write(output, cells, scores)

    printed = min(_MOST_PRINTED, len(cells))
    title = f"{printed} of {plural(len(cells), 'cell')} kept, best predicted first"
    table = ranking_table(read_scores(output), "sorted", _MOST_PRINTED, title)
    table.print(context.console)
    print_line(context.console, f"scores: {output}")


def _rank(
    space: SlotSpace, folder: Path, K: int | None, settings: Settings, console: Console
) -> tuple[Sequence[Cell], Sequence[float]]:
    """Return the best cells of the largest size, best first, and their scores."""
    B = space.B
    top = settings.task.top
    chunk = settings.controller.chunk
    predictor = load_predictor(folder, space)
    total = space.num_cells(B) if K is None else None
    with _progress_bar(console, total) as advance:
        if K is None:
            ranked, scores = rank_space(space, predictor, B, top, chunk, advance)
        else:
            ranked, scores = rank_beam(space, predictor, B, K, chunk, advance)
    return ranked[:top], scores[:top].tolist()


@contextmanager
def _progress_bar(console: Console, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal. Yields what is called with each number of scored cells."""
    title = "scoring" if total is None else f"scoring {plural(total, 'cell')}"
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(title, total=total)

        def advance(cells: int) -> None:
            progress.advance(bar, cells)

        yield advance


def _last_predictor(source: Path, stored: Settings) -> Path:
    """Return the folder of the last predictor of the run in ``source``.

    Raises:
        InvalidValue: It is no search, or one that has no predictor, or none yet.
    """
    config = stored.as_dict()
    rule = f"must be a search that has a predictor; {source} is {kind_of(config)}, which has none"
    require(is_search(config), "from", rule, str(source))
    # A predictor is whole once its description is there: weights are written first.
    descriptions = (source / CONTROLLER).glob("stage_*/predictor.json")
    folders = [path.parent for path in descriptions]
    rule = f"must be a search whose stage 1 is over: {source} has no trained predictor yet"
    if not stored.search.uses_predictor:
        rule = f"must be a search that has a predictor; search={stored.search.kind} has none"
    require(bool(folders), "from", rule, str(source))
    return max(folders, key=_stage_number)


def _stage_number(folder: Path) -> int:
    return int(folder.name.removeprefix("stage_"))


def _output(settings: Settings, source: Path, B: int) -> Path:
    if settings.task.output is not None:
        return check_output_file(settings.task.output)
    return check_output_file(str(writable_folder(source) / f"scores_b{B}.csv"))


def _write(path: Path, cells: Sequence[Cell], scores: Sequence[float]) -> None:
    with atomic_write(path) as draft, draft.open("x", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for rank, (cell, score) in enumerate(zip(cells, scores, strict=True), start=1):
            writer.writerow((rank, f"{score:.6f}", len(cell), cell))
