"""model.json for programs and the model card for people: what an exported model is."""

import json
from pathlib import Path
from typing import Any

from pnas.data import Parts
from pnas.exporting.formats import Differences
from pnas.reports.html.model_card import model_card
from pnas.runs.trained_child import TrainedChild
from pnas.system.atomic_write import write_text

CARD = "model_card.md"
DESCRIPTION = "model.json"


def describe(child: TrainedChild, data: Parts, differences: Differences, folder: Path) -> None:
    """Write both descriptions to ``folder``.

    Args:
        child: Trained child, with its data.
        data: Data that it was trained on.
        differences: How far each format's probabilities are from the child's.
        folder: Folder of the export.
    """
    facts = _facts(child, data, differences)
    write_text(folder / DESCRIPTION, json.dumps(facts, indent=2) + "\n")
    write_text(folder / CARD, model_card(facts))


def _facts(child: TrainedChild, data: Parts, differences: Differences) -> dict[str, Any]:
    return {
        "cell": str(child.cell),
        "image": _image(data),
        "classes": _classes(data),
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "train": len(data.train.labels),
        },
        "normalisation": _normalization(data),
        "metrics": child.metrics,
        "params": child.params,
        "multiply_adds": child.flops,
        "command": child.command,
        "largest_difference": differences,
        "examples": _examples(data),
    }


def _image(data: Parts) -> dict[str, Any]:
    height, width, channels = data.image_shape
    return {"height": height, "width": width, "channels": channels, "white": data.pixel_range}


def _classes(data: Parts) -> list[str]:
    if data.class_names:
        return list(data.class_names)
    return [str(number) for number in range(data.num_classes)]


def _normalization(data: Parts) -> list[Any] | None:
    if data.mean is None or data.std is None:
        return None
    return [data.mean.tolist(), data.std.tolist()]


def _examples(data: Parts) -> dict[str, int]:
    test = 0 if data.test is None else len(data.test.labels)
    return {"train": len(data.train.labels), "val": len(data.val.labels), "test": test}
