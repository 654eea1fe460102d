"""Child networks: from a cell to its reward. Importing this package does not import TensorFlow."""

from pnas.children.child_runner import ChildRunnerFactory
from pnas.children.manager import NetworkManager
from pnas.children.network.builder import check_image
from pnas.children.network.counts import Counts, count_network
from pnas.children.network.limits import Limits
from pnas.children.network_specs import (
    NETWORK_SPECS,
    FlatNetworkSpec,
    NetworkSpec,
    PNASNetworkSpec,
    migrate_network,
    network_from,
)
from pnas.children.stored_trainers import migrate_trainer
from pnas.children.trainer_specs import (
    TRAINER_SPECS,
    FinalTrainerSpec,
    SearchTrainerSpec,
    TrainerSpec,
    check_augmentation,
    final_trainer,
)

__all__ = [
    "NETWORK_SPECS",
    "TRAINER_SPECS",
    "ChildRunnerFactory",
    "Counts",
    "FinalTrainerSpec",
    "FlatNetworkSpec",
    "Limits",
    "NetworkManager",
    "NetworkSpec",
    "PNASNetworkSpec",
    "SearchTrainerSpec",
    "TrainerSpec",
    "check_augmentation",
    "check_image",
    "count_network",
    "final_trainer",
    "migrate_network",
    "migrate_trainer",
    "network_from",
]
