"""Paths, names and cells are accepted as people type them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from pnas.config import quote_values, read_settings, register_schema
from pnas.config.value_quoting import as_typed

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture(autouse=True, scope="module")
def composing() -> Iterator[None]:
    register_schema()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


@pytest.mark.parametrize(
    "path",
    [
        "plain/photos", "../photos", "~/photos", "with space/photos", "photos (1)", "grün",
        "a=b", "a#b", "a:b", "a&b;c", "x,y", "[x]", "{y}", "100%", "$5", "1e5", "2026_11_26",
        "true", "it's", "a'b\\'c", 'say "hi"', "back\\slash", "end\\",
    ],
)  # fmt: skip
def test_a_path_is_the_text_that_was_typed(path: str) -> None:
    typed = quote_values(["name=a", "data=npz", f"data.path={path}"])
    assert read_settings(compose("config", typed)).data.path == path


@pytest.mark.parametrize(
    "paths",
    [
        ["a=b/x.csv", "a#b.csv"], ["photos (1)/a.csv", "(x,y).csv"], ["[x]/a.csv", "a[1,2].csv"],
        ["{y}.csv"], ["~/a.csv"], ["grün.csv", "1e5"], ["multirun/*/journal.sqlite"],
    ],
)  # fmt: skip
def test_a_list_of_paths_is_the_texts_that_were_typed(paths: list[str]) -> None:
    typed = quote_values(["name=a", "task=rank", f"task.files=[{', '.join(paths)}]"])
    assert read_settings(compose("config", typed)).task.files == paths


@pytest.mark.parametrize(
    ("typed", "paths"),
    [
        ("[it's.csv,b.csv]", ["it's.csv", "b.csv"]),
        ("['x,y.csv',\"b.csv\"]", ["x,y.csv", "b.csv"]),
        ("[a[.csv,b].csv]", ["a[.csv,b].csv"]),
        ("[a[.csv,b.csv]", ["a[.csv", "b.csv"]),
        ("[]", []),
    ],
)
def test_a_list_of_paths_with_quotes_and_single_brackets(typed: str, paths: list[str]) -> None:
    quoted = quote_values(["name=a", "task=rank", f"task.files={typed}"])
    assert read_settings(compose("config", quoted)).task.files == paths


def test_a_comma_in_the_name_of_what_exists_separates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r=1 (2),[z]").mkdir()
    typed = quote_values(["name=a", "task=rank", "task.files=[r=1 (2),[z], x]"])
    assert read_settings(compose("config", typed)).task.files == ["r=1 (2),[z]", "x"]


@pytest.mark.parametrize("name", ["2026_11_26", "1e5", "010", "2024", "on", "null_model", "a.b-c"])
def test_a_name_is_text_always(name: str) -> None:
    assert read_settings(compose("config", quote_values([f"name={name}"]))).name == name


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("data=image_folder", "data.background", "#ff0000"),
        ("data=digits", "tracking.uri", "sqlite:////home/josé (1)/mlflow.db"),
        ("executor=ray", "executor.measure_on", "jetson#1"),
        ("trainer=tabular", "trainer.table_reward", "accuracy (50%)"),
    ],
)
def test_colours_addresses_and_columns_are_texts_too(group: str, key: str, value: str) -> None:
    typed = quote_values(["name=a", "data.path=x", group, f"{key}={value}"])
    if "image_folder" not in group:
        typed.remove("data.path=x")
    config = compose("config", typed)
    assert OmegaConf.select(config, key) == value


@pytest.mark.parametrize(
    "typed",
    [
        "data.path=my photos (1)",
        "data.path=it's",
        "data.path=a'b\\'c",
        "data.path=end\\",
        "name=2026_11_26",
        "cell=(-1, 3x3 conv, -2, identity)",
        "state_space.operators=['3x3 conv',identity]",
        "trainer.epochs=3",
        "from=null",
    ],
)
def test_quotes_that_were_added_are_taken_away(typed: str) -> None:
    (quoted,) = quote_values([typed])
    assert as_typed(quoted) == typed


def test_a_cell_that_is_written_out() -> None:
    cell = "(-1, 3x3 conv, -2, identity)"
    assert quote_values([f"cell={cell}", "+cell= (a)"]) == [f"cell='{cell}'", "+cell='(a)'"]
    assert read_settings(compose("config", quote_values(["name=a", f"cell={cell}"]))).cell == cell


@pytest.mark.parametrize(
    "argument",
    [
        "cell=best",
        "cell='(-1, identity, -1, identity)'",
        "name=quickstart",
        "name=",
        "from=null",
        "from=outputs/2026-11-26_10-00-00",
        "data.path=${oc.env:PHOTOS}",
        'data.path="a b"',
        "state_space.operators=[3x3 conv,identity]",
        "trainer.epochs=3",
        "-m",
        "--help",
    ],
)
def test_anything_else_stays_as_it_was_typed(argument: str) -> None:
    assert quote_values([argument]) == [argument]


def test_commas_separate_the_values_of_a_multirun() -> None:
    typed = ["-m", "data.path=a b,c", "name=choice(a,b)", "cell=best,top5"]
    assert quote_values(typed) == ["-m", "data.path='a b',c", "name=choice(a,b)", "cell=best,top5"]
