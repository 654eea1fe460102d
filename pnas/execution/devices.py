"""Which accelerators there are, and one for each worker.

A worker claims a device by locking a file. The operating system gives the lock back when the worker ends,
however it ends, so a replacement finds the device that its predecessor held.
"""

import fcntl
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

_held: list[int] = []  # file descriptors of this process's claims, kept open until it ends


def visible_gpus() -> list[str]:
    """Ids of the NVIDIA GPUs this process may use, without starting a GPU runtime."""
    feasible_rows = os.environ.get("CUDA_VISIBLE_DEVICES")
    if feasible_rows is not None:
        return [gpu for gpu in feasible_rows.split(",") if gpu.strip() not in ("", "-1")]
    names = (re.fullmatch(r"nvidia(\d+)", path.name) for path in Path("/dev").glob("nvidia*"))
    return sorted((name[1] for name in names if name), key=int)


def claim(slots: Sequence[str], directory: Path, patience: float = 30.0) -> str:
    """Hold one of ``slots`` for as long as this process lives, and return it.

    Raises:
        TimeoutError: all are held for longer than ``patience`` seconds.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for index, slot in enumerate(slots):
            if _lock(directory / f"slot-{index}"):
                return slot
        time.sleep(0.05)
    raise TimeoutError(f"none of {len(slots)} devices became free within {patience:.0f} s")


def _lock(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    return True
