"""DataSpec: which data, and how much of it, as the typed schema of the config group ``data``."""

from dataclasses import dataclass
from typing import Any

from pnas.errors import require, require_count

_LOCAL_ONLY = ("npz", "image_folder")
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class DataSpec:
    """What to load and how to split it. Keys and defaults of ``conf/data/*.yaml``.

    Values are checked when it is made, whether they fit the data when that is read. The split belongs to the
    data, not to the search: searches with different seeds are compared on the same examples, those that
    ``split_seed`` draws.

    Attributes:
        name: a source: digits, fashion_mnist, cifar10, cifar100, npz or image_folder.
        path: a local file (``.npz``) or folder. None: embedded (digits) or downloaded (the named sets).
        train_size: examples to train on. None: all that the other parts leave (digits: 256).
        val_size: examples that rewards are measured on. None: all of a given validation part, else
            ``val_fraction`` of the train part (digits: what the other parts leave, 1,041).
        test_size: examples that no search step reads. None: all of a given test part, else ``test_fraction``
            of the train part (digits: 500). 0: no test part.
        val_fraction: of the train part as given, held out when the source has no validation part (digits: not
            used, nor is ``test_fraction``).
        test_fraction: of the train part as given, held out when the source has no test part. A search picks
            the best of many children by validation accuracy, which makes that figure optimistic; so a test
            part is held out unless this is 0.
        split_seed: of every random choice of examples.
        image_size: image_folder: side in pixels of the square that images are resized to. None: as they are.
        channels: image_folder: 1 (grey), 3 (colour) or 4 (with transparency). None: 1 if every image is grey,
            else 3.
        stream: image_folder, task=train: read images as they are needed instead of holding all in memory. None: if they
            are larger than 2 GB.
    """

    name: str = "digits"
    path: str | None = None
    train_size: int | None = None
    val_size: int | None = None
    test_size: int | None = None
    val_fraction: float = 0.2
    test_fraction: float = 0.2
    split_seed: int = 0
    image_size: int | None = None
    channels: int | None = None
    stream: bool | None = None

    def __post_init__(self) -> None:
        _check_sizes(self)
        _check_fractions(self)
        require_count("data.split_seed", self.split_seed, minimum=0)
        _check_path(self)
        _check_image_options(self)


def _check_sizes(spec: DataSpec) -> None:
    for key, minimum in (("train_size", 1), ("val_size", 1), ("test_size", 0)):
        if getattr(spec, key) is not None:
            require_count(f"data.{key}", getattr(spec, key), minimum)


def _check_fractions(spec: DataSpec) -> None:
    val = spec.val_fraction
    test = spec.test_fraction
    require(
        _is_number(val) and 0 < val < 1, "data.val_fraction", "must be above 0 and below 1", val
    )
    require(
        _is_number(test) and 0 <= test < 1,
        "data.test_fraction",
        "must be at least 0 and below 1",
        test,
    )
    together = f"must be below 1 together with data.val_fraction ({val})"
    require(val + test < 1, "data.test_fraction", together, test)


def _check_path(spec: DataSpec) -> None:
    is_path = spec.path is None or (isinstance(spec.path, str) and spec.path != "")
    require(is_path, "data.path", "must be the path of a local file or folder, or null", spec.path)
    if spec.name in _LOCAL_ONLY:
        require(
            spec.path is not None,
            "data.path",
            f"must be given with data.name={spec.name}",
            spec.path,
        )
    if spec.name == "digits":
        rule = "must be null with data.name=digits, which is embedded"
        require(spec.path is None, "data.path", rule, spec.path)


def _check_image_options(spec: DataSpec) -> None:
    is_flag = spec.stream is None or isinstance(spec.stream, bool)
    require(is_flag, "data.stream", "must be true, false or null", spec.stream)
    for key in ("image_size", "channels", "stream"):
        is_used = spec.name == "image_folder" or getattr(spec, key) is None
        require(
            is_used, f"data.{key}", "must be null unless data.name=image_folder", getattr(spec, key)
        )
    if spec.image_size is not None:
        require_count("data.image_size", spec.image_size)
    if spec.channels is not None:
        is_known = require_count("data.channels", spec.channels) in _CHANNELS
        require(is_known, "data.channels", "must be 1, 3 or 4", spec.channels)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
