"""docs/reference.md: every group of the configuration, its options, and every key with its type, default and meaning.

    .venv/bin/python experiments/config_reference.py docs/reference.md

Written from the typed schemas (pnas/config/schema.py) and the files in conf/; `make docs` does it before each build.
"""

import argparse
import inspect
import re
from dataclasses import MISSING, Field, fields
from pathlib import Path

import yaml

from pnas.config.schema import GROUPS

ROOT = Path(__file__).resolve().parent.parent
_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)


def reference() -> str:
    """The page in Markdown."""
    parts = [
        "# Configuration",
        _INTRODUCTION,
        *(_group(group, spec) for group, spec in GROUPS.items()),
        _experiments(),
    ]
    return "\n".join(parts)


_INTRODUCTION = """
Made from the typed schemas by `experiments/config_reference.py`. Choose a file of a group with `group=file`, change a
key with `group.key=value`, see the result with `python run.py --cfg job`. Defaults are the schema's; a file may set
others, which the second table of each group shows.
"""


def _group(group: str, spec: type) -> str:
    # A group's keys may come from several dataclasses, each of which explains its own.
    texts = [
        inspect.cleandoc(kind.__doc__ or "")
        for kind in reversed(spec.__mro__)
        if kind is not object
    ]
    meanings = {
        name: " ".join(meant.split()) for text in texts for name, meant in _ATTRIBUTE.findall(text)
    }
    first = (inspect.getdoc(spec) or "").partition("\n\n")[0]
    rows = [_row(group, field, meanings) for field in fields(spec)]
    table = ["| key | type | default | meaning |", "|---|---|---|---|", *rows]
    return "\n".join(
        [f"\n## {group}\n", " ".join(first.split()) + "\n", *table, "", *_options(group), ""]
    )


def _row(group: str, field: Field, meanings: dict[str, str]) -> str:  # type: ignore[type-arg]
    default = field.default if field.default is not MISSING else "must be given"
    kind = (
        field.type
        if isinstance(field.type, str)
        else getattr(field.type, "__name__", str(field.type))
    )
    meaning = meanings.get(field.name, "").replace("``", "`")
    return f"| `{group}.{field.name}` | {_cell(str(kind))} | {_cell(_written(default))} | {_cell(meaning)} |"


def _options(group: str) -> list[str]:
    files = sorted((ROOT / "conf" / group).glob("*.yaml"))
    rows = [
        f"| `{group}={path.stem}` | {_cell(_about(path))} | {_cell(_values(path))} |"
        for path in files
    ]
    return ["| option | what | sets |", "|---|---|---|", *rows] if rows else []


def _about(path: Path) -> str:
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    leading = [line.lstrip("# ") for line in lines if line.startswith("#")]
    if leading:
        return " ".join(leading)
    return lines[0].partition("#")[2].strip() if lines else ""


def _values(path: Path) -> str:
    values = yaml.safe_load(path.read_text()) or {}
    return ", ".join(
        f"{key}={_written(value)}" for key, value in values.items() if key != "defaults"
    )


def _experiments() -> str:
    rows = []
    for path in sorted((ROOT / "conf" / "experiment").glob("*.yaml")):
        lines = [
            line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#")
        ]
        rows.append(f"| `experiment={path.stem}` | {_cell(' '.join(lines[1:]))} |")
    return "\n".join(
        ["\n## experiment\n", "Whole studies.\n", "| option | what |", "|---|---|", *rows, ""]
    )


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the Markdown file to write")
    parser.parse_args().path.write_text(reference())


if __name__ == "__main__":
    main()
