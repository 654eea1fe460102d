"""`task=score`: rank cells of any size by the predictor of a search."""

import csv
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from pnas.config import Settings
from pnas.controller import rank_beam, rank_space
from pnas.errors import PnasError, require
from pnas.predictors import load_predictor
from pnas.records.run_directory import CONTROLLER
from pnas.reports.data.ranking_files import read_scores
from pnas.reports.terminal.result_tables import ranking_table
from pnas.runs.command_context import Context
from pnas.runs.run_source import source_dir, stored_settings
from pnas.state_space import Cell, SlotSpace, build_space

_SHOWN = 10


def run(settings: Settings, context: Context) -> None:
    """Score cells of ``state_space.B`` blocks: all of them (``controller.K=null``), or a beam of K per size.

    Space and predictor are those of the run given by ``from``; B and K are its too unless they are typed.
    """
    source = source_dir(settings)
    stored = stored_settings(source)
    B = settings.state_space.B if "state_space.B" in context.typed else stored.state_space.B
    K = settings.controller.K if "controller.K" in context.typed else stored.controller.K
    space = build_space(dataclasses.replace(stored.state_space, B=B))
    output = _output(settings, source, B)
    cells, scores = _rank(space, source, B, K, settings, context)
    _write(output, cells, scores)
    title = f"{min(_SHOWN, len(cells))} of {len(cells):,} cells kept, best predicted first"
    ranking_table(read_scores(output), "sorted", _SHOWN, title).print(context.console)
    context.console.print(f"scores: {output}", soft_wrap=True, markup=False)


def _rank(
    space: SlotSpace, source: Path, B: int, K: int | None, settings: Settings, context: Context
) -> tuple[Sequence[Cell], Sequence[float]]:
    predictor = load_predictor(_last_predictor(source), space)
    total = space.num_cells(B) if K is None else None
    with Progress(console=context.console, disable=not context.console.is_terminal) as progress:
        bar = progress.add_task(
            "scoring" if total is None else f"scoring {total:,} cells", total=total
        )
        chunk = settings.controller.chunk

        def advance(cells: int) -> None:
            progress.advance(bar, cells)

        if K is None:
            ranked, scores = rank_space(space, predictor, B, settings.task.top, chunk, advance)
        else:
            ranked, scores = rank_beam(space, predictor, B, K, chunk, advance)
    return ranked[: settings.task.top], scores[: settings.task.top].tolist()


def _last_predictor(source: Path) -> Path:
    # A predictor is whole once its description is there: weights are written first.
    stages = [path.parent for path in (source / CONTROLLER).glob("stage_*/predictor.json")]
    stages.sort(key=lambda path: int(path.name.removeprefix("stage_")))
    if not stages:
        raise PnasError(
            f"from: {source} has no trained predictor yet: let its search finish a stage first"
        )
    return stages[-1]


def _output(settings: Settings, source: Path, B: int) -> Path:
    path = (
        Path(settings.task.output).expanduser()
        if settings.task.output
        else source / f"scores_b{B}.csv"
    )
    require(path.parent.is_dir(), "task.output", "must lie in an existing directory", str(path))
    return path


def _write(path: Path, cells: Sequence[Cell], scores: Sequence[float]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # never through a link that somebody left there
    with draft.open("x", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("rank", "score", "blocks", "cell"))
        for rank, (cell, score) in enumerate(zip(cells, scores, strict=True), start=1):
            writer.writerow((rank, f"{score:.6f}", len(cell), cell))
    os.replace(draft, path)
