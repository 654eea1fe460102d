"""Opening an MLflow store and its experiment, which many processes may do at once."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pnas.errors import TrackingError
from pnas.tracking.mlflow_process import make_client, translate_store_errors
from pnas.tracking.saved_view import VIEW_TAGS
from pnas.tracking.store_address import sqlite_path
from pnas.tracking.store_database import artifact_root, ensure_database, exclusive_access
from pnas.tracking.tracking_specs import MlflowSpec, TrackingSpec, resolve_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT = "mlflow.parentRunId"
"""Tag by which MLflow nests runs."""

KIND = "mlflow.experimentKind"
MODEL_TRAINING = "custom_model_development"
"""Value of the tag `KIND` for which MLflow's UI shows runs and metrics instead of GenAI traces.

MLflow 3.17 no longer reads it: there the address decides (`pnas.tracking.saved_view`).
"""

_DEFAULT_EXPERIMENT = MlflowSpec().experiment


@dataclass(frozen=True)
class Store:
    """An open store and the experiment that searches are shown in.

    Attributes:
        client: Client of the store.
        uri: Resolved address.
        experiment: Name of the experiment.
        experiment_id: Id of the experiment.
    """

    client: "MlflowClient"
    uri: str
    experiment: str
    experiment_id: str


def open_store(spec: TrackingSpec) -> Store:
    """Open the store of ``spec``; make its database and its experiment if they are missing.

    Raises:
        TrackingError: The store cannot be reached or is something else; one line, without
            credentials.
    """
    uri = resolve_uri(spec)
    experiment = spec.experiment if isinstance(spec, MlflowSpec) else _DEFAULT_EXPERIMENT
    with translate_store_errors(uri):
        database = sqlite_path(uri)
        if database is not None:
            ensure_database(database)
        client = make_client(uri)
        experiment_id = _experiment_id(client, experiment, database)
    return Store(client, uri, experiment, experiment_id)


def _experiment_id(client: "MlflowClient", name: str, database: Path | None) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        with exclusive_access(database):
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                experiment = _create_experiment(client, name, database)
    if experiment.lifecycle_stage != "active":
        raise TrackingError(
            f"tracking.experiment: {name!r} was deleted in MLflow; "
            "restore it or choose another name"
        )
    _prepare_ui(client, experiment)
    return str(experiment.experiment_id)


def _create_experiment(client: "MlflowClient", name: str, database: Path | None) -> Any:
    tags = {KIND: MODEL_TRAINING, **VIEW_TAGS}
    try:
        client.create_experiment(name, artifact_location=artifact_root(database), tags=tags)
    except Exception:
        # On a server another search may have made it a moment ago.
        if client.get_experiment_by_name(name) is None:
            raise
    return client.get_experiment_by_name(name)


def _prepare_ui(client: "MlflowClient", experiment: Any) -> None:
    """Give an experiment of an earlier version, or of a person, its mode and the saved view."""
    wanted = dict(VIEW_TAGS)
    # A mode that somebody chose stays.
    if not experiment.tags.get(KIND):
        wanted[KIND] = MODEL_TRAINING
    for tag, value in wanted.items():
        if experiment.tags.get(tag) != value:
            # A store that may not be changed can still be read.
            with suppress(Exception):
                client.set_experiment_tag(experiment.experiment_id, tag, value)
