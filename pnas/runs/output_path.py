"""The file or folder that ``task.output`` names, or the folder where a page lies otherwise."""

import os
from pathlib import Path

from pnas.errors import require


def check_output_folder(output: str) -> Path:
    """Return the path ``output``, whose folder must exist.

    Args:
        output: Path as it was typed; ``~`` is the home directory.

    Raises:
        InvalidValue: There is no such folder.
    """
    path = Path(output).expanduser()
    rule = "must lie in an existing directory"
    require(path.parent.is_dir(), "task.output", rule, str(path))
    return path


def check_output_file(output: str) -> Path:
    """Return the path ``output`` of a file that is made anew or replaced.

    Args:
        output: Path as it was typed; ``~`` is the home directory.

    Raises:
        InvalidValue: Its folder does not exist, or it is a folder or a device: the finished file is
            moved to its place, which would remove ``/dev/null`` from the machine.
    """
    path = check_output_folder(output)
    is_free = not path.exists() or path.is_file()
    require(is_free, "task.output", "must be a file, or not exist yet", str(path))
    return path


def writable_folder(folder: Path) -> Path:
    """Return ``folder``, made if it is missing, which takes what ``task.output`` does not name.

    Raises:
        InvalidValue: It cannot be written, as in an archive.
    """
    if not folder.exists():
        folder.mkdir(parents=True)
    rule = f"must name a file to write, since {folder} cannot be written"
    require(os.access(folder, os.W_OK), "task.output", rule, None)
    return folder
