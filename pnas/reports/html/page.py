"""A web page in one file: template, style and script from ``web/``, and nothing is loaded."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pnas.errors import InvalidValue
from pnas.system.atomic_write import write_text

_WEB = Path(__file__).parent / "web"


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return the page that ``template`` makes of ``values``.

    Every value that is not markup of our own is escaped. The page's security policy lets a browser
    run the one script that the page was made with, and load nothing.
    """
    script = (_WEB / "page.js").read_text("utf-8")
    style = (_WEB / "page.css").read_text("utf-8")
    shared = {
        "script": Markup(script),
        "style": Markup(style),
        "policy": _security_policy(script),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return _environment().get_template(template).render({**shared, **values})


@cache
def _environment() -> Environment:
    # Once a process: it keeps the templates that it has compiled.
    return Environment(
        loader=FileSystemLoader(_WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _security_policy(script: str) -> str:
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def write_page(path: Path, template: str, values: Mapping[str, Any]) -> Path:
    """Write the page to ``path`` (.html), whole or not at all, and return the path.

    Raises:
        InvalidValue: Another suffix.
        NotWritable: There is no room or no permission.
    """
    if path.suffix.lower() != ".html":
        raise InvalidValue("task.output", "must end in .html", str(path))
    write_text(path, render(template, values))
    return path
