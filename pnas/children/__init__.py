"""Child networks: a cell in, its reward out. Importing this room does not import TensorFlow."""

from pnas.children.counts import Counts, count_network
from pnas.children.limits import Limits
from pnas.children.manager import NetworkManager
from pnas.children.network import check_image
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.children.worker import ChildRunnerFactory

__all__ = [
    "ChildRunnerFactory",
    "Counts",
    "Limits",
    "NetworkManager",
    "NetworkSpec",
    "TrainerSpec",
    "check_image",
    "count_network",
]
