"""Commands of absurd values: every key of every option in the schema, with texts of every kind."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from support.small import write_small_table

from pnas.config.groups import GROUPS, field_names
from pnas.config.suggestions import ROOT_KEYS

Command = tuple[str, ...]

_NUMBERS = (
    "0", "-1", "1", "2", "0.5", "-0.5", "1.5", "0.999999999", "1e-308", "5e-324", "1e308", "1e999",
    "-1e308", "nan", "inf", "-inf", "2147483648", "-2147483649", "9223372036854775808",
    "1000000000", "-1000000000", "1" + "0" * 40, "1" + "0" * 5000, "010", "0x10", "1_000", "1e3",
    "+1", "1.", ".5", "--1", "1,000", "1 000", "1%", "１", "½",
)  # fmt: skip
_WORDS = (
    "null", "true", "false", "yes", "None", "abc", "''", '""', "' '", "a b", "a" * 5000, "é", "🙂",
    "'\x1b[31mred\x1b[0m'", "'\u202etxt'", "'a\nb'", "'\x7f'", "%s", "{0}", "$(id)", "`id`", "\\",
    "'", '"', "!!python/object/apply:os.mkdir [x]", "@here", "#", "=", "a=b", "==", ":", "a:b",
)  # fmt: skip
_STRUCTURES = (
    "[]", "{}", "[1]", "[1,2]", "[[]]", "[[1,[2,[3]]]]", "[a,a]", "[null]", "[true]", "[nan]",
    "[-1,1e999]", "['']", "{a: 1}", "{a: {b: [1]}}", "{1: 2}", "{null: null}", "[" * 40,
    "[" * 300 + "]" * 300, "{a: " * 200 + "1" + "}" * 200, "[{a: 1}]", "[a=b]", "{",
    "[" + ",".join(["identity"] * 300) + "]", "[3x3 conv", "(1, 2)", "1,2", "choice(1,2)",
    "range(1,5)", "glob(*)", "interval(0,1)", "sort(3,1)", "int(a)", "str([1])",
)  # fmt: skip
_REFERENCES = (
    "???", "${seed}", "${nope}", "${oc.env:NOPE}", "${oc.env:HOME}", "${now:%Y}", "${.}", "${..}",
    "${", "}", "$", "${name}", "${task}", "${oc.decode:1}", "${hydra:run.dir}",
)  # fmt: skip
_PATHS = (
    "/", ".", "..", "~", "~nobody/x", "/dev/null", "/dev/zero", "/proc/self/mem", "absent/x.npz",
    "x" * 300, "/".join(["x"] * 2000), "images.npz", "photos", "table.yaml", "[a].npz", "*", "**",
    "outputs", "http://u:pw@127.0.0.1:9/x", "file:///x", "sqlite:///", "s3://x", "x.png", "x.html",
)  # fmt: skip
VALUES = (*_NUMBERS, *_WORDS, *_STRUCTURES, *_REFERENCES, *_PATHS)
"""Values of all kinds for keys of any kind."""

SECRET = "u:pw@"
"""Credentials in one of the values, which no message may repeat."""

_SMALL = (
    "name=fuzzed",
    "plan_only=true",
    "tracking=none",
    "executor=serial",
    "state_space.B=2",
    "controller.K=2",
)
_CELL = "cell=(-1, identity, -1, 3x3 conv)"
_OF_A_RUN = ("from=run", "name=fuzzed", "tracking=none")
_TASKS: dict[str, Command] = {
    "search": _SMALL,
    "train": (*_SMALL, "task=train", "trainer=final_quick", _CELL),
    "tabulate": (*_SMALL, "task=tabulate"),
    "preflight": (*_SMALL, "task=preflight"),
    # Training or a server would follow: these stop at what is checked first.
    "export": ("task=export", *_OF_A_RUN),
    "sync": ("task=sync", *_OF_A_RUN),
    "watch": ("task=watch", "from=absent", "name=fuzzed", "tracking=none"),
    "score": ("task=score", *_OF_A_RUN, "state_space.B=2", "controller.K=2"),
    "rank": ("task=rank", *_OF_A_RUN, "task.output=x.svg"),
    "report": ("task=report", *_OF_A_RUN, "task.output=x.html"),
    "list": ("task=list", "name=fuzzed", "tracking=none"),
    "show": ("task=show", *_OF_A_RUN),
}
_OPTIONS: dict[tuple[str, str], Command] = {
    ("state_space", "pnas"): (),
    ("state_space", "nasbench201"): ("state_space=nasbench201", "child=cifar"),
    ("child", "pnas"): ("child=paper", "child.filters=4"),
    ("child", "flat"): ("child=flat",),
    ("trainer", "search"): (),
    ("trainer", "final"): ("task=train", "trainer=final_quick", _CELL),
    ("trainer", "tabular"): ("trainer=tabular", "trainer.table=table.yaml"),
    ("data", "npz"): ("data=npz", "data.path=images.npz"),
    ("data", "image_folder"): ("data=image_folder", "data.path=photos"),
    ("cache", "sqlite"): (),
}
"""What is typed to choose an option, where it is not ``group=option``."""


def make_files(folder: Path) -> None:
    """Write the data and the table that the commands name into ``folder``."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (80, 8, 8, 1), dtype=np.uint8)
    np.savez(folder / "images.npz", x_train=images, y_train=np.arange(80) % 2)
    for name in ("a", "b"):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(20):
            pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / name / f"{number}.png")
    write_small_table(folder)


def keys() -> list[tuple[Command, str]]:
    """Return every key that can be typed, each with the command that reads it."""
    found: list[tuple[Command, str]] = [(_SMALL, key) for key in ROOT_KEYS]
    for group in GROUPS.values():
        for option, spec in group.options():
            command = _command_of(group.name, option)
            for name in field_names(spec):
                found.append((command, f"{group.name}.{name}"))
            found.append((command, group.name))
    return found


def _command_of(group: str, option: str) -> Command:
    if group == "task":
        return _TASKS[option]
    return (*_SMALL, *_OPTIONS.get((group, option), (f"{group}={option}",)))


def commands(seed: int) -> Iterator[Command]:
    """Yield commands without end; each key comes up once before any comes up again."""
    generator = random.Random(seed)
    while True:
        deck = keys()
        generator.shuffle(deck)
        for command, key in deck:
            yield (*command, _override(generator, key, generator.choice(VALUES)))


def _override(generator: random.Random, key: str, value: str) -> str:
    form = generator.random()
    if form < 0.90:
        return f"{key}={value}"
    if form < 0.94:
        return f"+{key}={value}"
    if form < 0.97:
        return f"++{key}={value}"
    # Without plan_only the search itself would run.
    if form < 0.985 and key != "plan_only":
        return f"~{key}"
    return f"{key}.x={value}"
