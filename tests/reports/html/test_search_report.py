import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.journals import make_run

from pnas.errors import InvalidValue
from pnas.records.training_record import Training
from pnas.reports.data.run_comparison import check_comparable, noun_of
from pnas.reports.data.run_reader import read_run
from pnas.reports.html.search_report import section, write_report
from pnas.reports.terminal.comparison_tables import comparison_table

EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'


class Page(HTMLParser):
    """What a browser would make of a page: its elements, the addresses it names, its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "data")
        ]
        assert not [name for name, _ in attrs if name.startswith("on")], (
            "an attribute that runs code"
        )

    def handle_data(self, data: str) -> None:
        self.text += data


def test_one_search(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (8, 6, 5), failed=(3,), state_space__B=3))
    page = Page(write_report([run], tmp_path / "report.html"))
    titles = (
        "Best cells",
        "Rewards",
        "Predicted against actual",
        "Operators and inputs",
        "Time",
        "Failures",
    )
    for title in (*titles, "What to run next", "Configuration"):
        assert title in page.text
    assert "Cells of 2 blocks: ρ = 0.25" in page.text
    assert "ran out of memory" in page.text
    assert "controller.K" in page.text
    assert str(run.best.cell) in page.text  # type: ignore[union-attr]
    # Three cells, the network, two charts of rewards, two of costs, one for each predicted
    # group, the workers.
    assert page.tags.count("svg") == 3 + 1 + 2 + 2 + 2 + 1


def test_a_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    path = write_report([read_run(make_run(tmp_path / "demo"))], tmp_path / "report.html")
    page = Page(path)
    text = path.read_text("utf-8")
    assert page.addresses == []
    assert page.tags.count("script") == 2
    assert not {"link", "img", "iframe", "object", "base", "form"} & set(page.tags)
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src &#39;none&#39;" in text


def test_nothing_of_a_journal_becomes_markup(tmp_path: Path) -> None:
    home = make_run(
        tmp_path / "demo", failed=(1,), error=EVIL, meta={"name": EVIL}, data={"name": EVIL}
    )
    page = Page(write_report([read_run(home)], tmp_path / "report.html"))
    assert page.tags.count("script") == 2
    assert "img" not in page.tags
    assert page.text.count("alert(1)") >= 3


def test_the_paper_s_search_fits_into_5_MB(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (136, 256, 256, 256, 256), state_space__B=5))
    assert len(run.ended) == 1160
    assert write_report([run], tmp_path / "report.html").stat().st_size < 5e6


def test_several_searches(tmp_path: Path) -> None:
    runs = [read_run(make_run(tmp_path / f"k{K}", seed=K, controller__K=K)) for K in (4, 8)]
    page = Page(write_report(runs, tmp_path / "report.html"))
    assert "Searches, best first" in page.text
    assert "What differs" in page.text
    assert page.tags.count("input") == 2
    assert "k4: all of this search" in page.text


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"state_space__operators": ["identity"]}, "state_space.operators"),
        ({"state_space__kind": "nasbench201"}, "state_space.kind"),
        ({"meta": {"data_fingerprint": "b"}}, "the same data"),
        ({"trainer__reward_metric": "balanced_accuracy"}, "the same trainer.reward_metric"),
    ],
)
def test_rewards_that_say_nothing_about_each_other_are_not_compared(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    first = make_run(tmp_path / "a", meta={"data_fingerprint": "a"})
    second = make_run(tmp_path / "b", **{"meta": {"data_fingerprint": "a"}, **change})  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=named) as error:
        check_comparable([read_run(first), read_run(second)])
    assert "\n" not in str(error.value)


def test_runs_that_store_no_metric_were_rewarded_by_accuracy(tmp_path: Path) -> None:
    made: list[dict[str, Any]] = [
        {},
        {"trainer__reward_metric": "accuracy"},
        {"trainer__table": "t.yaml"},
    ]
    check_comparable([read_run(make_run(tmp_path / str(i), **each)) for i, each in enumerate(made)])


def test_more_blocks_are_the_same_space(tmp_path: Path) -> None:
    check_comparable([read_run(make_run(tmp_path / str(B), state_space__B=B)) for B in (2, 3)])


def test_a_run_without_a_child_has_no_report(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (4,), status="running", unfinished=4))
    with pytest.raises(InvalidValue, match="at least one child"):
        write_report([run], tmp_path / "report.html")


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"\.html"):
        write_report([read_run(make_run(tmp_path / "demo"))], tmp_path / "report.pdf")


def test_operators_have_no_column_of_further_trainings(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo"))
    again = replace(run.children[0], id=99, key=f"{run.children[0].key}-2", position=9)
    confirmed = replace(run, children=[*run.children, again])
    shown = section(confirmed, 0)
    assert [group.name for group in shown["groups"]] == ["b = 1", "b = 2"]
    assert [name for name, _ in shown["legend"]] == ["b = 1", "b = 2", "confirmation"]


def test_several_trainings_are_no_searches(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "two"):
        run = read_run(make_run(tmp_path / name))
        runs.append(replace(run, training=Training(name, name, run.config, [], {})))
    assert noun_of(runs) == "trainings"
    assert noun_of(runs[:1]) == "trainings"
    search = read_run(tmp_path / "one")
    assert noun_of([search, search]) == "searches"
    assert noun_of([search, *runs]) == "runs"
    titles = comparison_table(runs, ["one", "two"]).title
    assert titles == "Trainings, best first"
