"""The trackers by the value of ``tracking.backend``."""

from pnas.registry import Part, Registry
from pnas.tracking.tracking_specs import MlflowSpec, NoTrackingSpec

TRACKERS = Registry(
    kind="",
    key="tracking.backend",
    parts={
        "mlflow": Part("pnas.tracking.mlflow_tracker:MlflowTracker", MlflowSpec),
        "none": Part("pnas.tracking.tracker:NullTracker", NoTrackingSpec),
    },
)
