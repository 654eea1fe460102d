"""Which processes of this machine train children for a search (Linux)."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_SERVER = b"multiprocessing.forkserver"
_SPAWNED = b"spawn_main"
# Not ray::...Agent, without which a node is gone.
_RAY = (b"ray::train_remotely", b"ray::IDLE")


class _Process(NamedTuple):
    parent: int
    command: bytes


_UNKNOWN = _Process(parent=0, command=b"")


def workers_of(search: int) -> list[int]:
    """Return the ids of the processes that train children for the process ``search``.

    They are its own descendants, or those of its Ray cluster.
    """
    processes = _read_processes()
    workers = []
    for pid, process in processes.items():
        parent = processes.get(process.parent, _UNKNOWN)
        is_worker = _trains(process.command, parent.command)
        if is_worker and search in _ancestors(pid, processes):
            workers.append(pid)
    return workers


def _trains(command: bytes, parent_command: bytes) -> bool:
    is_ray = command.startswith(_RAY)
    is_spawned = _SPAWNED in command
    # The fork server itself trains nothing; those that it forks have its command line.
    is_forked = _SERVER in command and _SERVER in parent_command
    return is_ray or is_spawned or is_forked


def _read_processes() -> dict[int, _Process]:
    processes = {}
    for path in Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at.
        with suppress(OSError, IndexError):
            # Fields after the name, which may itself hold spaces: state, parent, ...
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes()
            processes[int(path.name)] = _Process(int(fields[1]), command)
    return processes


def _ancestors(pid: int, processes: dict[int, _Process]) -> list[int]:
    ancestors = []
    pid = processes.get(pid, _UNKNOWN).parent
    while pid > 1:
        ancestors.append(pid)
        pid = processes.get(pid, _UNKNOWN).parent
    return ancestors
