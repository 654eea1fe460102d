import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pnas.errors import InvalidValue
from pnas.state_space import NASBench201Space, StateSpace, StateSpaceSpec, build_space

CONF = Path(__file__).parents[2] / "conf" / "state_space"


@pytest.mark.parametrize(
    "space",
    [
        StateSpace(5),
        StateSpace(3, ["identity", "3x3 conv"], 0, 0),
        StateSpace(2, ["identity"], -1, 1),
        NASBench201Space(2),
    ],
)
def test_a_stored_spec_rebuilds_the_space(space):
    again = build_space(space.spec())
    assert type(again) is type(space)
    assert again.spec() == space.spec()


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("small", [36, 2_178, 193_512]),
        ("paper", [136, 31_620]),
        ("seed", [3, 6, 10]),
        ("nasbench201", [5, 125, 15_625]),
    ],
)
def test_conf_files_build_their_spaces(name, cells):
    config = OmegaConf.merge(StateSpaceSpec, OmegaConf.load(CONF / f"{name}.yaml"))
    space = build_space(OmegaConf.to_container(config))
    assert [space.num_cells(b) for b in range(1, len(cells) + 1)] == cells


def test_every_conf_file_is_tested_and_every_key_explained():
    assert {path.stem for path in CONF.iterdir()} == {"small", "paper", "seed", "nasbench201"}
    for path in CONF.iterdir():
        assert all("# " in line for line in path.read_text().splitlines()), path


def test_spec_defaults_are_the_papers_operators():
    assert build_space(StateSpaceSpec()).spec() == StateSpace(3).spec()


@pytest.mark.parametrize(
    ("key", "spec"),
    [
        ("kind", {"kind": "darts", "B": 3}),
        ("K", {"kind": "pnas", "K": 3}),
        ("B", {"kind": "pnas", "B": 0}),
        ("B", {"kind": "nasbench201", "B": 4}),
        ("operators", {"kind": "nasbench201", "operators": ["identity"]}),
        ("input_lookback_depth", {"kind": "nasbench201", "input_lookback_depth": 0}),
    ],
)
def test_bad_specs_are_refused_by_their_key(key, spec):
    with pytest.raises(InvalidValue) as refused:
        build_space(spec)
    assert refused.value.key == f"state_space.{key}"


def test_a_spec_is_checked_when_it_is_made():
    with pytest.raises(InvalidValue, match=r"^state_space\.operators: "):
        StateSpaceSpec(operators=["nonsense"])


def test_importing_the_room_imports_no_framework():
    code = "import sys, pnas.state_space; sys.exit(bool({'tensorflow', 'keras', 'mlflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
