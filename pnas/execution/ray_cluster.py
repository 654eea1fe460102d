"""Ray itself: whether a cluster answers, and how to connect to it or to start one here.

Ray is an optional extra. It is imported when the first child is to be trained, and not before.
"""

import importlib.util
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pnas
from pnas.errors import InvalidValue, require

_CONNECT_SECONDS = 5.0
_ADDRESS_RULE = (
    "must be the address of a Ray cluster that answers (host:port), or null for one on this machine"
)
_QUIET = {"log_to_driver": False, "logging_level": "ERROR"}

_LOCAL_OPTIONS: dict[str, Any] = {
    "include_dashboard": False,
    "dashboard_host": "127.0.0.1",
    # The one node cannot be lost, but a busy machine may not answer for a while.
    "_system_config": {"health_check_failure_threshold": 100},
}


def check_ray(address: str | None) -> None:
    """Check early what would otherwise fail late.

    Raises:
        InvalidValue: Ray is not installed, or nothing answers at ``address``.
    """
    rule = (
        "must be serial or local, as Ray is not installed: "
        ".venv/bin/python -m pip install -e '.[ray]'"
    )
    require(importlib.util.find_spec("ray") is not None, "executor", rule, "ray")
    if address is None or address == "auto":
        return

    host, _, port = address.removeprefix("ray://").rpartition(":")
    require(bool(host) and port.isdigit(), "executor.address", _ADDRESS_RULE, address)
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError):
        raise InvalidValue("executor.address", _ADDRESS_RULE, address) from None


def import_ray(on_this_machine: bool) -> ModuleType:
    """Import Ray, without usage reports.

    Args:
        on_this_machine: Whether it is to start a cluster of this machine alone, whose ports are
            then bound to the loopback interface.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if on_this_machine:
        # Meant for systems whose firewalls ask, this keeps Ray's ports on 127.0.0.1 on Linux too.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    import ray

    return ray


def connect(ray: ModuleType, address: str | None, cores: int | None = None) -> None:
    """Connect to a cluster, or start one on this machine.

    Args:
        ray: Ray, as `import_ray` returns it.
        address: Address of the cluster; None starts one on this machine.
        cores: Cores that a cluster on this machine may use; None means all.

    Raises:
        InvalidValue: No cluster answers at the address.
    """
    with _own_signal_handlers():
        if address is None:
            ray.init("local", num_cpus=cores, **_LOCAL_OPTIONS, **_QUIET)
        else:
            _connect_to(ray, address)


def _connect_to(ray: ModuleType, address: str) -> None:
    package = str(Path(pnas.__file__).parent)
    try:
        ray.init(address, runtime_env={"py_modules": [package]}, **_QUIET)
    except Exception as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        rule = (
            f"{_ADDRESS_RULE}. Ray says: {reason}. "
            "A cluster that wants a token needs RAY_AUTH_MODE=token here"
        )
        raise InvalidValue("executor.address", rule, address) from None


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Keep our handling of SIGTERM, which Ray replaces, and Ctrl-C away from Ray's processes."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:
        # Ray's reaction to a SIGTERM while it starts.
        raise KeyboardInterrupt from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
