"""Journal -> MLflow. Nothing here imports MLflow before a store is opened."""

from pnas.system.redaction import redact, scrub
from pnas.tracking.mlflow_store import find_run, open_store, run_dir_of
from pnas.tracking.projection import Projection, project
from pnas.tracking.tracker import MlflowTracker, NullTracker, Tracker, start_tracker
from pnas.tracking.tracking_specs import TrackingSpec, how_to_open, resolve_uri

__all__ = [
    "MlflowTracker",
    "NullTracker",
    "Projection",
    "Tracker",
    "TrackingSpec",
    "find_run",
    "how_to_open",
    "open_store",
    "project",
    "redact",
    "resolve_uri",
    "run_dir_of",
    "scrub",
    "start_tracker",
]
