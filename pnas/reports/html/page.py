"""A web page in one file: template, style and script from ``web/``, and nothing fetched from anywhere."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pnas.errors import InvalidValue
from pnas.system.atomic_write import write_text

_WEB = Path(__file__).parent / "web"


def render(template: str, values: Mapping[str, Any]) -> str:
    """The page that ``template`` makes of ``values``; every value that is not markup of our own is escaped.

    The page's security policy lets a browser run the one script that it was made with, and load nothing.
    """
    environment = Environment(
        loader=FileSystemLoader(_WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (_WEB / "page.js").read_text("utf-8")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    shared = {
        "script": Markup(script),
        "style": Markup((_WEB / "page.css").read_text("utf-8")),
        "policy": policy,
    }
    return environment.get_template(template).render({**shared, **values})


def write_page(path: Path, template: str, values: Mapping[str, Any]) -> Path:
    """Write the page to ``path`` (.html), whole or not at all, and return the path.

    Raises:
        InvalidValue: another suffix.
        NotWritable: no room, no permission.
    """
    if path.suffix.lower() != ".html":
        raise InvalidValue("task.output", "must end in .html", str(path))
    write_text(path, render(template, values))
    return path
