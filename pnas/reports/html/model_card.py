"""The model card of an exported model: what it is, what it was made from, and what it can do."""

from collections.abc import Mapping
from typing import Any

from pnas.reports.data.number_format import decimal
from pnas.system.wording import plural

_CARD = """# A convolutional network found by progressive architecture search

Classifies images of {height}x{width} pixels with {channels_in_words} into {count} classes:
{classes}.

## Use

Every format takes raw pixels, float32, (n, {height}, {width}, {channels}), black {black} and
white {white}, and gives a probability for each class, (n, {count}). Normalisation is a part of the
model. `model.json` has the same facts for programs; `experiments/classify_image.py` of the project
classifies an image file.

| format | file | largest difference of a probability from the trained network |
|---|---|---|
{formats}

## Network

- cell: `{cell}`
- {params} trainable parameters, {multiply_adds} multiply-adds an image

## Data

{data_name}, split {fingerprint}: {train:,} images to train on, {val:,} to choose by, {test:,} to
test on. Channels are normalised by mean and standard deviation of the images to train on.

## Accuracy

{metrics}
{latency}
What was measured on the validation part is biased upwards, because cell and network were chosen by
it; the test part was read once, at the end. Nothing is known about images of another kind than
those.

## Command

    {command}
"""

_FILES = {
    "keras": "model.keras",
    "savedmodel": "saved_model/",
    "onnx": "model.onnx",
    "mlflow": "mlflow_model/",
}

_CLASSES_NAMED = 20


def model_card(facts: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Args:
        facts: What model.json holds.
    """
    formats = []
    for name, difference in facts["largest_difference"].items():
        formats.append(f"| {name} | `{_FILES[name]}` | {difference:.1e} |")
    metrics = [f"- {name}: {_metric(value)}" for name, value in facts["metrics"].items()]
    return _CARD.format(
        **_image_facts(facts["image"]),
        **facts["examples"],
        count=len(facts["classes"]),
        classes=_class_names(facts["classes"]),
        formats="\n".join(formats),
        cell=facts["cell"],
        params=_count(facts["params"]),
        multiply_adds=_count(facts["multiply_adds"]),
        data_name=facts["data"]["name"],
        fingerprint=facts["data"]["fingerprint"],
        metrics="\n".join(metrics),
        latency=_latency(facts.get("latency_ms")),
        command=facts["command"],
    )


def _latency(measured: Mapping[str, Any] | None) -> str:
    """Return the measured latency as a line of the list of metrics; nothing where it is unknown."""
    if measured is None:
        return ""
    return (
        f"- latency: {measured['median']:.3g} ms (quartiles {measured['low']:.3g} and "
        f"{measured['high']:.3g}) for a batch of {measured['batch']}, {measured['format']}, "
        f"{plural(measured['threads'], 'thread')}, on {measured['machine']}\n"
    )


def _class_names(names: list[str]) -> str:
    shown = ", ".join(names[:_CLASSES_NAMED])
    return f"{shown}, ..." if len(names) > _CLASSES_NAMED else shown


def _metric(value: Any) -> str:
    if value is None:
        return "not measured"
    return decimal(value) if isinstance(value, float) else str(value)


def _count(value: int | None) -> str:
    return "an unknown number of" if value is None else f"{value:,}"


def _image_facts(image: Mapping[str, Any]) -> dict[str, Any]:
    """Height, width and channels, with black and white as text: one number, or one a channel."""
    facts = dict(image)
    facts["channels_in_words"] = plural(image["channels"], "channel")
    for name in ("black", "white"):
        value = image[name]
        numbers = value if isinstance(value, list) else [value]
        facts[name] = " / ".join(f"{number:g}" for number in numbers)
    return facts
