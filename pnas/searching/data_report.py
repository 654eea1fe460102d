"""What is trained on, printed before anything is trained: images by class and part, and notes."""

from rich.console import Console

from pnas.children import TrainerSpec
from pnas.data import DataInfo, DataSpec
from pnas.system.console import print_line
from pnas.system.redaction import redact
from pnas.system.wording import plural

_MOST_CLASSES = 30
"""Classes that the plan lists; of more, the first ones."""


def print_reading(console: Console, spec: DataSpec) -> None:
    """Print what is being read: a folder of many images takes a while."""
    path = getattr(spec, "path", None)
    source = spec.name if path is None else f"{spec.name} {redact(str(path))}"
    print_line(console, f"reading data: {source}")


def print_data(console: Console, data: DataInfo, trainer: TrainerSpec) -> None:
    """Print one line about the data, and what should be known of them and of their training."""
    height, width, channels = data.image_shape
    images = data.train + data.val + data.test
    line = (
        f"data: {images:,} images of {height}x{width}x{channels} in {data.num_classes} classes: "
        f"{data.train:,} to train on, {data.val:,} for rewards, {data.test:,} for the test"
    )
    notes = [*data.notes, *trainer.notes]
    for text in (line, *(f"note: {note}" for note in notes)):
        print_line(console, text)


def print_class_counts(console: Console, data: DataInfo) -> None:
    """Print the number of images of each class by name, in all and by part."""
    for label, name in enumerate(data.class_names[:_MOST_CLASSES]):
        by_part = []
        total = 0
        for part, counts in data.class_counts.items():
            by_part.append(f"{part} {counts[label]:,}")
            total += counts[label]
        text = f"class {name}: {plural(total, 'image')} ({', '.join(by_part)})"
        print_line(console, text)

    others = len(data.class_names) - _MOST_CLASSES
    if others > 0:
        print_line(console, f"and {others:,} more classes")
