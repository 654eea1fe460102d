"""What `pnas --version` says: versions of pnas and its libraries, and the devices."""

import sys
from importlib.metadata import PackageNotFoundError, version

from pnas import __version__
from pnas.system.quiet_tensorflow import start_tensorflow

_LIBRARIES = ("tensorflow", "keras", "hydra-core", "mlflow", "numpy")


def describe_versions() -> str:
    """Return one line each for pnas, Python, its libraries and the devices of this machine."""
    lines = [f"pnas {__version__}", f"Python {sys.version.split()[0]} ({sys.executable})"]
    for library in _LIBRARIES:
        lines.append(f"{library} {_version_of(library)}")
    lines += _devices()
    return "\n".join(lines)


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "is not installed"


def _devices() -> list[str]:
    """One line a device that TensorFlow sees."""
    try:
        start_tensorflow()
        import tensorflow as tf
    except ImportError as error:
        return [f"devices: unknown ({error})"]

    lines = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device)
        name = details.get("device_name", "")
        lines.append(f"device {device.device_type} {device.name} {name}".rstrip())
    return lines
