"""The model card of an exported model: what it is, what it was made from, and what it can do."""

from typing import Any

_CARD = """# A convolutional network found by progressive architecture search

Classifies images of {height}x{width} pixels with {channels} channel(s) into {count} classes: {classes}.

## Use

Every format takes raw pixels, float32, (n, {height}, {width}, {channels}), black 0 and white {white:g}, and gives a
probability for each class, (n, {count}). Normalisation is a part of the model. `model.json` has the same facts for
programs; `experiments/classify_image.py` of the project classifies an image file.

| format | file | largest difference of a probability from the trained network |
|---|---|---|
{formats}

## Network

- cell: `{cell}`
- {params} trainable parameters, {multiply_adds} multiply-adds an image

## Data

{data_name}, split {fingerprint}: {train:,} images to train on, {val:,} to choose by, {test:,} to test on. Channels are
normalised by mean and standard deviation of the images to train on.

## Accuracy

{metrics}

Validation accuracy is what cell and network were chosen by, and so too good; the test part was read once, at the end.
Nothing is known of images of another kind than those.

## Command

    {command}
"""

_FILES = {
    "keras": "model.keras",
    "savedmodel": "saved_model/",
    "onnx": "model.onnx",
    "mlflow": "mlflow_model/",
}


def model_card(facts: dict[str, Any]) -> str:
    """The card as Markdown; ``facts`` as in model.json."""
    image = facts["image"]
    examples = facts["examples"]
    rows = [
        f"| {name} | `{_FILES[name]}` | {value:.1e} |"
        for name, value in facts["largest_difference"].items()
    ]
    metrics = [f"- {name}: {_shown(value)}" for name, value in facts["metrics"].items()]
    classes = ", ".join(facts["classes"][:20]) + (", ..." if len(facts["classes"]) > 20 else "")
    return _CARD.format(
        **image,
        **examples,
        count=len(facts["classes"]),
        classes=classes,
        formats="\n".join(rows),
        cell=facts["cell"],
        params=_count(facts["params"]),
        multiply_adds=_count(facts["multiply_adds"]),
        data_name=facts["data"]["name"],
        fingerprint=facts["data"]["fingerprint"],
        metrics="\n".join(metrics),
        command=facts["command"],
    )


def _shown(value: Any) -> str:
    return (
        "not measured"
        if value is None
        else f"{value:.4f}"
        if isinstance(value, float)
        else str(value)
    )


def _count(value: int | None) -> str:
    return "an unknown number of" if value is None else f"{value:,}"
