"""Type every command of docs/tutorial.md, in order, in an empty directory, and time it.

    .venv/bin/python experiments/walk_tutorial.py          # with the images that the page makes
    .venv/bin/python experiments/walk_tutorial.py --npz fashion_mnist.npz --images 150
    .venv/bin/python experiments/walk_tutorial.py --environment path/to/venv

With --npz the folder of images is made from that data set instead, with so many images a class, and
image_size is the size of its images. With --environment the command `pnas` of an environment that
the wheel was installed into is typed in place of `python run.py`. The script ends at the first
command that fails, with its output. The search of step 5 takes three minutes.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import numpy as np
from common import print_machine, print_table, progress

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
SERVER = "mlflow ui"  # serves pages until it is stopped, so it is not run


def commands() -> list[list[str]]:
    """Return the words of each command of the page, apart from the one that starts a server."""
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = []
    for block in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            if SERVER not in line:
                found.append(shlex.split(line, comments=True))
    return found


def with_npz(words: list[str], npz: Path, images: int) -> list[str]:
    """Return the same command for a folder that is made from ``npz``."""
    if words[1].endswith("make_photos.py"):
        return ["python", "docs/examples/folder_from_npz.py", str(npz), words[2], str(images)]

    with np.load(npz, allow_pickle=False) as data:
        size = data["x_train"].shape[1]
    renamed = [word.replace("photos/disc/000.png", "photos/class_0/00000.png") for word in words]
    return [re.sub(r"image_size=\d+", f"image_size={size}", word) for word in renamed]


def walk(words: list[str], directory: Path, environment: Path | None) -> float:
    """Run one command of the page in ``directory``.

    Args:
        words: The command.
        directory: Working directory.
        environment: Environment that pnas is installed into; None for this checkout.

    Returns:
        Seconds of wall-clock time.
    """
    assert words[0] == "python"
    started = time.monotonic()
    done = subprocess.run(
        command_of(words, environment),
        cwd=directory,
        env=variables(environment),
        capture_output=True,
        text=True,
    )
    typed = shlex.join(words)
    if done.returncode != 0:
        raise SystemExit(f"{typed}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    progress(f"{typed}\n{done.stdout[-600:]}")
    return time.monotonic() - started


def command_of(words: list[str], environment: Path | None) -> list[str]:
    """Return what is run for the words of a command of the page."""
    script = str(ROOT / words[1])
    if environment is None:
        return [sys.executable, script, *words[2:]]
    programs = environment.resolve() / "bin"
    if words[1] == "run.py":
        return [str(programs / "pnas"), *words[2:]]
    return [str(programs / "python"), script, *words[2:]]


def variables(environment: Path | None) -> dict[str, str]:
    """Return the environment variables of a command; an installed package is found without any."""
    if environment is None:
        return {**os.environ, "PYTHONPATH": str(ROOT)}
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--npz", type=Path, help="data set to make the folder from")
    parser.add_argument("--images", type=int, default=150, help="images of each class, with --npz")
    parser.add_argument("--environment", type=Path, help="where the wheel was installed")
    arguments = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory(prefix="tutorial-") as scratch:
        for words in commands():
            if arguments.npz:
                words = with_npz(words, arguments.npz.resolve(), arguments.images)
            seconds = walk(words, Path(scratch), arguments.environment)
            rows.append((shlex.join(words), f"{seconds:.1f} s"))
    print_table(("command", "time"), rows)
    print_machine("tensorflow", "mlflow")


if __name__ == "__main__":
    main()
