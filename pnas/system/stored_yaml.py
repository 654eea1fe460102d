"""YAML from a file that anybody may have written: bounded in size and depth, without aliases."""

from pathlib import Path
from typing import Any

import yaml

from pnas.errors import MalformedFile

MAX_BYTES = 1024 * 1024
"""Largest YAML file that is parsed; a stored configuration has about 3 kB."""

MAX_DEPTH = 64
"""Deepest nesting of lists and mappings; a configuration has about 5 levels."""

# libyaml's parser where PyYAML was built with it: ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml_text(path: Path) -> str:
    """Return the text of a YAML file that is safe to load.

    Few lines of aliases to lists of aliases stand for more values than there is memory for, so a
    file that is read back may have none.

    Raises:
        MalformedFile: The file is too long, too deep, has an alias, or is no YAML.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise MalformedFile(str(path), f"must be YAML of at most {MAX_BYTES:,} bytes")
    try:
        text = content.decode()
        _check_events(text, str(path))
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise MalformedFile(str(path), f"must be YAML ({reason})") from error
    return text


def load_yaml(path: Path) -> Any:
    """Return the plain data in a YAML file.

    Raises:
        MalformedFile: See `read_yaml_text`.
        OSError: It cannot be read.
    """
    loader = _Loader(read_yaml_text(path))
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _check_events(text: str, source: str) -> None:
    """Check the parser's events, which exist before any value is made."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise MalformedFile(source, "must be YAML without aliases", f"*{event.anchor}")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise MalformedFile(source, f"must be nested at most {MAX_DEPTH} levels deep")
