"""Whether two versions of the project find the same: searches and trainings compared bit for bit.

    .venv/bin/python experiments/benchmarks/same_results.py --base 49b9fd5

Checks out ``--base`` into a temporary directory, runs the same commands there and in this working
tree, and compares what they leave: cells, rewards and predictions of children.csv, cells and
rewards of summary.json, the arrays of every saved predictor, and the accuracies of a final
training. Takes about six minutes on 2 cores. Exits with 1 if anything differs.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

TABLE = (
    "trainer=tabular",
    "trainer.table=experiments/tables/digits.yaml",
    "state_space.B=2",
    "tracking=none",
)
RUNS: dict[str, tuple[str, ...]] = {
    "progressive": ("search=progressive", "tracking=none"),
    "refined": ("search=refined", "search.max_children=60", *TABLE),
    "evolution": ("search=evolution", "search.max_children=60", *TABLE),
    "random": ("search=random", "search.max_children=24", *TABLE),
    "lstm": ("controller=lstm", "controller.steps=50", *TABLE),
    "final": (
        "experiment=final_quick",
        "from=outputs/progressive",
        "trainer.epochs=6",
        "task.seeds=2",
        "tracking=none",
    ),
}
# Overrides that only the newer version knows, which switch off what it does beyond the older one.
NEW_ONLY: dict[str, tuple[str, ...]] = {}

COMPARED_COLUMNS = (
    "stage",
    "cell",
    "reward",
    "predicted",
    "status",
    "params",
    "flops",
    "seed",
    "key",
)
SAME_STATUS = {"spare": "superseded"}  # earlier name -> today's


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Give the ``with`` block a directory that holds the tree of ``commit``."""
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "tree"
        subprocess.run(
            ["git", "worktree", "add", "--detach", "--quiet", str(tree), commit],
            cwd=ROOT,
            check=True,
        )
        try:
            yield tree
        finally:
            subprocess.run(
                ["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True
            )


def run_all(
    tree: Path, directory: Path, names: list[str], extra: dict[str, tuple[str, ...]]
) -> None:
    """Run the commands called ``names`` by the code in ``tree``; outputs go below ``directory``."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "CUDA_VISIBLE_DEVICES": "-1"}
    directory.mkdir(parents=True)
    (directory / "experiments").symlink_to(tree / "experiments")

    for name in names:
        command = [sys.executable, str(tree / "run.py"), f"name={name}", *RUNS[name]]
        command += extra.get(name, ())
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise SystemExit(f"{name} failed in {tree}:\n{done.stderr[-2000:]}")


def children(run: Path) -> list[dict[str, str]]:
    """Return the compared columns of a run's children.csv, one mapping a child."""
    with (run / "children.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        kept = {column: row.get(column, "") for column in COMPARED_COLUMNS}
        kept["status"] = SAME_STATUS.get(kept["status"], kept["status"])
        found.append(kept)
    return found


def summary(run: Path) -> dict[str, Any]:
    """Return what must not change of a run's summary.json."""
    stored = json.loads((run / "summary.json").read_text())
    stages = []
    for stage in stored["stages"]:
        predictor = stage["predictor"] or {}
        stages.append(
            {
                "children": stage["children"],
                "candidates": stage["candidates_scored"],
                "unique": stage["unique_candidates"],
                "best": stage["best_reward"],
                "mean": stage["mean_reward"],
                "loss": predictor.get("loss"),
                "spearman_next": predictor.get("spearman_next"),
                "spearman_cv": predictor.get("spearman_cv"),
            }
        )
    best = stored["best"]
    return {"cell": best["cell"], "reward": best["reward"], "stages": stages}


def predictor_arrays(run: Path) -> dict[str, np.ndarray]:
    """Return every array of every predictor that a run saved, by file and name."""
    found = {}
    for path in sorted(run.glob("controller/*/weights.npz")):
        with np.load(path) as arrays:
            for name in arrays.files:
                found[f"{path.parent.name}/{name}"] = arrays[name]
    return found


def trained_accuracies(run: Path) -> list[Any]:
    """Return what a final training measured."""
    members = json.loads((run / "training.json").read_text())["members"]
    return sorted((m["seed"], m["val_accuracy"], m["test_accuracy"]) for m in members)


def differences(base: Path, new: Path) -> list[str]:
    """Return what differs between two runs of the same command, in words."""
    if not (base / "children.csv").is_file():
        is_same = trained_accuracies(base) == trained_accuracies(new)
        return [] if is_same else ["accuracies of the final training"]

    found = []
    if children(base) != children(new):
        found.append("children.csv")
    if summary(base) != summary(new):
        found.append("summary.json")

    old_arrays = predictor_arrays(base)
    new_arrays = predictor_arrays(new)
    if old_arrays.keys() != new_arrays.keys():
        found.append("the files of the predictors")
    for name in old_arrays.keys() & new_arrays.keys():
        if not np.array_equal(old_arrays[name], new_arrays[name]):
            found.append(f"predictor {name}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", required=True, help="commit to compare with")
    parser.add_argument("--runs", nargs="+", default=list(RUNS), choices=list(RUNS))
    parser.add_argument(
        "--keep", type=Path, help="directory of the base's outputs, made if missing"
    )
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as directory:
        base = arguments.keep or Path(directory) / "base"
        if not base.exists():
            with checked_out(arguments.base) as tree:
                run_all(tree, base, arguments.runs, {})
        new = Path(directory) / "new"
        run_all(ROOT, new, arguments.runs, NEW_ONLY)

        has_difference = False
        for name in arguments.runs:
            found = differences(base / "outputs" / name, new / "outputs" / name)
            has_difference |= bool(found)
            print(f"{name:12} {'differs: ' + ', '.join(found) if found else 'the same'}")
    return 1 if has_difference else 0


if __name__ == "__main__":
    sys.exit(main())
