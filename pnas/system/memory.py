"""How much memory this process may still take."""

from contextlib import suppress
from pathlib import Path

from pnas.system.cgroups import cgroup_folders

_MEMINFO = Path("/proc/meminfo")
_KIB = 1024

_LIMITS = (
    ("memory.max", "memory.current", ""),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
)
"""Files of limit and use in versions 2 and 1 of cgroups, and how names in memory.stat begin."""

_FILES_IN_MEMORY = ("inactive_file", "active_file")
"""What a cgroup uses for the contents of files, which are dropped when memory is needed."""


def available_memory() -> int | None:
    """Return the free bytes of the machine, or of the container if that has less.

    Returns:
        None where the operating system does not say.
    """
    values = [_of_machine()]
    for folder in cgroup_folders("memory"):
        values += [_left_in(folder, *names) for names in _LIMITS]
    known = [value for value in values if value is not None]
    return min(known, default=None)


def _of_machine() -> int | None:
    try:
        lines = _MEMINFO.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * _KIB
    return None


def _left_in(folder: Path, limit_file: str, use_file: str, prefix: str) -> int | None:
    """Return what is left of the memory limit of the cgroup ``folder``; None without one."""
    try:
        limit = int((folder / limit_file).read_text())
        used = int((folder / use_file).read_text())
    except (OSError, ValueError):
        # There is no such file, or it says max.
        return None
    return max(0, limit - used + _files_in_memory(folder / "memory.stat", prefix))


def _files_in_memory(path: Path, prefix: str) -> int:
    """Return the bytes that a cgroup uses for contents of files, by its memory.stat."""
    names = {f"{prefix}{name}" for name in _FILES_IN_MEMORY}
    size = 0
    with suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name in names:
                size += int(value)
    return size


def explain_out_of_memory(error: MemoryError | ImportError) -> str | None:
    """Return one line about ``error`` if it is for want of memory, else None."""
    # A library that does not fit into memory is an ImportError of the dynamic loader.
    signs = ("failed to map segment", "cannot allocate memory", "cannot create shared object")
    is_meant = any(sign in str(error).lower() for sign in signs)
    if not is_meant and not isinstance(error, MemoryError):
        return None
    return f"memory: this process may not have enough of it (`ulimit -v`): {error}"
