"""model.json for programs and the model card for people: what an exported model is."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pnas.data import Parts
from pnas.errors import MalformedFile
from pnas.exporting.formats import Differences
from pnas.reports.html.model_card import model_card
from pnas.runs.trained_child import TrainedChild
from pnas.system.atomic_write import write_text
from pnas.system.stored_json import parse_json_mapping

CARD = "model_card.md"
DESCRIPTION = "model.json"


def describe(
    child: TrainedChild,
    data: Parts,
    differences: Differences,
    folder: Path,
    latency: Mapping[str, Any] | None = None,
) -> None:
    """Write both descriptions to ``folder``.

    Args:
        child: Trained child, with its data.
        data: Data that it was trained on.
        differences: How far each format's probabilities are from the child's.
        folder: Folder of the export.
        latency: Measured latency, and how it was measured; None where nothing was.
    """
    facts = _facts(child, data, differences)
    facts["latency_ms"] = None if latency is None else dict(latency)
    write_text(folder / DESCRIPTION, json.dumps(facts, indent=2) + "\n")
    write_text(folder / CARD, model_card(facts))


def finished_export(folder: Path, weights: Path, formats: Sequence[str]) -> dict[str, Any] | None:
    """Return what model.json says if ``folder`` is a whole export of ``weights`` in ``formats``.

    Args:
        folder: Folder of the export, which may be missing or something else.
        weights: File of the trained child's weights.
        formats: Names of formats.

    Returns:
        The description; None if the folder is no such export.
    """
    path = folder / DESCRIPTION
    if not path.is_file() or not weights.is_file():
        return None
    try:
        facts = parse_json_mapping(path.read_bytes(), str(path))
    except MalformedFile:
        return None
    differences = facts.get("largest_difference")
    has_formats = isinstance(differences, dict) and set(formats) <= set(differences)
    is_of_weights = facts.get("weights_sha256") == _sha256(weights)
    return facts if has_formats and is_of_weights else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        "weights_sha256": _sha256(child.weights),
        # Identifies the model in a store, where the same command may find it registered already.
        "export_id": uuid.uuid4().hex,
    }


def _image(data: Parts) -> dict[str, Any]:
    height, width, channels = data.image_shape
    black_and_white = data.pixel_range.describe()
    return {"height": height, "width": width, "channels": channels, **black_and_white}


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
