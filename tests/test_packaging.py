"""The wheel is a tool: installed into an empty environment it searches from any directory."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from support.command import ROOT, run_here
from support.small import SMALL

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "docs" / "examples" / "team_repository"
BUILD = ("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
INSTALL = ("pip", "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed")


def build_wheel(source: Path, parts: tuple[str, ...], folder: Path) -> Path:
    """Build a wheel from a copy, which no earlier build has left anything in."""
    copy = folder / f"{source.name}_source"
    copy.mkdir()
    for part in parts:
        if (source / part).is_dir():
            shutil.copytree(source / part, copy / part)
        else:
            shutil.copy(source / part, copy / part)
    wheels = folder / f"{source.name}_wheel"
    command = [sys.executable, "-m", *BUILD, "--wheel-dir", str(wheels), str(copy)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(wheels.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parts = ("pnas", "conf", "setup.py", "pyproject.toml", "README.md")
    return build_wheel(ROOT, parts, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; libraries are those of this one (3 GB to download)."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    site_packages = next(home.glob("lib/python*/site-packages"))
    libraries = sysconfig.get_paths()["purelib"]
    # A path in a .pth file is searched last, and editable installations in it are not seen.
    (site_packages / "libraries.pth").write_text(f"{libraries}\n")
    install(home, wheel)
    return home


def install(environment: Path, wheel: Path) -> None:
    command = [str(environment / "bin" / "python"), "-m", *INSTALL, str(wheel)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def pnas(environment: Path, cwd: Path, *arguments: str) -> str:
    """What the command prints; it must end well."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(environment / "bin" / "pnas"), *arguments],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    # Libraries, too, have nothing to say to a user.
    assert done.stderr == ""
    return done.stdout


def test_the_wheel_holds_every_file_of_conf(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.endswith(".yaml")}
        assert "pnas/py.typed" in archive.namelist()
    files = {path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*.yaml")}
    assert held == {f"pnas/{path}" for path in files}


def test_it_says_what_it_is(environment: Path, tmp_path: Path) -> None:
    lines = pnas(environment, tmp_path, "--version").splitlines()
    assert lines[0] == "pnas 0.1.0"
    assert any(line.startswith("tensorflow 2.") for line in lines)
    assert any(line.startswith("keras 3.") for line in lines)
    assert any(line.startswith("device CPU") for line in lines)


def test_help_and_keys_are_those_of_a_checkout(
    environment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = pnas(environment, tmp_path, "--cfg", "job", "name=a")
    assert run_here("--cfg", "job", "name=a") == 0
    assert installed == capsys.readouterr().out
    assert "state_space: nasbench201, paper, seed, small" in pnas(environment, tmp_path, "--help")


def test_a_search_from_an_empty_directory(environment: Path, tmp_path: Path) -> None:
    pnas(environment, tmp_path, "name=tiny", *SMALL)
    assert (tmp_path / "outputs" / "tiny" / "report.html").is_file()
    assert "tiny" in pnas(environment, tmp_path, "task=list")


def test_a_folder_of_configuration_files(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    text = "# @package _global_\nstate_space:\n  B: 2\n"
    (tmp_path / "conf" / "experiment" / "ours.yaml").write_text(text)
    shown = pnas(
        environment,
        tmp_path,
        *("--config-dir", "./conf", "experiment=ours", "--cfg", "job", "--package", "state_space"),
    )
    assert "B: 2" in shown


def test_a_team_s_own_repository(environment: Path, tmp_path: Path) -> None:
    parts = tuple(path.name for path in EXAMPLE.iterdir())
    install(environment, build_wheel(EXAMPLE, parts, tmp_path))
    pnas(environment, tmp_path, "experiment=team_study", "name=ours", "trainer.epochs=1")
    children = (tmp_path / "outputs" / "ours" / "children.csv").read_text()
    assert "team conv" in children
