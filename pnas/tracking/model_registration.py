"""An exported model as MLflow's: a folder for ``mlflow models predict``, a registered version."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pnas.tracking.mlflow_process import prepare_mlflow, translate_store_errors
from pnas.tracking.mlflow_store import Store, open_store
from pnas.tracking.run_facts import LEVEL
from pnas.tracking.tracking_specs import TrackingSpec, resolve_uri

if TYPE_CHECKING:
    import keras
    from mlflow import MlflowClient

FOLDER = "mlflow_model"

_ARTIFACT = "model"
_LEVEL = "model"

Images = NDArray[np.float32]
"""Raw images, (n, height, width, channels), in; probabilities, (n, classes), out."""


def write_mlflow(model: "keras.Model", folder: Path, example: Images) -> Callable[[Images], Images]:
    """Write ``model`` into ``folder`` as an MLflow model with signature and input example.

    Args:
        model: The model.
        folder: Folder in which ``mlflow_model/`` is made.
        example: A few raw images, (n, height, width, channels).

    Returns:
        Predictions by what MLflow reads back from the folder.
    """
    prepare_mlflow()
    import mlflow

    path = folder / FOLDER
    probabilities = np.asarray(model(example, training=False))
    signature = mlflow.models.infer_signature(example, probabilities)
    mlflow.tensorflow.save_model(model, path, signature=signature, input_example=example)
    served: Any = mlflow.pyfunc.load_model(str(path))

    def predict(images: Images) -> Images:
        return np.asarray(served.predict(images))

    return predict


EXPORT_ID = "pnas.export_id"
"""Tag that identifies an export among the versions of a registered model."""


def register_model(spec: TrackingSpec, name: str, folder: Path, tags: Mapping[str, str]) -> str:
    """Keep the MLflow model in ``folder`` in the store, and register it as ``name``.

    A model whose `EXPORT_ID` is registered already is not registered again.

    Args:
        spec: Which store.
        name: Name of the registered model, made if missing.
        folder: Folder that holds ``mlflow_model/``.
        tags: Tags of the model's run and version.

    Returns:
        The version.

    Raises:
        TrackingError: The store cannot be reached, or refuses.
    """
    store = open_store(spec)
    with translate_store_errors(resolve_uri(spec)):
        client = store.client
        for registered in client.search_model_versions(f"name = {_quoted(name)}"):
            if registered.tags.get(EXPORT_ID, "") == tags.get(EXPORT_ID):
                _end(client, registered.run_id)
                return str(registered.version)
        run = _begun_run(store, name, tags)
        if run is None:
            all_tags = {**tags, LEVEL: _LEVEL}
            run = client.create_run(store.experiment_id, run_name=name, tags=all_tags)
        try:
            version = _registered_version(client, name, run, folder, tags)
        except Exception:
            # The same command takes this run up again.
            with suppress(Exception):
                client.set_terminated(run.info.run_id, "FAILED")
            raise
        client.set_terminated(run.info.run_id, "FINISHED")
    return version


def _begun_run(store: Store, name: str, tags: Mapping[str, str]) -> Any:
    """Return the run of an earlier command that did not get to a version; None if there is none."""
    runs = store.client.search_runs([store.experiment_id], f"tags.`{LEVEL}` = '{_LEVEL}'")
    for run in runs:
        is_of_export = run.data.tags.get(EXPORT_ID, "") == tags.get(EXPORT_ID)
        has_name = run.info.run_name == name
        if is_of_export and has_name and run.info.status != "FINISHED":
            return run
    return None


def _registered_version(
    client: "MlflowClient", name: str, run: Any, folder: Path, tags: Mapping[str, str]
) -> str:
    """Keep the model with ``run``, and return the version under which it is registered."""
    run_id = run.info.run_id
    client.log_artifacts(run_id, str(folder / FOLDER), _ARTIFACT)
    if not client.search_registered_models(f"name = {_quoted(name)}"):
        client.create_registered_model(name)
    source = f"{run.info.artifact_uri}/{_ARTIFACT}"
    version = client.create_model_version(name, source, run_id, tags=dict(tags))
    return str(version.version)


def _end(client: "MlflowClient", run_id: str | None) -> None:
    """End the run of a version, which a kill may have left open; somebody may have removed it."""
    if run_id is None:
        return
    with suppress(Exception):
        if client.get_run(run_id).info.status != "FINISHED":
            client.set_terminated(run_id, "FINISHED")


def _quoted(name: str) -> str:
    """Return ``name`` as a filter of MLflow has it; there is no name with both kinds of quotes."""
    quote = '"' if "'" in name else "'"
    return f"{quote}{name}{quote}"
