"""A training -> MLflow: one run, and below it one for each training if there are several.

Everything is written from what the run directory knows, so a store that was away gets what it
lacks later.
"""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pnas.errors import TrackingError
from pnas.records.training_record import Member, Training
from pnas.system.redaction import redact
from pnas.tracking.mlflow_process import translate_store_errors
from pnas.tracking.mlflow_store import PARENT, Store, open_store
from pnas.tracking.naming import LONGEST_TAG, as_params, cut
from pnas.tracking.run_facts import LEVEL
from pnas.tracking.tracking_specs import MlflowSpec, TrackingSpec, resolve_uri

_log = logging.getLogger(__name__)

_SECONDS_BETWEEN_PASSES = 5.0
_SECONDS_AFTER_A_FAILURE = 60.0
_NAME = "mlflow.runName"
_ID = "pnas.training_id"
_MEMBER = "pnas.member"
_MAIN = "main"
_METRICS_PER_REQUEST = 900  # MLflow takes 1,000
_PARAMS_PER_REQUEST = 100
_RESULTS = ("val_accuracy", "test_accuracy", "params", "flops", "seconds")


class Curve(NamedTuple):
    """A training and the metrics of its epochs so far.

    Attributes:
        member: The training.
        epochs: Values by name, one mapping an epoch.
    """

    member: Member
    epochs: Sequence[Mapping[str, float]]


class TrainingTracker:
    """Shows a training while it goes on, every few seconds.

    A store that fails is logged once and tried again later.

    Attributes:
        info: Address (without credentials), experiment and run_id, once they are known.
    """

    def __init__(self, spec: TrackingSpec, training: Training) -> None:
        self._spec = spec
        self._training = training
        self._store: Store | None = None
        self._run_ids: dict[str, str] = {}
        self._shown_epochs: dict[str, int] = {}
        self._next_pass = 0.0
        self._has_warned = False
        self.info: dict[str, str] | None = training.tracking

    def advance(self, curve: Curve) -> None:
        """Show the epochs that are new, unless that was done a moment ago."""
        if self._is_enabled and time.monotonic() >= self._next_pass:
            self._try([curve], None, ())

    def finish(self, curves: Sequence[Curve], training: Training, files: Sequence[Path]) -> bool:
        """Show what is left, results and files included.

        The runs end if the training is over.

        Returns:
            Whether the store has everything.
        """
        return self._is_enabled and self._try(curves, training, files)

    @property
    def _is_enabled(self) -> bool:
        return isinstance(self._spec, MlflowSpec)

    def _try(
        self, curves: Sequence[Curve], training: Training | None, files: Sequence[Path]
    ) -> bool:
        try:
            with translate_store_errors(resolve_uri(self._spec)):
                for curve in curves:
                    self._show(curve)
                if training is not None:
                    self._show_results(training, files)
        except TrackingError as error:
            self._next_pass = time.monotonic() + _SECONDS_AFTER_A_FAILURE
            if not self._has_warned:
                _log.warning("%s. The training goes on; the same command delivers the rest", error)
            self._has_warned = True
            return False
        self._next_pass = time.monotonic() + _SECONDS_BETWEEN_PASSES
        return True

    def _show(self, curve: Curve) -> None:
        run_id = self._run_of(curve.member)
        if run_id not in self._shown_epochs:
            self._shown_epochs[run_id] = self._stored_epochs(run_id)
        shown = self._shown_epochs[run_id]
        self._log_epochs(run_id, curve.epochs[shown:], shown)
        self._shown_epochs[run_id] = max(shown, len(curve.epochs))

    def _log_epochs(self, run_id: str, epochs: Sequence[Mapping[str, float]], shown: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = []
        for epoch, values in enumerate(epochs, start=shown + 1):
            for name, value in values.items():
                if math.isfinite(value):
                    metrics.append(Metric(name, value, now, epoch))

        client = self._opened_store().client
        for start in range(0, len(metrics), _METRICS_PER_REQUEST):
            client.log_batch(run_id, metrics[start : start + _METRICS_PER_REQUEST])

    def _show_results(self, training: Training, files: Sequence[Path]) -> None:
        client = self._opened_store().client
        main = self._main_run()
        for member in training.members:
            run_id = self._run_of(member)
            for name in _RESULTS:
                value = getattr(member, name)
                if value is not None:
                    client.log_metric(run_id, f"final_{name}", value)
        for path in files:
            client.log_artifact(main, str(path))
        if training.status == "finished":
            for run_id in dict.fromkeys((*self._run_ids.values(), main)):
                client.set_terminated(run_id, "FINISHED")

    def _stored_epochs(self, run_id: str) -> int:
        history = self._opened_store().client.get_metric_history(run_id, "loss")
        return max((metric.step for metric in history), default=0)

    def _opened_store(self) -> Store:
        if self._store is None:
            self._store = open_store(self._spec)
        return self._store

    def _main_run(self) -> str:
        """Return the id of the run of the whole command."""
        name = self._training.name
        run_id = self._find_or_create(_MAIN, {_NAME: name}, as_params(self._training.config))
        store = self._opened_store()
        self.info = {
            "uri": redact(store.uri),
            "experiment": store.experiment,
            "run_id": run_id,
        }
        return run_id

    def _run_of(self, member: Member) -> str:
        """Return the id of the run of one training; a single one is shown by the main run."""
        main = self._main_run()
        if len(self._training.members) == 1:
            return main
        tags = {_NAME: f"{self._training.name}/{member.id}", PARENT: main}
        params = {"cell": cut(member.cell, LONGEST_TAG), "seed": str(member.seed)}
        return self._find_or_create(member.id, tags, params)

    def _find_or_create(self, member: str, tags: dict[str, str], params: dict[str, str]) -> str:
        """Return the id of the run called ``member``, found by its tags or made."""
        if member not in self._run_ids:
            store = self._opened_store()
            of_training = f"tags.`{_ID}` = '{self._training.training_id}'"
            query = f"{of_training} and tags.`{_MEMBER}` = '{member}'"
            found: Any = store.client.search_runs([store.experiment_id], query, max_results=1)
            if found:
                self._run_ids[member] = found[0].info.run_id
            else:
                self._run_ids[member] = self._create(member, tags, params)
        return self._run_ids[member]

    def _create(self, member: str, tags: dict[str, str], params: dict[str, str]) -> str:
        from mlflow.entities import Param

        store = self._opened_store()
        all_tags = {
            **tags,
            _ID: self._training.training_id,
            _MEMBER: member,
            LEVEL: "training",
        }
        run = store.client.create_run(store.experiment_id, tags=all_tags, run_name=tags[_NAME])
        run_id = str(run.info.run_id)

        entities = [Param(name, value) for name, value in params.items()]
        for start in range(0, len(entities), _PARAMS_PER_REQUEST):
            store.client.log_batch(run_id, params=entities[start : start + _PARAMS_PER_REQUEST])
        return run_id
