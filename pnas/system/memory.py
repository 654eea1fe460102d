"""How much memory this process may still take."""

from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_KIB = 1024


def available_memory() -> int | None:
    """Return the free bytes of the machine, or of the container if that has less.

    Returns:
        None where the operating system does not say.
    """
    known = [value for value in (_of_machine(), _of_container()) if value is not None]
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


def _of_container() -> int | None:
    """Return what is left of the memory limit of this control group (version 2)."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = (_CGROUP / "memory.current").read_text().strip()
        return None if limit == "max" else max(0, int(limit) - int(used))
    except (OSError, ValueError):
        return None


def explain_out_of_memory(error: MemoryError | ImportError) -> str | None:
    """Return one line about ``error`` if it is for want of memory, else None."""
    # A library that does not fit into memory is an ImportError of the dynamic loader.
    signs = ("failed to map segment", "cannot allocate memory", "cannot create shared object")
    is_meant = any(sign in str(error).lower() for sign in signs)
    if not is_meant and not isinstance(error, MemoryError):
        return None
    return f"memory: this process may not have enough of it (`ulimit -v`): {error}"
