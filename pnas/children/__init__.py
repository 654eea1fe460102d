"""Child networks: a cell in, its reward out. Importing this room does not import TensorFlow."""

from pnas.children.child_runner import ChildRunnerFactory
from pnas.children.manager import NetworkManager
from pnas.children.network.builder import check_image
from pnas.children.network.counts import Counts, count_network
from pnas.children.network.limits import Limits
from pnas.children.spec import NetworkSpec, TrainerSpec

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
