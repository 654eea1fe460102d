"""`task=export`: the trained model in formats that need nothing of this project, each checked against the original."""

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pnas.children.tensorflow_runtime import configure_runtime
from pnas.config import Settings
from pnas.config.task_specs import FORMATS
from pnas.data import Part, Parts, open_parts
from pnas.errors import InvalidValue, PnasError, require
from pnas.reports.html.model_card import model_card
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.trained_child import Exported, exported_from
from pnas.system.atomic_write import write_text
from pnas.tracking.model_registration import FOLDER, register_model, write_mlflow

if TYPE_CHECKING:
    import keras

CARD = "model_card.md"
DESCRIPTION = "model.json"
CHECKED_EXAMPLES = 64
TOLERANCE = 1e-4
"""Validation images that every format must agree on, and by how much its probabilities may differ."""
_NEEDS = {"onnx": ("tf2onnx", "onnxruntime")}

Images = NDArray[np.float32]


class ExportFailed(PnasError):
    """A format could not be written, or does not predict what the original does."""

    exit_code = 1


def run(settings: Settings, context: Context) -> None:
    """Write the model of ``from=`` to ``task.output``: all of it, or nothing."""
    formats = settings.task.formats or list(FORMATS)
    _check_packages(formats)
    source = exported_from(settings)
    output = _output(settings, source)
    _check_register(settings, formats)
    configure_runtime(source.trainer)
    data = open_parts(source.data)
    source = source.on(data)
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        differences = _write(source, data, formats, draft)
        _describe(source, data, differences, draft)
        if output.exists():
            raise InvalidValue("task.output", "must not exist yet", str(output))
        draft.rename(output)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    version = _register(settings, source, output)
    _report(context, output, differences, version)


def _check_packages(formats: list[str]) -> None:
    for name in formats:
        missing = [package for package in _NEEDS.get(name, ()) if find_spec(package) is None]
        rule = f"{name} needs the packages {', '.join(missing)}: pip install 'pnas[onnx]'"
        require(not missing, "task.formats", rule, name)


def _output(settings: Settings, source: Exported) -> Path:
    path = (
        source.run_dir / "export"
        if settings.task.output is None
        else Path(settings.task.output).expanduser()
    )
    require(
        not path.exists() and not path.is_symlink(), "task.output", "must not exist yet", str(path)
    )
    require(path.parent.is_dir(), "task.output", "must lie in an existing directory", str(path))
    return path.absolute()


def _check_register(settings: Settings, formats: list[str]) -> None:
    if settings.task.register is not None:
        rule = "needs an MLflow store (tracking=mlflow) and the format mlflow"
        is_possible = settings.tracking.backend != "none" and "mlflow" in formats
        require(is_possible, "task.register", rule, settings.task.register)


def _write(source: Exported, data: Parts, formats: list[str], folder: Path) -> dict[str, float]:
    """Write every format; by how much each one's probabilities differ from those of the trained child."""
    import keras

    from pnas.children.final_training.standalone_model import serving_model

    child = source.load_child()
    arguments = (source.cell, source.network, data.image_shape, data.num_classes)
    mean, std = (None if values is None else values.tolist() for values in (data.mean, data.std))
    model = serving_model(child, *arguments, mean, std)
    normalised = data.val.images[np.arange(min(CHECKED_EXAMPLES, len(data.val.labels)))]
    expected = np.asarray(keras.ops.softmax(child(normalised, training=False)))
    raw = _raw(normalised, data)
    differences: dict[str, float] = {}
    keras.utils.disable_interactive_logging()  # MLflow predicts with a progress bar
    for name in formats:
        try:
            predict = _writer(name, raw)(model, folder)
            differences[name] = float(np.abs(predict(raw) - expected).max())
        except OSError:
            raise
        except Exception as error:  # each of these libraries has its own
            first_line = (str(error).strip().splitlines() or [""])[0]
            raise ExportFailed(
                f"{name}: cannot be written ({type(error).__name__}: {first_line})"
            ) from error
        if not differences[name] <= TOLERANCE:
            raise ExportFailed(
                f"{name}: its probabilities differ by {differences[name]:.2g} from the trained model's"
            )
    return differences


def _writer(name: str, raw: Images) -> Callable[["keras.Model", Path], Callable[[Images], Images]]:
    from pnas.children.final_training.standalone_model import WRITERS

    return partial(write_mlflow, example=raw[:2]) if name == "mlflow" else WRITERS[name]


def _raw(images: Images, data: Parts) -> Images:
    """Images as they were before they were normalised."""
    raw = images if data.mean is None or data.std is None else images * data.std + data.mean
    return np.asarray(raw, np.float32)


def _describe(source: Exported, data: Parts, differences: dict[str, float], folder: Path) -> None:
    """model.json for programs and the model card for people."""
    height, width, channels = data.image_shape
    facts: dict[str, Any] = {
        "cell": str(source.cell),
        "image": {
            "height": height,
            "width": width,
            "channels": channels,
            "white": data.pixel_range,
        },
        "classes": list(data.class_names or map(str, range(data.num_classes))),
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "train": len(data.train.labels),
        },
        "normalisation": None
        if data.mean is None or data.std is None
        else [data.mean.tolist(), data.std.tolist()],
        "metrics": source.metrics,
        "params": source.params,
        "multiply_adds": source.flops,
        "command": source.command,
        "largest_difference": differences,
    }
    part = _part_sizes(data)
    write_text(folder / DESCRIPTION, json.dumps({**facts, "examples": part}, indent=2) + "\n")
    write_text(folder / CARD, model_card({**facts, "examples": part}))


def _part_sizes(data: Parts) -> dict[str, int]:
    parts: dict[str, Part | None] = {"train": data.train, "val": data.val, "test": data.test}
    return {name: 0 if part is None else len(part.labels) for name, part in parts.items()}


def _register(settings: Settings, source: Exported, output: Path) -> str | None:
    name = settings.task.register
    tags = {"pnas.cell": str(source.cell)[:5000], "pnas.run_dir": str(source.run_dir)}
    return None if name is None else register_model(settings.tracking, name, output, tags)


def _report(
    context: Context, output: Path, differences: dict[str, float], version: str | None
) -> None:
    lines = [
        f"{name}: largest difference of a probability {value:.1e}"
        for name, value in differences.items()
    ]
    output = relative(output)
    lines.append(f"export: {output} ({CARD}, {DESCRIPTION})")
    if "mlflow" in differences:
        lines.append(
            f"predict: mlflow models predict -m {output / FOLDER} --env-manager local -t json -i INPUT.json"
        )
    if version is not None:
        lines.append(f"registered: version {version}")
    for line in lines:
        context.console.print(line, markup=False, highlight=False, soft_wrap=True)
