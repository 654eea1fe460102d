"""docs/reference.md: every config group, its options, and every key with its meaning.

    .venv/bin/python experiments/config_reference.py docs/reference.md

Written from the specifications of pnas/config/groups.py and the files in conf/. Takes a second;
`make docs` does it before each build.
"""

import argparse
from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from pnas.config.groups import GROUPS, Group, default_values
from pnas.config.key_docs import key_meanings

ROOT = Path(__file__).resolve().parent.parent

_INTRODUCTION = """
Made from the specifications of the options by `experiments/config_reference.py`. Choose an option
with `group=option`, change a key with `group.key=value`, see the result with
`python run.py --cfg job`. A key is read by the options named in the second column. Defaults are
those of the specification; a file may set others, which the second table of each group shows.
"""


@dataclass
class Key:
    """One row of a group's table.

    Attributes:
        name: Name of the key, without that of its group.
        kind: Its type, as it is written in the specification.
        default: Its default value.
        meaning: What the specification's docstring says of it.
        options: The options that read it.
    """

    name: str
    kind: str
    default: Any
    meaning: str
    options: list[str] = field(default_factory=list)

    def row(self, group: str, all_options: list[str]) -> str:
        """Return the row in Markdown."""
        readers = "all" if self.options == all_options else ", ".join(self.options)
        cells = (
            f"`{group}.{self.name}`",
            readers,
            escape(self.kind),
            escape(written(self.default)),
            escape(self.meaning.replace("``", "`")),
        )
        return f"| {' | '.join(cells)} |"


def reference() -> str:
    """Return the page in Markdown."""
    parts = ["# Configuration", _INTRODUCTION]
    for group in GROUPS.values():
        parts += group_section(group)
    parts += experiment_section()
    return "\n".join(parts)


def group_section(group: Group) -> Iterator[str]:
    """Yield the lines of one group: its keys, then its options."""
    yield f"\n## {group.name}\n"
    yield "| key | read by | type | default | meaning |"
    yield "|---|---|---|---|---|"
    options = [option for option, _ in group.options()]
    for key in group_keys(group):
        yield key.row(group.name, options)

    yield ""
    yield "| option | what | sets |"
    yield "|---|---|---|"
    for path in sorted((ROOT / "conf" / group.name).glob("*.yaml")):
        yield f"| `{group.name}={path.stem}` | {escape(about(path))} | {escape(values_in(path))} |"
    yield ""


def group_keys(group: Group) -> list[Key]:
    """Return the keys of a group; what several options read alike is one entry."""
    found: dict[tuple[str, str, str], Key] = {}
    for option, spec in group.options():
        meanings = key_meanings(spec)
        defaults = default_values(spec)
        for each in fields(spec):
            # The key that selects the option has another default in each, and one meaning.
            default = None if each.name == group.key else defaults.get(each.name)
            meaning = meanings.get(each.name, "")
            entry = Key(each.name, type_name(each), default, meaning)
            same = found.setdefault((each.name, str(default), meaning), entry)
            same.options.append(option)
    return list(found.values())


def type_name(each: Field) -> str:  # type: ignore[type-arg]
    """Return the type of a field as people write it."""
    if isinstance(each.type, str):
        return each.type
    return getattr(each.type, "__name__", str(each.type))


def about(path: Path) -> str:
    """Return the comment at the head of a YAML file, or that of its first key."""
    lines = path.read_text().splitlines()
    comments = [line.lstrip("# ") for line in lines if line.startswith("#")]
    leading = [line for line in comments if not line.startswith("@package")]
    if leading:
        return " ".join(leading)
    commented = [line.partition("  #")[2].strip() for line in lines if "  #" in line]
    return commented[0] if commented else ""


def values_in(path: Path) -> str:
    """Return the keys that a YAML file sets, with their values."""
    values = yaml.safe_load(path.read_text()) or {}
    values.pop("defaults", None)
    # A file that overrides other groups writes the name of its own group.
    values = values.get(path.parent.name, values)
    return ", ".join(f"{key}={written(value)}" for key, value in values.items())


def experiment_section() -> Iterator[str]:
    """Yield the lines about the files of conf/experiment."""
    yield "\n## experiment\n"
    yield "Whole studies.\n"
    yield "| option | what |"
    yield "|---|---|"
    for path in sorted((ROOT / "conf" / "experiment").glob("*.yaml")):
        lines = path.read_text().splitlines()
        comments = [line.lstrip("# ") for line in lines if line.startswith("#")]
        # The first comment is Hydra's "@package _global_".
        yield f"| `experiment={path.stem}` | {escape(' '.join(comments[1:]))} |"
    yield ""


def written(value: object) -> str:
    """Return ``value`` as YAML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def escape(text: str) -> str:
    """Return ``text`` for a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def main() -> None:
    """Write the page to the path that is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the Markdown file to write")
    parser.parse_args().path.write_text(reference())


if __name__ == "__main__":
    main()
