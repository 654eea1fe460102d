"""A command's configuration is composed once, and is that which Hydra composes twice."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from pnas import hydra_job
from pnas.config import composed_once, register_schema
from pnas.multirun import job_dispatch

SWEPT = """# @package _global_
hydra:
  mode: MULTIRUN
  sweep: {dir: m}
  sweeper: {params: {seed: "1,2"}}
"""


class Watched:
    """What Hydra has composed, and what the jobs were given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.modes: list[str] = []
        self.jobs: list[dict[str, Any]] = []
        self._patch = patch
        compose = ConfigLoaderImpl._load_configuration_impl

        def count(loader: ConfigLoaderImpl, *positional: Any, **named: Any) -> DictConfig:
            config = compose(loader, *positional, **named)
            self.modes.append(named["run_mode"].name)
            return config

        patch.setattr(ConfigLoaderImpl, "_load_configuration_impl", count)
        patch.setattr(job_dispatch, "run_job", self._note)

    def _note(self, config: DictConfig) -> None:
        whole = OmegaConf.to_container(config)
        of_hydra = OmegaConf.to_container(HydraConfig.instance().cfg)
        self.jobs.append({"job": whole, "hydra": of_hydra})

    def run(self, how: AbstractContextManager[None], *arguments: str) -> list[dict[str, Any]]:
        """Return the jobs of a command."""
        self.modes.clear()
        self.jobs = []
        self._patch.setattr(sys, "argv", ["run.py", *arguments])
        with how:
            hydra_job.run()
        return self.jobs


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.chdir(tmp_path)
    register_schema()
    return Watched(monkeypatch)


def test_a_job_is_that_of_hydra_and_composed_once(watched: Watched) -> None:
    command = ("name=x", "state_space.B=3", "experiment=quickstart", "hydra.job.chdir=false")
    (expected,) = watched.run(nullcontext(), *command)
    assert watched.modes == ["MULTIRUN", "RUN"]
    (job,) = watched.run(composed_once(), *command)
    assert watched.modes == ["RUN"]
    assert job == expected
    assert job["hydra"]["hydra"]["mode"].name == "RUN"


def test_a_multirun_is_composed_as_ever(watched: Watched) -> None:
    (job,) = watched.run(composed_once(), "-m", "seed=1", "hydra.sweep.dir=m")
    assert job["job"]["seed"] == 1
    assert job["hydra"]["hydra"]["mode"].name == "MULTIRUN"
    assert job["hydra"]["hydra"]["job"]["num"] == 0


def test_a_mode_in_a_file_is_found(watched: Watched, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir(parents=True)
    (folder / "swept.yaml").write_text(SWEPT)
    jobs = watched.run(composed_once(), "--config-dir=mine", "experiment=swept")
    assert [job["job"]["seed"] for job in jobs] == [1, 2]


@pytest.mark.parametrize("wrong", ["child.filters=many", "seed=1,2", "data=nowhere"])
def test_errors_are_those_of_hydra(watched: Watched, wrong: str) -> None:
    with pytest.raises(Exception) as expected:
        watched.run(nullcontext(), wrong)
    with pytest.raises(type(expected.value)) as raised:
        watched.run(composed_once(), wrong)
    assert str(raised.value) == str(expected.value)
    assert watched.jobs == []
