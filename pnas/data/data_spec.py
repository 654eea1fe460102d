"""Settings of the `data` config group: one specification a source, with the keys that it reads."""

import re
from dataclasses import dataclass, replace
from typing import Any, Self

from pnas.data.pixel_range import AUTO, CONVENTIONS, is_pixel_range
from pnas.errors import require
from pnas.validation import (
    Rule,
    check_fields,
    flag,
    integer,
    number_where,
    optional,
    setting,
)

DIGITS_COUNT = 1797
"""Images of the data set that scikit-learn calls digits."""
DIGITS_TRAIN = 256
DIGITS_TEST = 500

LARGEST_IMAGE = 8192
"""Side in pixels that images are resized to, at most: one image of it takes 800 MB as float32."""


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_channels(value: Any) -> bool:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and value in (1, 3, 4)


def _is_colour(value: Any) -> bool:
    if value in ("white", "black", "grey"):
        return True
    return isinstance(value, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", value) is not None


_PATH = optional(Rule("must be the path of a local file or folder", _is_path))
_CHANNELS = optional(Rule("must be 1, 3 or 4", _is_channels))
_PIXEL_RANGE = Rule(
    f"must be {AUTO}, {', '.join(CONVENTIONS)}, or [black, white] with black below white",
    is_pixel_range,
)
_BACKGROUND = Rule("must be white, black, grey or #rrggbb", _is_colour)
_VAL_FRACTION = number_where("must be a number above 0 and below 1", lambda share: 0 < share < 1)
_TEST_FRACTION = number_where(
    "must be a number of at least 0 and below 1", lambda share: 0 <= share < 1
)


@dataclass(frozen=True)
class DataSpec:
    """Which images to load and how to split them.

    Values are checked when the specification is made; whether they fit the data is checked when
    the data are read. The split belongs to the data, not to the search: searches with different
    seeds are compared on the same examples, those that ``split_seed`` samples.

    Attributes:
        name: Name of the source.
        train_size: Number of examples to train on; null = all that the other parts leave.
        val_size: Number of examples that rewards are measured on; null = the whole validation part.
        test_size: Number of examples that no search step reads; null = the whole test part; 0 = no
            test part.
        split_seed: Seed of every random choice of examples.
    """

    name: str = "digits"
    train_size: int | None = setting(None, optional(integer(minimum=1)))
    val_size: int | None = setting(None, optional(integer(minimum=1)))
    test_size: int | None = setting(None, optional(integer(minimum=0)))
    split_seed: int = setting(0, integer(minimum=0))

    def __post_init__(self) -> None:
        check_fields(self, "data")

    def held_out_fraction(self, part: str) -> float:
        """Return the share of the train part held out as ``part`` where the source gives none."""
        return 0.0

    def with_default_sizes(self) -> Self:
        """Return this specification with the sizes that its source has by default."""
        return self


@dataclass(frozen=True)
class DigitsSpec(DataSpec):
    """Handwritten digits: 1,797 grey images of 8x8 pixels, embedded in scikit-learn.

    Attributes:
        train_size: Number of examples to train on; null = 256. With more, every child is about
            0.98 accurate, and its reward is noise.
        val_size: Number of examples that rewards are measured on; null = what the other parts
            leave (1,041 with the defaults).
        test_size: Number of examples that no search step reads; null = 500; 0 = no test part.
    """

    name: str = "digits"

    def with_default_sizes(self) -> Self:
        train = DIGITS_TRAIN if self.train_size is None else self.train_size
        test = DIGITS_TEST if self.test_size is None else self.test_size

        # At least one example a class for each: an error then names train_size as the one that is
        # too large, or too small.
        left = max(DIGITS_COUNT - max(train, 10) - test, 10)
        val = left if self.val_size is None else self.val_size
        return replace(self, train_size=train, val_size=val, test_size=test)


@dataclass(frozen=True)
class HeldOutSpec(DataSpec):
    """A source that may lack a validation or a test part.

    Attributes:
        val_fraction: Share of the train part as given, held out when the source has no validation
            part.
        test_fraction: Share of the train part as given, held out when the source has no test part;
            0 = no test part. A search picks the best of many children by validation accuracy, so
            that figure is biased upwards; only a test part gives one that is not.
    """

    val_fraction: float = setting(0.2, _VAL_FRACTION)
    test_fraction: float = setting(0.2, _TEST_FRACTION)

    def __post_init__(self) -> None:
        super().__post_init__()
        val = self.val_fraction
        rule = f"must be below 1 together with data.val_fraction ({val})"
        require(val + self.test_fraction < 1, "data.test_fraction", rule, self.test_fraction)

    def held_out_fraction(self, part: str) -> float:
        if part == "val":
            return self.val_fraction
        return self.test_fraction


@dataclass(frozen=True)
class FileSpec(HeldOutSpec):
    """A source that may be a local file; also what an extension's source reads by default.

    Attributes:
        path: Local file, such as an ``.npz``; null = the source finds its data itself, as
            Fashion-MNIST and CIFAR do by one download.
    """

    path: str | None = setting(None, _PATH)


@dataclass(frozen=True)
class ArraySpec(FileSpec):
    """A source of arrays, whose pixels may have any range.

    Attributes:
        pixel_range: Values of black and white, which an exported model's users need to know:
            unit (0..1), signed (-1..1), byte (0..255), uint16 (0..65535), imagenet (normalised by
            ImageNet's mean and deviation) or [black, white]; auto = the one whose upper half the
            largest pixel of non-negative images lies in.
    """

    pixel_range: Any = setting(AUTO, _PIXEL_RANGE)


@dataclass(frozen=True)
class NpzSpec(ArraySpec):
    """Arrays in an ``.npz`` file: x_train, y_train, and perhaps x_val, y_val, x_test, y_test."""

    name: str = "npz"

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_path(self)


@dataclass(frozen=True)
class ImageFolderSpec(FileSpec):
    """Image files in one folder a class.

    Attributes:
        image_size: Side in pixels of the square that images are resized to; null = images keep
            their size.
        channels: 1 (grey), 3 (colour) or 4 (colour with transparency); null = 1 if every image is
            grey, else 3.
        stream: Whether task=train reads images as they are needed instead of holding all of them in
            memory; null = if they are larger than 2 GB.
        background: Colour below what is transparent in images of 1 or 3 channels: white, black,
            grey or #rrggbb.
        convert_16_bit: Whether images of 16 bits a channel are scaled to 8, instead of refused.
        skip_unreadable: Whether images that cannot be read are left out, up to a tenth of all,
            instead of refused.
    """

    name: str = "image_folder"
    image_size: int | None = setting(None, optional(integer(minimum=1, maximum=LARGEST_IMAGE)))
    channels: int | None = setting(None, _CHANNELS)
    stream: bool | None = setting(None, optional(flag()))
    background: str = setting("white", _BACKGROUND)
    convert_16_bit: bool = setting(False, flag())
    skip_unreadable: bool = setting(False, flag())

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_path(self)


def _require_path(spec: FileSpec) -> None:
    rule = f"must be given with data={spec.name}"
    require(spec.path is not None, "data.path", rule, spec.path)
