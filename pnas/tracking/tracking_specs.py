"""Settings of the `tracking` config group: one specification a tracker, with the keys it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pnas.tracking.store_address import open_command, resolve_address
from pnas.validation import Rule, check_fields, choice, drop_former_keys, number_where, setting

BACKENDS = ("mlflow", "none")

_LONGEST_EXPERIMENT = 500
_FORMER_KEYS = ("uri", "experiment", "patience")


def _is_experiment(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return 0 < len(value.strip()) <= _LONGEST_EXPERIMENT and value.isprintable()


_EXPERIMENT = Rule("must be a name of 1 to 500 printable characters", _is_experiment)
_PATIENCE = number_where("must be a number of seconds of at least 0", lambda seconds: seconds >= 0)


@dataclass(frozen=True)
class TrackingSpec:
    """Where a search is shown.

    Attributes:
        backend: ``mlflow``, or ``none`` for the journal and its reports only.
    """

    backend: str = setting("mlflow", choice(*BACKENDS))

    def __post_init__(self) -> None:
        check_fields(self, "tracking")


@dataclass(frozen=True)
class NoTrackingSpec(TrackingSpec):
    """Shown nowhere but in the run directory."""

    backend: str = setting("none", choice("none"))


@dataclass(frozen=True)
class MlflowSpec(TrackingSpec):
    """Shown in an MLflow store.

    Attributes:
        uri: Address of the store; None stands for ``mlflow.db`` (SQLite) in the working directory.
            Credentials in it appear in no message and no run; they are better given as
            MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
        experiment: Name of the MLflow experiment, made if missing.
        patience: Seconds that the end of a search waits for a store that makes no progress.
    """

    backend: str = setting("mlflow", choice("mlflow"))
    uri: str | None = field(default=None, repr=False)
    experiment: str = setting("pnas", _EXPERIMENT)
    patience: float = setting(60.0, _PATIENCE)

    def __post_init__(self) -> None:
        check_fields(self, "tracking")
        resolve_address(self.uri)


def migrate_tracking(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group that an earlier version stored, with the keys that its tracker reads now."""
    is_none = values.get("backend") == "none"
    return drop_former_keys(values, NoTrackingSpec if is_none else MlflowSpec, _FORMER_KEYS)


def resolve_uri(spec: TrackingSpec) -> str:
    """Return the resolved address of the store of ``spec``; without one, that of the default store.

    Raises:
        InvalidValue: It is not the address of a server or a database.
    """
    return resolve_address(spec.uri if isinstance(spec, MlflowSpec) else None)


def how_to_open(spec: TrackingSpec) -> str | None:
    """Return the command or address that shows the store of ``spec``; None if there is none."""
    return open_command(resolve_uri(spec)) if isinstance(spec, MlflowSpec) else None
