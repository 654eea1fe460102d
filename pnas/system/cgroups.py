"""The control groups of this process, in which a container or a scheduler limits it."""

from contextlib import suppress
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def cgroup_folders(controller: str) -> list[Path]:
    """Return the folders of this process's cgroups that may limit it, and of all their parents.

    A line of /proc/self/cgroup is ``0::/path`` in version 2, and ``4:cpu,cpuacct:/path`` in
    version 1, where each controller has a hierarchy of its own. Within a container the path may be
    that of the machine; then only the root of the hierarchy exists.

    Args:
        controller: What is limited, such as ``cpu`` or ``memory``.
    """
    lines: list[str] = []
    with suppress(OSError):
        lines = _OWN_CGROUPS.read_text().splitlines()

    folders = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        root = _CGROUPS / controllers
        folder = root / path.lstrip("/")
        folders.append(folder)
        while folder != root and root in folder.parents:
            folder = folder.parent
            folders.append(folder)
    return folders
