"""The exported model as an MLflow model: a folder that ``mlflow models predict`` takes, and a registered version."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pnas.tracking.mlflow_store import open_store, prepare_process, translated
from pnas.tracking.tracking_specs import TrackingSpec, resolve_uri

if TYPE_CHECKING:
    import keras

FOLDER = "mlflow_model"


def write_mlflow(
    model: "keras.Model", folder: Path, example: NDArray[np.float32]
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """``mlflow_model/`` with signature and input example, and predictions by what MLflow reads back from it.

    Args:
        example: a few raw images, (n, height, width, channels).
    """
    prepare_process()
    import mlflow

    signature = mlflow.models.infer_signature(example, np.asarray(model(example, training=False)))
    mlflow.tensorflow.save_model(model, folder / FOLDER, signature=signature, input_example=example)
    served: Any = mlflow.pyfunc.load_model(str(folder / FOLDER))
    return lambda images: np.asarray(served.predict(images))


def register_model(spec: TrackingSpec, name: str, folder: Path, tags: dict[str, str]) -> str:
    """Keep the MLflow model in ``folder`` in the store and register it as ``name``; its version.

    Raises:
        TrackingError: the store cannot be reached, or refuses.
    """
    store = open_store(spec)
    with translated(resolve_uri(spec)):
        client = store.client
        run = client.create_run(
            store.experiment_id, run_name=name, tags={**tags, "pnas.level": "model"}
        )
        client.log_artifacts(run.info.run_id, str(folder / FOLDER), "model")
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"{run.info.artifact_uri}/model"
        version = client.create_model_version(name, source, run.info.run_id, tags=tags)
        client.set_terminated(run.info.run_id, "FINISHED")
    return str(version.version)
