"""Take the pictures of docs/: reports, rankings and MLflow's UI, in a headless Chromium.

    .venv/bin/python experiments/screenshots.py outputs/quickstart [more run directories]

Draws reports and cells anew, shows the runs in an MLflow store of its own, starts a server on it,
and takes the pictures. About a minute; needs Chromium. The runs themselves are only read, but for
their pictures.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from pnas.children.network_specs import network_from
from pnas.errors import InvalidValue
from pnas.records.run_directory import CHILDREN
from pnas.reports.cells.cell_drawing import draw_cell
from pnas.reports.data.ranking_files import read_scores
from pnas.reports.data.run_reader import read_run
from pnas.reports.html.ranking_page import write_ranking
from pnas.reports.html.search_report import REPORT, write_report
from pnas.searching.search_pictures import CELL, NETWORK, PICTURES, PLOT, leave_pictures
from pnas.tracking import MlflowSpec, Projection
from pnas.tracking.mlflow_store import open_store
from pnas.tracking.model_registration import register_model
from pnas.tracking.run_facts import LEVEL, SEARCH_ID
from pnas.tracking.saved_view import VIEW

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import CHROMIUM, mlflow_server, screenshot  # noqa: E402

_COMPARED_RUNS = 4
_MODEL = "pnas_digits"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, help="run directories; the first is shown in detail"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "images", help="where the pictures go"
    )
    parser.add_argument(
        "--model", type=Path, help="folder of an export, whose MLflow model is registered"
    )
    arguments = parser.parse_args()
    if CHROMIUM is None:
        parser.error("needs Chromium (Debian: apt install chromium)")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _pages(arguments.runs, Path(folder), arguments.out)
        _mlflow(arguments.runs, arguments.model, Path(folder), arguments.out)


def _pages(runs: list[Path], folder: Path, out: Path) -> None:
    views = [read_run(run) for run in runs]
    for view in views:
        leave_pictures(view, network_from(view.value("child")))
    report = write_report(views[:1], folder / REPORT)
    last = len(views[0].children) - 1
    _shoot(report.as_uri(), out / "report.png", 1100, 900)
    _shoot(
        f"{report.as_uri()}#cell=0:{last}",
        out / "report_rewards.png",
        1100,
        4400,
        crop=(0, 2250, 1100, 3550),
    )
    ranking = write_ranking(read_scores(runs[0] / CHILDREN), folder / "ranking.html", "training")
    _shoot(f"{ranking.as_uri()}#cell=0:{last}", out / "ranking_page.png", 1100, 800)
    if len(views) > 1:
        both = write_report(views, folder / "compared.html")
        _shoot(both.as_uri(), out / "report_compared.png", 1100, 900)
    for name, target in ((CELL, "best_cell.svg"), (NETWORK, "network.svg"), (PLOT, "search.png")):
        shutil.copy(runs[0] / name, out / target)
    if views[0].found_cell is not None:
        draw_cell(views[0].found_cell, out / "best_cell.png", title="Best cell", dpi=100)


def _mlflow(runs: list[Path], model: Path | None, folder: Path, out: Path) -> None:
    spec = MlflowSpec(uri=f"sqlite:///{folder}/mlflow.db", experiment="pnas")
    shown = [_shown(run, spec) for run in runs]
    experiment = open_store(spec).experiment_id
    with mlflow_server(folder / "mlflow.db") as address:
        home = f"{address}/#/experiments/{experiment}/runs"
        view = f"{home}?viewStateShareKey={VIEW}&workflowType=machine_learning"
        _shoot(view, out / "mlflow_searches.png", 1900, 560, 25_000)
        _shoot(f"{view}&compareRunsMode=CHART", out / "mlflow_charts.png", 1900, 1300, 90_000)
        mode = "workflowType=machine_learning"
        artifact = f"{home}/{shown[0]}/artifacts/{REPORT}?{mode}"
        _shoot(artifact, out / "mlflow_report.png", 1500, 900, 60_000)
        child = f"{home}/{_best_child(spec, shown[0])}/model-metrics?{mode}"
        _shoot(child, out / "mlflow_child.png", 1500, 900, 60_000)
        compared = quote(json.dumps(shown[:_COMPARED_RUNS]))
        pages = f"{address}/#/compare-runs?runs={compared}&experiments=%5B%22{experiment}%22%5D"
        _shoot(f"{pages}&{mode}", out / "mlflow_compare.png", 1500, 1000, 60_000)
        if model is not None:
            version = register_model(spec, _MODEL, model, {})
            page = f"{address}/#/models/{_MODEL}/versions/{version}?{mode}"
            _shoot(page, out / "mlflow_model.png", 1500, 700, 60_000)


def _best_child(spec: MlflowSpec, search: str) -> str:
    """Return the run of the best child of the search that has the run ``search``."""
    store = open_store(spec)
    search_id = store.client.get_run(search).data.tags[SEARCH_ID]
    children = store.client.search_runs(
        [store.experiment_id],
        f"tags.`{SEARCH_ID}` = '{search_id}' and tags.`{LEVEL}` = 'child'",
        order_by=["metrics.reward DESC"],
        max_results=1,
    )
    return str(children[0].info.run_id)


def _shown(run: Path, spec: MlflowSpec) -> str:
    projection = Projection(run, spec)
    projection.advance("finished", [run / name for name in PICTURES if (run / name).is_file()])
    if projection.info is None:
        raise InvalidValue("runs", "must be runs that MLflow can show", str(run))
    return projection.info["run_id"]


def _shoot(
    address: str,
    path: Path,
    width: int,
    height: int,
    milliseconds: int = 4000,
    crop: tuple[int, int, int, int] | None = None,
) -> None:
    screenshot(address, path, width, height, milliseconds)
    with Image.open(path) as picture:
        shown = picture.convert("RGB").crop(crop) if crop else picture.convert("RGB")
    # 256 colours are half the size, and nobody sees it on a page of text and marks.
    shown.quantize(256, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)
    print(
        f"{re.sub(r'^file:.*/', '', address)[:60]:60}  {path}  {path.stat().st_size // 1024} kB",
        flush=True,
    )


if __name__ == "__main__":
    main()
