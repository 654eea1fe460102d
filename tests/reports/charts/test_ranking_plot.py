from collections.abc import Callable
from pathlib import Path

import pytest
from support.svg_reading import size_of_png, texts_in

from pnas.errors import InvalidValue
from pnas.reports import ScoredCell, plot_overlay, plot_ranking, plot_search, read_scores

Make = Callable[..., ScoredCell]
OUTLIERS = [*(0.90 + 0.005 * i for i in range(18)), 0.1]


@pytest.mark.parametrize("order", ["sorted", "training"])
def test_a_ranking_is_a_picture_of_any_order(
    search: list[ScoredCell], tmp_path: Path, order: str
) -> None:
    width, height = size_of_png(plot_ranking(search, tmp_path / "new" / "rank.png", order))
    assert width > 1200
    assert height > 600


def test_a_ranking_names_groups_and_predictions(search: list[ScoredCell], tmp_path: Path) -> None:
    texts = texts_in(plot_ranking(search, tmp_path / "rank.svg", "training"))
    assert {"b = 1", "b = 2", "b = 3", "predicted", "failed", "14 cells"} <= set(texts)
    assert "reward (validation part)" in texts


def test_failures_have_no_rank(search: list[ScoredCell], tmp_path: Path) -> None:
    assert "failed" not in texts_in(plot_ranking(search, tmp_path / "rank.svg"))


def test_scores_alone(scored: Make, tmp_path: Path) -> None:
    cells = [scored(None, 0.1 * i, 4) for i in range(10)]
    texts = texts_in(plot_ranking(cells, tmp_path / "rank.svg"))
    assert "predicted reward" in texts
    assert "b = 4" in texts
    assert "b = 4, predicted" not in texts


def test_scores_beside_rewards(scored: Make, tmp_path: Path) -> None:
    cells = [scored(0.5), scored(None, 0.6, 2)]
    texts = texts_in(plot_ranking(cells, tmp_path / "rank.svg"))
    assert {"b = 1", "b = 2, predicted"} <= set(texts)


def test_a_picture_of_several_rankings(search: list[ScoredCell], tmp_path: Path) -> None:
    rankings = {"a": search, "b" * 40: search[:3]}
    texts = texts_in(plot_overlay(rankings, tmp_path / "overlay.svg", "training"))
    assert {"a", "…" + "b" * 29, "b = 1", "b = 3", "2 rankings"} <= set(texts)


@pytest.mark.parametrize("plot", [plot_ranking, plot_search])
def test_plots_name_what_they_leave_out(
    plot: Callable[..., Path], scored: Make, tmp_path: Path
) -> None:
    path = plot([scored(reward) for reward in OUTLIERS], tmp_path / "plot.svg")
    assert ">below 0.90</text>" in path.read_text()


@pytest.mark.parametrize("plot", [plot_ranking, plot_search])
def test_nothing_or_failures_only(plot: Callable[..., Path], scored: Make, tmp_path: Path) -> None:
    size_of_png(plot([], tmp_path / "none.png"))
    size_of_png(plot([scored(None, None, 9)], tmp_path / "one.png"))


@pytest.mark.parametrize("plot", [plot_ranking, plot_search])
def test_another_kind_of_file_is_refused(plot: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"must end in \.png or \.svg"):
        plot([], tmp_path / "plot.pdf")


def test_another_order_is_refused(search: list[ScoredCell], tmp_path: Path) -> None:
    rule = r"task\.order: must be one of sorted, training"
    with pytest.raises(InvalidValue, match=rule):
        plot_ranking([], tmp_path / "plot.png", "random")
    with pytest.raises(InvalidValue, match=rule):
        plot_overlay({"a": search}, tmp_path / "overlay.png", "random")


def test_from_file_to_plot(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("0.5,0,identity,0,identity\n0.6,0,identity,0,3x3 dconv\n")
    assert size_of_png(plot_ranking(read_scores(tmp_path / "h.csv"), tmp_path / "rank.png"))


def test_a_ranking_needs_no_heavy_library(
    imported: Callable[[str], set[str]], tmp_path: Path
) -> None:
    path = str(tmp_path / "rank.png")
    modules = imported(f"import pnas.reports; pnas.reports.plot_ranking([], {path!r})")
    heavy = {"tensorflow", "keras", "mlflow", "pandas", "scipy.stats", "matplotlib"}
    assert not modules & heavy


def test_importing_reports_imports_no_plotting(imported: Callable[[str], set[str]]) -> None:
    heavy = {"matplotlib", "resvg_py", "tensorflow", "mlflow", "scipy"}
    assert not imported("import pnas.reports") & heavy
