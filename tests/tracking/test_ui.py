"""MLflow's own UI, in a headless browser, on searches that were projected into its store."""

import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from support.browser import CHROMIUM, mlflow_server, page
from support.journals import make_run

from pnas.children.network_specs import PNASNetworkSpec
from pnas.records import Journal, write_summary
from pnas.reports.data.run_reader import read_run
from pnas.searching.search_pictures import PICTURES, leave_pictures
from pnas.tracking import MlflowSpec, Projection
from pnas.tracking.mlflow_store import open_store
from pnas.tracking.saved_view import VIEW, view_address

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium"),
]


class Ui(NamedTuple):
    """A server with two searches: its address, the experiment's id, and the better search's run."""

    address: str
    experiment: str
    run: str


@pytest.fixture(scope="module")
def ui(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    home = tmp_path_factory.mktemp("ui")
    database = home / "mlflow.db"
    database.write_bytes(empty_store.read_bytes())
    spec = MlflowSpec(uri=f"sqlite:///{database}", experiment="ui")
    infos = [
        _shown(make_run(home / name, stages, seed=i, meta={"sweep": "sweep-9"}), spec)
        for i, (name, stages) in enumerate({"narrow": (4, 3), "deep": (4, 3, 3)}.items())
    ]
    store = open_store(spec)
    with mlflow_server(database) as address:
        yield Ui(address, store.experiment_id, infos[1]["run_id"])


def _shown(run_dir: Path, spec: MlflowSpec) -> dict[str, str]:
    with Journal(run_dir / "journal.sqlite") as journal:
        write_summary(run_dir, journal)
    leave_pictures(read_run(run_dir), PNASNetworkSpec())
    projection = Projection(run_dir, spec)
    projection.advance("finished", [run_dir / name for name in PICTURES])
    return projection.info or {}


@pytest.fixture(scope="module")
def read(ui: Ui) -> Callable[[str], str]:
    """The visible text of a page of the experiment."""

    def at(place: str) -> str:
        return text_of(page(f"{ui.address}/#/experiments/{ui.experiment}{place}"))

    return at


def text_of(html: str) -> str:
    """The visible text of a page."""
    no_text = r"<script.*?</script>|<style.*?</style>|<[^>]+>"
    return " ".join(re.sub(no_text, " ", html, flags=re.DOTALL).split())


def test_the_printed_address_shows_the_saved_view_in_the_mode_of_model_training(ui: Ui) -> None:
    text = text_of(page(view_address(ui.address, ui.experiment)))
    assert "2 matching runs" in text
    assert "Model registry" in text
    # Which MLflow shows in its mode for GenAI only.
    assert "Playground" not in text


def test_the_saved_view_compares_searches(read: Callable[[str], str]) -> None:
    text = read(f"/runs?viewStateShareKey={VIEW}")
    assert "2 matching runs" in text
    for column in ("best_reward", "test_accuracy", "children_trained", "controller.K"):
        assert column in text
    assert text.index("deep") < text.index("narrow")  # best first
    assert "stage 1" not in text


def searches_of_sweep(name: str) -> str:
    """The place of the searches of the multirun ``name``."""
    query = f"tags.`pnas.sweep`='{name}' and tags.`pnas.level`='search'"
    return f"/runs?searchFilter={quote(query)}"


def test_a_sweep_s_tag_filters(read: Callable[[str], str]) -> None:
    assert "2 matching runs" in read(searches_of_sweep("sweep-9"))
    text = read(searches_of_sweep("another"))
    assert "matching runs" not in text or "0 matching runs" in text


@pytest.mark.parametrize(("level", "count"), [("stage", 2 + 3), ("child", 7 + 10)])
def test_stages_and_children_are_there(read: Callable[[str], str], level: str, count: int) -> None:
    text = read(f"/runs?searchFilter=tags.%60pnas.level%60%3D%27{level}%27")
    matching = re.search(r"(\d+) matching runs", text)
    assert matching is not None
    assert int(matching[1]) >= count  # the UI counts the runs that hold them, too


def test_a_search_shows_its_metrics_and_parameters(ui: Ui, read: Callable[[str], str]) -> None:
    text = read(f"/runs/{ui.run}")
    for name in ("best_reward", "spearman_next", "controller.K", "pnas.best_cell"):
        assert name in text


def test_the_report_can_be_looked_at(ui: Ui, read: Callable[[str], str]) -> None:
    text = read(f"/runs/{ui.run}/artifacts/report.html")
    for name in ("report.html", "search.png", "best_cell.svg", "network.svg", "summary.json"):
        assert name in text
    with urllib.request.urlopen(
        f"{ui.address}/get-artifact?path=report.html&run_uuid={ui.run}", timeout=60
    ) as answer:
        assert "What to run next" in answer.read().decode()
