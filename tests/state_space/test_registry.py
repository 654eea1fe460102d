import re
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pnas.errors import InvalidValue
from pnas.state_space import (
    STATE_SPACES,
    NASBench201Space,
    NASBench201Spec,
    PNASSpaceSpec,
    StateSpace,
    build_space,
    migrate_state_space,
)

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
    values = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    del values["defaults"]
    space = build_space(values)
    assert [space.num_cells(b) for b in range(1, len(cells) + 1)] == cells


def test_every_conf_file_is_tested_and_every_key_explained():
    assert {path.stem for path in CONF.iterdir()} == {"small", "paper", "seed", "nasbench201"}
    for path in CONF.iterdir():
        settings = re.findall(r"^\w+:.*$", path.read_text(), re.MULTILINE)
        explained = [line for line in settings if "# " in line]
        assert explained == [line for line in settings if line != "defaults:"], path


def test_spec_defaults_are_the_papers_operators():
    assert build_space(PNASSpaceSpec()).spec() == StateSpace(3).spec()


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


@pytest.mark.parametrize(
    ("spec_type", "key", "value"),
    [
        (PNASSpaceSpec, "operators", ["nonsense"]),
        (PNASSpaceSpec, "operators", []),
        (PNASSpaceSpec, "B", 0),
        (PNASSpaceSpec, "input_lookback_depth", 1),
        (PNASSpaceSpec, "input_lookforward_depth", -1),
        (NASBench201Spec, "B", 4),
    ],
)
def test_a_spec_is_checked_when_it_is_made(spec_type, key, value):
    with pytest.raises(InvalidValue) as refused:
        spec_type(**{key: value})
    assert refused.value.key == f"state_space.{key}"


@pytest.mark.parametrize("kind", ["pnas", "nasbench201"])
def test_every_registered_space_is_built_from_its_default_spec(kind):
    spec = STATE_SPACES.spec(kind, default=PNASSpaceSpec)()
    space = build_space(spec)
    assert space.spec()["kind"] == kind
    assert space.B == 3


def test_a_nasbench201_space_stored_with_the_keys_of_all_spaces_is_read():
    stored = {
        "kind": "nasbench201",
        "B": 2,
        "operators": None,
        "input_lookback_depth": -2,
        "input_lookforward_depth": None,
    }
    assert migrate_state_space(stored) == {"kind": "nasbench201", "B": 2}


def test_a_stored_pnas_space_is_read_as_it_is():
    stored = PNASSpaceSpec(B=2, operators=["identity"], input_lookback_depth=0)
    assert migrate_state_space(vars(stored)) == vars(stored)


def test_importing_the_room_imports_no_framework():
    frameworks = "{'tensorflow', 'keras', 'mlflow'}"
    code = f"import sys, pnas.state_space; sys.exit(bool({frameworks} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
