"""One specification an option: what an option composes to, and what it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from pnas.config import GROUPS, explain, read_settings, read_stored_settings, register_schema
from pnas.config.error_messages import COMPOSITION_ERRORS
from pnas.config.groups import field_names
from pnas.config.task_specs import RankTask, SearchTask
from pnas.data import DigitsSpec
from pnas.data.data_spec import ArraySpec
from pnas.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = [
    (group, path.stem) for group in ("data", "task") for path in sorted((CONF / group).glob("*"))
]


@pytest.fixture(autouse=True, scope="module")
def composing() -> Iterator[None]:
    register_schema()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_an_option_composes_to_the_keys_that_it_reads(group: str, option: str) -> None:
    composed = compose("config", [f"{group}={option}"])[group]
    spec = GROUPS[group].spec_of(composed)
    assert tuple(composed) == field_names(spec)
    assert OmegaConf.get_type(composed) is spec


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "data.image_size=8",
            "data.image_size: belongs to data=image_folder; data=digits does not read it. "
            "Received: '8'",
        ),
        (
            "task.overlay=true",
            "task.overlay: belongs to task=rank; task=search does not read it. Received: 'true'",
        ),
    ],
)
def test_the_key_of_another_option_is_refused_with_its_owner(override: str, message: str) -> None:
    with pytest.raises(COMPOSITION_ERRORS) as caught:
        compose("config", [override])
    assert explain(caught.value) == message


def test_messages_name_options_that_exist() -> None:
    for group in GROUPS.values():
        typed, _, _ = group.choice("").partition("=")
        if typed != group.name:
            continue
        for option, _ in group.options():
            for name in group.files.get(option, (option,)):
                assert (CONF / group.name / f"{name}.yaml").is_file(), (group.name, name)


def test_a_key_that_is_added_is_refused_as_well() -> None:
    composed = compose("config", ["name=a", "+data.image_size=8"])
    with pytest.raises(InvalidValue, match=r"data\.image_size: belongs to data=image_folder"):
        read_settings(composed)


def test_the_selecting_key_may_be_typed_alone() -> None:
    composed = compose("config", ["name=a", "data.name=cifar10", "task.name=rank"])
    settings = read_settings(composed)
    # train_size and test_size are those of digits, which both sources read.
    assert settings.data == ArraySpec(name="cifar10", train_size=256, test_size=500)
    assert settings.task == RankTask()


def test_keys_of_the_replaced_option_that_were_changed_are_refused() -> None:
    composed = compose("config", ["name=a", "task.name=show", "task.objective=rank_correlation"])
    with pytest.raises(InvalidValue, match=r"task\.objective: belongs to task=search"):
        read_settings(composed)


def test_a_configuration_of_version_0_1_is_brought_up_to_date() -> None:
    composed = compose("config", ["name=a"])
    stored = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(stored, dict)
    stored["task"] = {"name": "search", "objective": "reward", "top": 1000, "files": None}
    stored["data"] |= {"path": None, "val_fraction": 0.2, "image_size": None, "stream": None}

    settings = read_stored_settings(stored)
    assert settings.task == SearchTask()
    assert settings.data == DigitsSpec(train_size=256, test_size=500)

    stored["data"]["pixels"] = 3
    with pytest.raises(InvalidValue, match=r"data\.pixels: must be a key that exists"):
        read_stored_settings(stored)


def test_what_is_stored_reads_back_the_same() -> None:
    settings = read_settings(compose("config", ["name=a", "task=rank", "task.files=[a.csv]"]))
    assert read_stored_settings(settings.as_dict()) == settings
