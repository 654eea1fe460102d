"""Journal -> MLflow. Nothing here imports MLflow before a store is opened."""

from pnas.system.redaction import redact, scrub
from pnas.tracking.mlflow_store import open_store
from pnas.tracking.projection import Info, Projection, project
from pnas.tracking.registry import TRACKERS
from pnas.tracking.run_lookup import RunNotFound, find_run, run_dir_of
from pnas.tracking.tracker import NullTracker, Tracker, start_tracker
from pnas.tracking.tracking_specs import (
    MlflowSpec,
    NoTrackingSpec,
    TrackingSpec,
    how_to_open,
    migrate_tracking,
    resolve_uri,
)

__all__ = [
    "TRACKERS",
    "Info",
    "MlflowSpec",
    "NoTrackingSpec",
    "NullTracker",
    "Projection",
    "RunNotFound",
    "Tracker",
    "TrackingSpec",
    "find_run",
    "how_to_open",
    "migrate_tracking",
    "open_store",
    "project",
    "redact",
    "resolve_uri",
    "run_dir_of",
    "scrub",
    "start_tracker",
]
