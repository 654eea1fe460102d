"""Which processes of this machine train children for a search (Linux)."""

from contextlib import suppress
from pathlib import Path

_SERVER = b"multiprocessing.forkserver"
_SPAWNED = b"spawn_main"
_RAY = (b"ray::train_remotely", b"ray::IDLE")  # not ray::...Agent, without which a node is gone


def workers_of(search: int) -> list[int]:
    """Ids of the processes that train children for the process ``search``: its own, or those of its Ray cluster."""
    parents, commands = _processes()
    return [
        pid
        for pid, command in commands.items()
        if search in _ancestors(pid, parents) and _trains(command, commands.get(parents[pid], b""))
    ]


def _trains(command: bytes, parent_command: bytes) -> bool:
    return (
        command.startswith(_RAY)
        or _SPAWNED in command
        or (_SERVER in command and _SERVER in parent_command)
    )


def _processes() -> tuple[dict[int, int], dict[int, bytes]]:
    """Parent and command line of each process."""
    parents = {}
    commands = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            # Fields after the name, which may itself hold spaces: state, parent, ...
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(path.name)] = (path / "cmdline").read_bytes()
            parents[int(path.name)] = parent
    return parents, commands


def _ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    found = []
    while (pid := parents.get(pid, 0)) > 1:
        found.append(pid)
    return found
