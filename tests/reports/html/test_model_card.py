"""The card of an exported model."""

from typing import Any

from pnas.reports.html.model_card import model_card

FACTS: dict[str, Any] = {
    "image": {
        "height": 8,
        "width": 8,
        "channels": 1,
        "resize": "none",
        "black": 0.0,
        "white": 1.0,
        "mean": None,
        "std": None,
    },
    "examples": {"train": 256, "val": 1041, "test": 500},
    "classes": ["zero", "one"],
    "largest_difference": {"onnx": 1e-7},
    "metrics": {"test accuracy": 0.9375},
    "cell": "(-1, identity, -1, identity)",
    "params": 1234,
    "multiply_adds": 56789,
    "data": {"name": "digits", "fingerprint": "abc"},
    "command": "python run.py task=train",
}
MEASURED = {
    "median": 1.25,
    "low": 1.125,
    "high": 1.5,
    "batch": 4,
    "format": "onnx",
    "threads": 2,
    "machine": "x86_64",
}


def test_the_measured_latency_stands_beside_the_accuracy() -> None:
    card = model_card({**FACTS, "latency_ms": MEASURED})
    line = (
        "- latency: 1.25 ms (quartiles 1.12 and 1.5) for a batch of 4, onnx, 2 threads, on x86_64"
    )
    lines = card.splitlines()
    assert lines.index(line) == lines.index("- test accuracy: 0.9375") + 1


def test_one_channel_is_not_called_channels() -> None:
    assert "images of 8x8 pixels with 1 channel into 2 classes" in model_card(FACTS)
    in_colour = {**FACTS, "image": {**FACTS["image"], "channels": 3}}
    assert "images of 8x8 pixels with 3 channels into 2 classes" in model_card(in_colour)


def test_a_model_without_a_measurement_has_no_such_line() -> None:
    assert "latency" not in model_card(FACTS)
    assert model_card({**FACTS, "latency_ms": None}) == model_card(FACTS)
