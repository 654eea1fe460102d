"""Files that were damaged, or made to harm: read as they are, or refused in one line."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fuzzing.hostile_files import CASES, SPACE, make_examples

from pnas.data import load_dataset
from pnas.errors import InvalidValue, PnasError
from pnas.predictors import load_predictor
from pnas.records.cell_trainings import repeat_of

SIDE_FILES = ("-wal", "-shm")
LONGEST = 4000
"""Characters of an error; what is printed of it is cut at 1,000."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one sound file of each kind."""
    folder = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_examples(folder)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sound files, in the working directory."""
    monkeypatch.chdir(shutil.copytree(sound, tmp_path / "copy"))
    return tmp_path / "copy"


def restore(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for suffix in SIDE_FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def refusal(read: Callable[[], object]) -> str:
    """Return what a reader says; nothing if it accepts the file."""
    try:
        read()
    except PnasError as error:
        return str(error)
    return ""


def damage_and_read(name: str, folder: Path, seed: int, count: int) -> None:
    case = CASES[name]
    path = folder / case.file
    case.read(folder)
    content = path.read_bytes()
    rng = random.Random(f"{name} {seed}")
    for number in range(count):
        restore(path, content)
        mutation = rng.choice(case.mutations)
        mutation(path, rng)
        said = refusal(lambda: case.read(folder))
        where = (name, seed, number, mutation.__name__)
        assert "\n" not in said, where
        assert len(said) < LONGEST, where


@pytest.mark.parametrize("name", CASES)
def test_damaged_files_are_read_or_refused(name: str, folder: Path) -> None:
    damage_and_read(name, folder, seed=0, count=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_many_damaged_files_are_read_or_refused(name: str, folder: Path) -> None:
    damage_and_read(name, folder, seed=1, count=20)


def edit_arrays(path: Path, **changes: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.load(path) as archive:
        arrays = dict(archive.items())
    for name, change in changes.items():
        arrays[name] = change(arrays[name])
    np.savez(path, **arrays)


def test_a_predictor_of_complex_or_infinite_numbers_is_refused(folder: Path) -> None:
    edit_arrays(folder / "gp/weights.npz", rewards=lambda array: array.astype(complex))
    with pytest.raises(InvalidValue, match="rewards must hold finite numbers"):
        load_predictor(folder / "gp", SPACE)
    edit_arrays(folder / "trees/weights.npz", scores=lambda array: array + np.inf)
    with pytest.raises(InvalidValue, match="scores must hold finite numbers"):
        load_predictor(folder / "trees", SPACE)


def test_a_predictor_that_cannot_score_is_refused_when_it_is_loaded(folder: Path) -> None:
    edit_arrays(folder / "trees/weights.npz", scores=lambda array: array[:1])
    with pytest.raises(InvalidValue, match="must hold a trained predictor"):
        load_predictor(folder / "trees", SPACE)


def test_a_header_of_an_array_that_is_no_literal_is_one_line(folder: Path) -> None:
    path = folder / "images.npz"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(80, 8, 8, 1), }", b"(80, 8, 8, 1), })"[:16]))
    path.write_bytes(path.read_bytes().replace(b"'shape': (80", b"'shape': ]80"))
    with pytest.raises(InvalidValue, match=r"data.path: must be readable"):
        load_dataset("npz", path=str(path))


def test_a_key_that_ends_in_a_date_is_no_repeat() -> None:
    assert repeat_of("2001-01-01") == 1
    assert repeat_of("abc-2") == 2
