"""What a search found, for a person in a notebook and for a script."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pnas.config.task_specs import TASKS
from pnas.data import open_parts
from pnas.errors import PnasError
from pnas.exporting.formats import model_of_raw_images
from pnas.records import ChildRecord, Journal, best_child, summarize
from pnas.records.cell_trainings import has_ended_whole, short_epochs
from pnas.records.children_csv import children_csv
from pnas.records.run_directory import JOURNAL
from pnas.reports.cells.cell_drawing import cell_svg
from pnas.reports.charts.search_plot import search_picture
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.reports.html.search_report import REPORT, write_report
from pnas.reports.picture_files import check_picture_suffix, save_picture
from pnas.runs.trained_child import best_of_search
from pnas.state_space import Cell
from pnas.system.wording import plural

if TYPE_CHECKING:
    import keras
    import pandas as pd

_MOST_SHOWN = 3


@dataclass(frozen=True)
class Child:
    """One trained cell.

    Attributes:
        cell: The cell; a notebook draws it.
        reward: Validation accuracy in [0, 1]; None if the training failed, has not ended, was
            a short one or was stopped early.
        predicted: Reward that the predictor expected; None if nothing was predicted.
        stage: Number of the stage, from 1.
        status: ``ok``, ``failed``, ``stopped`` (early) or ``chosen``.
        params: Trainable parameters of the network.
        multiply_adds: Multiply-adds of one forward pass of one example.
        seconds: Time of the training in seconds.
        error: Why the training failed.
        epochs: Epochs of a training that was short (``search.rungs``) or stopped early; None for a
            whole one.
    """

    cell: Cell
    reward: float | None
    predicted: float | None
    stage: int
    status: str
    params: int | None
    multiply_adds: int | None
    seconds: float | None
    error: str | None
    epochs: int | None = None

    def __repr__(self) -> str:
        """``<child 0.9712, 12,345 parameters: (-1, 3x3 conv, -2, identity)>``"""
        figures = [self.status if self.reward is None else f"{self.reward:.4f}"]
        if self.epochs is not None:
            figures.append(plural(self.epochs, "epoch"))
        if self.params is not None:
            figures.append(f"{self.params:,} parameters")
        return f"<child {', '.join(figures)}: {self.cell}>"

    def _repr_svg_(self) -> str:
        return str(cell_svg(self.cell))


@dataclass(frozen=True)
class Winner:
    """The cell that is most probably the best, by all of its trainings.

    Attributes:
        cell: The cell; a notebook draws it.
        mean: Mean reward of its trainings.
        standard_error: Standard error of that mean.
        probability: Probability that no other cell is better.
        test_accuracy: Mean test accuracy; None without a test part.
    """

    cell: Cell
    mean: float
    standard_error: float | None
    probability: float | None
    test_accuracy: float | None

    def __repr__(self) -> str:
        """``<winner 0.9704 +- 0.0031: (-1, 3x3 conv, -2, identity)>``"""
        error = "" if self.standard_error is None else f" +- {self.standard_error:.4f}"
        return f"<winner {self.mean:.4f}{error}: {self.cell}>"

    def _repr_svg_(self) -> str:
        return str(cell_svg(self.cell))


class Picture:
    """A drawing that a notebook shows.

    Args:
        svg: The drawing as an ``<svg>`` element.
    """

    def __init__(self, svg: Markup) -> None:
        self.svg = svg

    def save(self, path: Path | str) -> Path:
        """Write the drawing to a ``.png`` or ``.svg`` file and return its path.

        Raises:
            InvalidValue: Another kind of file.
        """
        output = Path(path).expanduser()
        check_picture_suffix(output)
        return save_picture(self.svg, output)

    def __repr__(self) -> str:
        return "<picture: a notebook shows it, save(path) writes it>"

    def _repr_svg_(self) -> str:
        return str(self.svg)


class SearchResult:
    """What a search has found, read from its journal.

    Args:
        run_dir: Run directory of the search.
    """

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What summary.json holds (docs/architecture.md); empty if nothing was trained."""
        if not (self.run_dir / JOURNAL).is_file():
            return {}
        with Journal(self.run_dir / JOURNAL) as journal:
            return summarize(journal)

    @cached_property
    def _records(self) -> list[ChildRecord]:
        if not (self.run_dir / JOURNAL).is_file():
            return []
        with Journal(self.run_dir / JOURNAL) as journal:
            return journal.children()

    @cached_property
    def cells(self) -> list[Child]:
        """Every training of the search, in the order in which the cells were chosen."""
        return [_child(record) for record in self._records]

    @property
    def best(self) -> Child | None:
        """The training of highest reward; None if none has one.

        The highest of many rewards is biased upwards; `winner` is not, where there is one.
        """
        record = best_child(self._records)
        return None if record is None else _child(record)

    @property
    def winner(self) -> Winner | None:
        """The winner by repeated trainings; None with ``confirm=0``, or before the search's end."""
        facts = self.summary.get("winner")
        if facts is None:
            return None
        return Winner(
            cell=Cell.parse(facts["cell"]),
            mean=facts["mean"],
            standard_error=facts.get("standard_error"),
            probability=facts.get("probability_best"),
            test_accuracy=facts.get("test_accuracy"),
        )

    def to_pandas(self) -> "pd.DataFrame":
        """Return the trainings as a pandas DataFrame, with the columns of children.csv.

        Raises:
            PnasError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise PnasError("to_pandas needs pandas: pip install pandas") from error
        return pd.read_csv(io.StringIO(children_csv(self._records)))

    def rows(self) -> list[dict[str, str]]:
        """Return the trainings as the rows of children.csv."""
        return list(csv.DictReader(io.StringIO(children_csv(self._records))))

    def plot(self) -> Picture:
        """Return rewards by children trained, and predictions against rewards.

        Raises:
            PnasError: No training has ended.
        """
        return Picture(search_picture(self._view().cells))

    def report(self, path: Path | str | None = None) -> Path:
        """Write the report of the search, one HTML file, and return its path.

        Args:
            path: File to write; None for ``report.html`` in the run directory.

        Raises:
            PnasError: No training has ended, or another kind of file.
        """
        output = self.run_dir / REPORT if path is None else Path(path).expanduser()
        return write_report([self._view()], output, TASKS)

    def model(self) -> "keras.Model":
        """Return the best child as a Keras model with its trained weights.

        It takes images as they are in the data, (n, H, W, C), and returns probabilities,
        (n, classes). A search trains briefly: train the cell to the end before it is used.

        Raises:
            PnasError: The rewards were read from a table, or the weights are missing.
        """
        child = best_of_search(self.run_dir)
        data = open_parts(child.data)
        child = child.with_data(data)
        return model_of_raw_images(child.load_child(), child, data)

    def _view(self) -> RunView:
        if not any(record.ended_at is not None for record in self._records):
            raise PnasError(f"{self.run_dir} has no training that has ended")
        return read_run(self.run_dir)

    def __repr__(self) -> str:
        """``<search demo: finished, 68 children, best 0.9712: (-1, 3x3 conv, -2, identity)>``"""
        if not self._records:
            return f"<search in {self.run_dir}: no children>"
        facts = [self.summary["status"], _trainings(self._records)]
        best = self.best
        found = "" if best is None else f", best {best.reward:.4f}: {best.cell}"
        return f"<search {self.summary['name']}: {', '.join(facts)}{found}>"

    def _repr_html_(self) -> str:
        best = [child for child in self.cells if child.reward is not None]
        best.sort(key=lambda child: -(child.reward or 0.0))
        html = Markup("<p>{}</p>").format(repr(self))
        for child in best[:_MOST_SHOWN]:
            caption = repr(child)
            figure = Markup("<figure><figcaption>{}</figcaption>{}</figure>")
            html += figure.format(caption, cell_svg(child.cell))
        return str(html)


def _trainings(records: Sequence[ChildRecord]) -> str:
    """Return how many of ``records`` have a reward, such as ``68 trainings``."""
    trained = sum(has_ended_whole(record) for record in records)
    return plural(trained, "training")


def _child(record: ChildRecord) -> Child:
    return Child(
        cell=record.cell,
        reward=record.reward,
        predicted=record.predicted,
        stage=record.b,
        status=str(record.status),
        params=record.params,
        multiply_adds=record.flops,
        seconds=record.seconds,
        error=record.error,
        epochs=short_epochs(record.key) or record.stopped_after,
    )
