"""docs/errors.md: twenty mistyped commands, and what pnas answers to each.

    .venv/bin/python experiments/mistyped_commands.py docs/errors.md

Takes two seconds. A test compares the page with what the commands answer.
"""

import argparse
import shlex
from functools import cache
from pathlib import Path

from hydra import compose, initialize_config_dir

from pnas.config import COMPOSITION_ERRORS, explain, read_settings, register_schema
from pnas.errors import PnasError

ROOT = Path(__file__).resolve().parent.parent

COMMANDS = (
    ("controler=lstm", "controller"),
    ("experimnt=quickstart", "experiment"),
    ("trainer.epoch=3", "trainer.epochs"),
    ("state_space.b=3", "state_space.B"),
    ("executer.workers=2", "executor.workers"),
    ("tracking.url=http://127.0.0.1:5000", "tracking.uri"),
    ("B=4", "state_space.B"),
    ("K=16", "controller.K"),
    ("epochs=3", "trainer.epochs"),
    ("wokers=4", "executor.workers"),
    ("learning_rate=0.1", "trainer.learning_rate"),
    ("batch_size=128", "trainer.batchsize"),
    ("trainer.K=16", "controller.K"),
    ("data.image_size=32", "data=image_folder"),
    ("search=evolutoin", "evolution"),
    ("data=cifar", "cifar10"),
    ("trainer.epochs=three", "integer"),
    ("controller.K=all", "null"),
    ("child.filters=8.5", "integer"),
    ("state_space.operators=identity", "list"),
)
"""What is typed, and what the answer must name."""

_HEAD = """# Errors

A wrong key or value ends the command with one line and exit code 2, before any work starts. The
line names the key, the rule, and the value received. For a key or an option that does not exist, it
names the closest one first; for a key without its group, the full name.

`experiments/mistyped_commands.py` generates this page.

| typed | answer |
|---|---|
"""


@cache
def answer(override: str) -> str:
    """Return the line that a command with ``override`` ends with.

    Raises:
        AssertionError: The command is not refused.
    """
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        try:
            read_settings(compose("config", ["name=mistyped", override]))
        except COMPOSITION_ERRORS as error:
            return explain(error)
        except PnasError as error:
            return str(error)
    raise AssertionError(f"{override} is not refused")


def page() -> str:
    """Return docs/errors.md."""
    rows = []
    for override, _ in COMMANDS:
        text = answer(override).replace("|", "\\|")
        rows.append(f"| `{shlex.quote(override)}` | {text} |")
    return _HEAD + "\n".join(rows) + "\n"


def main() -> None:
    """Write the page to the path that is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the Markdown file to write")
    parser.parse_args().path.write_text(page())


if __name__ == "__main__":
    main()
