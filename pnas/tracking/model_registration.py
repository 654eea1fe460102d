"""An exported model as MLflow's: a folder for ``mlflow models predict``, a registered version."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pnas.tracking.mlflow_process import prepare_mlflow, translate_store_errors
from pnas.tracking.mlflow_store import open_store
from pnas.tracking.run_facts import LEVEL
from pnas.tracking.tracking_specs import TrackingSpec, resolve_uri

if TYPE_CHECKING:
    import keras

FOLDER = "mlflow_model"

_ARTIFACT = "model"

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
        for registered in client.search_model_versions(f"name = '{name}'"):
            if registered.tags.get(EXPORT_ID, "") == tags.get(EXPORT_ID):
                return str(registered.version)
        run = client.create_run(store.experiment_id, run_name=name, tags={**tags, LEVEL: "model"})
        run_id = run.info.run_id
        client.log_artifacts(run_id, str(folder / FOLDER), _ARTIFACT)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"{run.info.artifact_uri}/{_ARTIFACT}"
        version = client.create_model_version(name, source, run_id, tags=dict(tags))
        client.set_terminated(run_id, "FINISHED")
    return str(version.version)
