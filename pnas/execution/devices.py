"""Which GPUs this process may use, found out without starting a GPU runtime."""

import os
import re
from pathlib import Path

_DEVICES = Path("/dev")
_DRIVER = Path("/proc/driver/nvidia/gpus")


def visible_gpus() -> list[str]:
    """Return the ids of the NVIDIA GPUs that this process may use.

    An id is a value for ``CUDA_VISIBLE_DEVICES``. That variable, where it is set, selects among the
    GPUs that the driver shows, and as in CUDA the first id that names none of them ends its list.
    """
    count = _count_driver_gpus()
    requested = os.environ.get("CUDA_VISIBLE_DEVICES")
    if requested is None:
        return [str(index) for index in range(count)]

    gpus: list[str] = []
    for entry in requested.split(","):
        gpu = entry.strip()
        if not _exists(gpu, count):
            break
        gpus.append(gpu)
    return gpus


def _count_driver_gpus() -> int:
    """Return the number of GPUs that the driver shows: /dev/nvidia0, /dev/nvidia1, ..."""
    count = 0
    for path in _DEVICES.glob("nvidia*"):
        if re.fullmatch(r"nvidia\d+", path.name):
            count += 1
    return count


def _exists(gpu: str, count: int) -> bool:
    """Return whether ``gpu`` names one of the ``count`` GPUs, by index or by UUID."""
    if gpu.isdecimal():
        return int(gpu) < count
    if gpu.startswith("GPU-"):
        # CUDA takes the beginning of a UUID for the whole.
        return count > 0 and any(uuid.startswith(gpu) for uuid in _driver_uuids())
    # The driver lists the slices of a GPU (MIG) nowhere in the file system.
    return count > 0 and gpu.startswith("MIG-")


def _driver_uuids() -> list[str]:
    uuids = []
    for path in _DRIVER.glob("*/information"):
        match = re.search(r"GPU UUID:\s*(GPU-\S+)", path.read_text(errors="replace"))
        if match:
            uuids.append(match[1])
    return uuids
