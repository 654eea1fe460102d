"""The file or folder that ``task.output`` names."""

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
