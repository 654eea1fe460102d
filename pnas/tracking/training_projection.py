"""A training -> MLflow: one run, and below it one for each training if there are several.

Everything is written from what the run directory knows, so a store that was away gets what it lacks later.
"""

import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pnas.errors import TrackingError
from pnas.records.training_record import Member, Training
from pnas.system.redaction import redact
from pnas.tracking.mlflow_process import translate_store_errors
from pnas.tracking.mlflow_store import Store, open_store
from pnas.tracking.naming import LONGEST_TAG, as_params, cut
from pnas.tracking.tracking_specs import resolve_uri

_log = logging.getLogger(__name__)
_EVERY = 5.0
_PAUSE = 60.0
_PARENT = "mlflow.parentRunId"
_NAME = "mlflow.runName"
_ID = "pnas.training_id"
_MEMBER = "pnas.member"
_BATCH = 900  # metrics in one request; MLflow takes 1,000


class Curve(NamedTuple):
    """A training and the metrics of its epochs so far."""

    member: Member
    epochs: Sequence[dict[str, float]]


class TrainingTracker:
    """Shows a training while it goes on, every few seconds. A store that fails is said once and tried again later.

    Attributes:
        info: uri (without credentials), experiment and run_id, once they are known.
    """

    def __init__(self, spec: Any, training: Training) -> None:
        self._spec = spec
        self._training = training
        self._enabled = spec.backend != "none"
        self._store: Store | None = None
        self._runs: dict[str, str] = {}
        self._shown: dict[str, int] = {}
        self._next = 0.0
        self._said = False
        self.info: dict[str, str] | None = training.tracking

    def advance(self, curve: Curve) -> None:
        """Show the epochs that are new, unless it was done a moment ago."""
        if self._enabled and time.monotonic() >= self._next:
            self._try([curve], None, ())

    def finish(self, curves: Sequence[Curve], training: Training, files: Sequence[Path]) -> bool:
        """Show what is left, results and files included, and end the runs if the training is over.

        Returns:
            Whether the store has it all.
        """
        return self._enabled and self._try(curves, training, files)

    def _try(
        self, curves: Sequence[Curve], training: Training | None, files: Sequence[Path]
    ) -> bool:
        try:
            with translate_store_errors(resolve_uri(self._spec)):
                self._show(curves)
                if training is not None:
                    self._finish(training, files)
            self._next = time.monotonic() + _EVERY
        except TrackingError as error:
            self._next = time.monotonic() + _PAUSE
            if not self._said:
                _log.warning("%s. The training goes on; the same command delivers the rest", error)
            self._said = True
            return False
        return True

    def _show(self, curves: Sequence[Curve]) -> None:
        for curve in curves:
            run_id = self._run_of(curve.member)
            first = self._shown.setdefault(run_id, self._known_epochs(run_id))
            self._log(run_id, curve.epochs[first:], first)
            self._shown[run_id] = max(first, len(curve.epochs))

    def _log(self, run_id: str, epochs: Sequence[dict[str, float]], first: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [
            Metric(name, value, now, epoch)
            for epoch, values in enumerate(epochs, start=first + 1)
            for name, value in values.items()
            if math.isfinite(value)
        ]
        for start in range(0, len(metrics), _BATCH):
            self._opened().client.log_batch(run_id, metrics[start : start + _BATCH])

    def _finish(self, training: Training, files: Sequence[Path]) -> None:
        client = self._opened().client
        main = self._main()
        for member in training.members:
            for name in ("val_accuracy", "test_accuracy", "params", "flops", "seconds"):
                value = getattr(member, name)
                if value is not None:
                    client.log_metric(self._run_of(member), f"final_{name}", value)
        for path in files:
            client.log_artifact(main, str(path))
        if training.status == "finished":
            for run_id in dict.fromkeys((*self._runs.values(), main)):
                client.set_terminated(run_id, "FINISHED")

    def _known_epochs(self, run_id: str) -> int:
        return max(
            (m.step for m in self._opened().client.get_metric_history(run_id, "loss")), default=0
        )

    def _opened(self) -> Store:
        if self._store is None:
            self._store = open_store(self._spec)
        return self._store

    def _main(self) -> str:
        run_id = self._run("main", {_NAME: self._training.name}, as_params(self._training.config))
        self.info = {
            "uri": redact(self._opened().uri),
            "experiment": self._spec.experiment,
            "run_id": run_id,
        }
        return run_id

    def _run_of(self, member: Member) -> str:
        main = self._main()
        if len(self._training.members) == 1:
            return main
        tags = {_NAME: f"{self._training.name}/{member.id}", _PARENT: main}
        return self._run(
            member.id, tags, {"cell": cut(member.cell, LONGEST_TAG), "seed": str(member.seed)}
        )

    def _run(self, which: str, tags: dict[str, str], params: dict[str, str]) -> str:
        """The run of this training called ``which``, found by its tags or made."""
        if which not in self._runs:
            store = self._opened()
            query = (
                f"tags.`{_ID}` = '{self._training.training_id}' and tags.`{_MEMBER}` = '{which}'"
            )
            found: Any = store.client.search_runs([store.experiment_id], query, max_results=1)
            self._runs[which] = found[0].info.run_id if found else self._made(which, tags, params)
        return self._runs[which]

    def _made(self, which: str, tags: dict[str, str], params: dict[str, str]) -> str:
        from mlflow.entities import Param

        store = self._opened()
        tags = {**tags, _ID: self._training.training_id, _MEMBER: which, "pnas.level": "training"}
        run_id = store.client.create_run(
            store.experiment_id, tags=tags, run_name=tags[_NAME]
        ).info.run_id
        entities = [Param(name, value) for name, value in params.items()]
        for start in range(0, len(entities), 100):
            store.client.log_batch(run_id, params=entities[start : start + 100])
        return str(run_id)
