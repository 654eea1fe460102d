"""Latency of an exported model, as model.json and the model card state it."""

import logging
import platform
from dataclasses import replace
from typing import Any

from pnas.children.inference_spec import InferenceSpec, has_onnx
from pnas.data import Parts
from pnas.runs.trained_child import TrainedChild

_log = logging.getLogger(__name__)


def measured_latency(
    child: TrainedChild, data: Parts, inference: InferenceSpec
) -> dict[str, Any] | None:
    """Measure the latency of the model of ``child`` on this machine.

    Without ONNX Runtime, or if TensorFlow is asked for, the SavedModel is measured, with
    the threads that TensorFlow has.

    Args:
        child: Trained child.
        data: Data that it was trained on.
        inference: How it is measured.

    Returns:
        ``median``, ``low`` and ``high`` quartile in milliseconds of a batch, the settings of the
        measurement, and the ``machine``. None if it cannot be measured, for which no export fails.
    """
    from pnas.children.inference_timing import measure_latency

    if inference.format == "savedmodel" or not has_onnx():
        inference = replace(inference, format="savedmodel", threads=child.trainer.threads)
    try:
        latency = measure_latency(child.cell, child.network, data, inference)
    except Exception as error:  # each of these libraries has errors of its own
        _log.warning("the latency cannot be measured: %s", " ".join(str(error).split())[:200])
        return None
    return {**latency.as_dict(), **inference.as_dict(), "machine": platform.machine()}
