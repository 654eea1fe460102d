"""`task=export`: a trained model in formats that need nothing of this project, each one checked."""

from pathlib import Path

from pnas.children.tensorflow_runtime import configure_runtime
from pnas.config import Settings
from pnas.config.task_specs import FORMATS
from pnas.data import open_parts
from pnas.errors import InvalidValue, RunDirectoryError, require
from pnas.exporting.description import CARD, DESCRIPTION, describe, finished_export
from pnas.exporting.formats import Differences, check_packages, write_formats
from pnas.exporting.latency import measured_latency
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.output_path import check_output_folder, writable_folder
from pnas.runs.trained_child import TrainedChild, find_trained_child
from pnas.system.atomic_write import atomic_directory
from pnas.system.console import print_line
from pnas.system.file_lock import LockIsHeld
from pnas.tracking.model_registration import EXPORT_ID, FOLDER, register_model

_LONGEST_TAG = 5000  # characters, MLflow's limit


def run(settings: Settings, context: Context) -> None:
    """Write the model of ``from=`` to ``task.output``: all of it, or nothing.

    The same command completes what an earlier one did not get to, such as the registration.

    Args:
        settings: Settings of the command.
        context: The command around the task.

    Raises:
        InvalidValue: The output exists, or a format or the registration is not possible.
        ExportFailed: A format could not be written, or predicts otherwise than the trained child.
    """
    formats = settings.task.formats or list(FORMATS)
    check_packages(formats)
    child = find_trained_child(settings)
    output = _output(settings, child)
    _check_registration(settings, formats)

    facts = finished_export(output, child.weights, formats)
    if facts is None:
        _check_is_new(output)
        if settings.task.output is None:
            writable_folder(output.parent)
        print_line(context.console, f"writing {', '.join(formats)}, each read back and compared")
        _write(settings, child, formats, output)
        facts = finished_export(output, child.weights, formats)
    assert facts is not None

    version = _register(settings, child, output, facts["export_id"])
    for line in _lines(output, facts["largest_difference"], version):
        print_line(context.console, line)


def _write(settings: Settings, child: TrainedChild, formats: list[str], output: Path) -> None:
    configure_runtime(child.trainer)
    data = open_parts(child.data)
    child = child.with_data(data)
    try:
        with atomic_directory(output) as draft:
            differences = write_formats(child, data, formats, draft)
            latency = measured_latency(child, data, settings.inference)
            describe(child, data, differences, draft, latency)
            _check_is_new(output)
    except LockIsHeld:
        raise RunDirectoryError(
            f"task.output: {output} is being written by another process"
        ) from None


def _output(settings: Settings, child: TrainedChild) -> Path:
    """Return the folder to write."""
    typed = settings.task.output
    path = child.run_dir / "export" if typed is None else Path(typed).expanduser()
    return check_output_folder(str(path)).absolute()


def _check_is_new(path: Path) -> None:
    is_new = not path.exists() and not path.is_symlink()
    if not is_new:
        raise InvalidValue("task.output", "must not exist yet", str(path))


def _check_registration(settings: Settings, formats: list[str]) -> None:
    name = settings.task.register
    if name is None:
        return
    rule = "needs an MLflow store (tracking=mlflow) and the format mlflow"
    is_possible = settings.tracking.backend != "none" and "mlflow" in formats
    require(is_possible, "task.register", rule, name)


def _register(settings: Settings, child: TrainedChild, output: Path, export_id: str) -> str | None:
    """Register the model under ``task.register``; return its version, None without a name."""
    name = settings.task.register
    if name is None:
        return None
    tags = {
        "pnas.cell": str(child.cell)[:_LONGEST_TAG],
        "pnas.run_dir": str(child.run_dir),
        EXPORT_ID: export_id,
    }
    return register_model(settings.tracking, name, output, tags)


def _lines(output: Path, differences: Differences, version: str | None) -> list[str]:
    lines = []
    for name, value in differences.items():
        lines.append(f"{name}: largest difference of a probability {value:.1e}")

    shown = relative(output)
    lines.append(f"export: {shown} ({CARD}, {DESCRIPTION})")
    if "mlflow" in differences:
        model = shown / FOLDER
        lines.append(
            f"predict: mlflow models predict -m {model} --env-manager local -t json -i INPUT.json"
        )
    if version is not None:
        lines.append(f"registered: version {version}")
    return lines
