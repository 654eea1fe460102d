"""Settings of the config group ``inference``: how a child is measured as it would be used."""

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

from pnas.errors import InvalidValue, require
from pnas.validation import check_fields, choice, integer, setting

GROUP = "inference"

_PACKAGES = ("tf2onnx", "onnxruntime")
"""Packages that ``inference=onnx`` needs besides those that pnas always has."""


def has_onnx() -> bool:
    """Whether what ``inference=onnx`` needs is installed."""
    return all(find_spec(package) is not None for package in _PACKAGES)


@dataclass(frozen=True)
class InferenceSpec:
    """How an exported child is measured: its latency, and for how many examples its memory.

    Attributes:
        format: What is measured: ``onnx``, by ONNX Runtime on the CPU, or ``savedmodel``, by
            TensorFlow.
        batch: Number of examples of one inference.
        threads: Threads that an inference may use. TensorFlow has those of ``trainer.threads``.
        warmup: Number of inferences before the first that is timed.
        repetitions: Number of inferences that are timed.
    """

    format: str = setting("onnx", choice("onnx", "savedmodel"))
    batch: int = setting(1, integer(minimum=1, maximum=4096))
    threads: int = setting(1, integer(minimum=1, maximum=1024))
    warmup: int = setting(10, integer(minimum=1, maximum=10_000))
    repetitions: int = setting(50, integer(minimum=5, maximum=100_000))

    def __post_init__(self) -> None:
        check_fields(self, GROUP)

    def check(self, trainer_threads: int) -> None:
        """Check what a measurement needs, before any work starts.

        Args:
            trainer_threads: Threads of TensorFlow in a process that trains.

        Raises:
            InvalidValue: A package is missing, or TensorFlow has another number of threads.
        """
        if self.format == "onnx":
            missing = [package for package in _PACKAGES if find_spec(package) is None]
            rule = f"needs the packages {', '.join(missing)} (pip install 'pnas[onnx]')"
            require(not missing, GROUP, f"{rule}; inference=savedmodel needs none", self.format)
            return
        if self.threads != trainer_threads:
            rule = (
                f"must be trainer.threads={trainer_threads} with inference=savedmodel: TensorFlow "
                "has one number of threads in a process"
            )
            raise InvalidValue(f"{GROUP}.threads", rule, self.threads)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self)
