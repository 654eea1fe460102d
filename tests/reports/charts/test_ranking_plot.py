from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from pnas.errors import InvalidValue
from pnas.reports import ScoredCell, read_scores
from pnas.reports.charts.ranking_plot import plot_ranking, plot_search


def words(path: Path) -> list[str]:
    """The texts of an SVG, each as written."""
    return [
        "".join(element.itertext())
        for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    ]


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        image.verify()
        return image.size


@pytest.mark.parametrize("order", ["sorted", "training"])
def test_a_ranking_is_a_picture_of_known_size(
    search: list[ScoredCell], tmp_path: Path, order: str
) -> None:
    path = plot_ranking(search, tmp_path / "new" / "rank.png", order)
    assert size(path) == (1200, 690)


def test_a_ranking_names_stages_and_predictions(search: list[ScoredCell], tmp_path: Path) -> None:
    texts = words(plot_ranking(search, tmp_path / "rank.svg", "training"))
    assert {"b = 1", "b = 2", "b = 3", "predicted", "failed", "reward", "14 cells"} <= set(texts)


def test_failures_have_no_rank(search: list[ScoredCell], tmp_path: Path) -> None:
    assert "failed" not in words(plot_ranking(search, tmp_path / "rank.svg"))


def test_scores_alone(scored: Callable[..., ScoredCell], tmp_path: Path) -> None:
    texts = words(
        plot_ranking([scored(None, 0.1 * i, 4) for i in range(10)], tmp_path / "rank.svg")
    )
    assert "predicted reward" in texts
    assert "b = 4" in texts
    assert "b = 4, predicted" not in texts


def test_scores_beside_rewards(scored: Callable[..., ScoredCell], tmp_path: Path) -> None:
    texts = words(plot_ranking([scored(0.5), scored(None, 0.6, 2)], tmp_path / "rank.svg"))
    assert {"b = 1", "b = 2, predicted"} <= set(texts)


def test_a_search_shows_its_best_and_how_well_it_was_predicted(
    search: list[ScoredCell], tmp_path: Path
) -> None:
    assert size(plot_search(search, tmp_path / "search.png")) == (1650, 630)
    texts = words(plot_search(search, tmp_path / "search.svg", title="a < b & $c$"))
    assert "best so far: 0.8000" in texts
    assert "b = 2   ρ = -1.00" in texts
    assert "b = 3   ρ = 1.00" in texts
    assert "a < b & $c$" in texts


def test_a_search_without_predictions_has_one_panel(
    search: list[ScoredCell], tmp_path: Path
) -> None:
    assert size(plot_search(search[:6], tmp_path / "search.png")) == (1200, 630)


def test_predictions_that_are_all_equal(scored: Callable[..., ScoredCell], tmp_path: Path) -> None:
    texts = words(plot_search([scored(0.1 * i, 0.5, 2) for i in range(5)], tmp_path / "search.svg"))
    assert "b = 2   ρ = n/a" in texts


def test_a_search_that_does_not_go_by_stages(
    scored: Callable[..., ScoredCell], tmp_path: Path
) -> None:
    cells = [scored(0.5, None, 1 + i % 2) for i in range(40)]
    assert "b = 1" not in words(plot_search(cells, tmp_path / "search.svg"))


@pytest.mark.parametrize("plot", [plot_ranking, plot_search])
def test_nothing_or_failures_only(
    plot: Callable[..., Path], scored: Callable[..., ScoredCell], tmp_path: Path
) -> None:
    size(plot([], tmp_path / "none.png"))
    size(plot([scored(None, None, 9)], tmp_path / "one.png"))


def test_the_same_cells_give_the_same_file(search: list[ScoredCell], tmp_path: Path) -> None:
    first, second = (
        plot_search(search, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg")
    )
    assert first == second


@pytest.mark.parametrize("plot", [plot_ranking, plot_search])
def test_other_kinds_of_files_are_refused(plot: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"must end in \.png or \.svg"):
        plot([], tmp_path / "plot.pdf")


def test_another_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"task\.order: must be one of sorted, training"):
        plot_ranking([], tmp_path / "plot.png", "random")


def test_from_file_to_plot(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("0.5,0,identity,0,identity\n0.6,0,identity,0,3x3 dconv\n")
    assert size(plot_ranking(read_scores(tmp_path / "h.csv"), tmp_path / "rank.png"))


def test_a_ranking_needs_no_heavy_library(
    imported: Callable[[str], set[str]], tmp_path: Path
) -> None:
    modules = imported(
        f"import pnas.reports; pnas.reports.plot_ranking([], {str(tmp_path / 'rank.png')!r})"
    )
    assert not modules & {
        "tensorflow",
        "keras",
        "mlflow",
        "pandas",
        "scipy.stats",
        "matplotlib.pyplot",
    }


def test_importing_reports_imports_no_plotting(imported: Callable[[str], set[str]]) -> None:
    assert not imported("import pnas.reports") & {"matplotlib", "tensorflow", "mlflow", "scipy"}


def test_the_diagonal_does_not_widen_the_view(
    scored: Callable[..., ScoredCell], tmp_path: Path
) -> None:
    cells = [scored(0.9 + 0.001 * i, 0.9 + 0.001 * i, 2) for i in range(9)]
    texts = words(plot_search(cells, tmp_path / "search.svg"))
    assert "0.900" in texts
    assert not {"0.5", "0.6", "0.7"} & set(texts)
