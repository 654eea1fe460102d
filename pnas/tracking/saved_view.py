"""The view of an experiment by which searches are compared in MLflow's UI.

One row a search, best reward first. MLflow 3 keeps such views as tags of the experiment (it makes
them itself under "Views > Share view"); other versions take no notice of the tag.
"""

import json

from pnas.system.redaction import redact
from pnas.tracking.store_address import SERVERS, scheme_of

VIEW = "pnas"
"""Name of the view in its address."""

_ADDRESS_OF_LOCAL_UI = "http://127.0.0.1:5000"
"""Where ``mlflow ui`` listens unless it is told otherwise."""

_METRICS = (
    "best_reward",
    "test_accuracy",
    "winner_reward",
    "winner_probability",
    "winner_test_accuracy",
    "children_trained",
    "children_failed",
    "spearman_next",
    "search_seconds",
)
_PARAMS = (
    "controller",
    "controller.K",
    "state_space",
    "state_space.B",
    "search",
    "data",
    "seed",
)


def view_address(uri: str, experiment_id: str) -> str:
    """Return where the saved view of an experiment is shown.

    Args:
        uri: Resolved address of the store.
        experiment_id: Id of the experiment.

    Returns:
        An address on the server of the store; for a database, on the server that ``mlflow ui``
        starts on this machine.
    """
    server = redact(uri).rstrip("/") if scheme_of(uri) in SERVERS else _ADDRESS_OF_LOCAL_UI
    page = f"experiments/{experiment_id}/runs"
    # MLflow 3.17 takes its mode from the address alone, and without one from the browser, where it
    # is GenAI until somebody chooses. The experiment's own tag counts in other versions.
    return f"{server}/#/{page}?viewStateShareKey={VIEW}&workflowType=machine_learning"


def _state() -> dict[str, object]:
    columns = [f"metrics.`{name}`" for name in _METRICS]
    columns += [f"params.`{name}`" for name in _PARAMS]
    return {
        "searchFilter": "tags.`pnas.level` = 'search'",
        "orderByKey": "metrics.`best_reward`",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": [],
        "columnWidths": {},
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsHiddenMode": "FIRST_20_RUNS",
        "groupBy": None,
    }


VIEW_TAGS = {f"mlflow.sharedViewState.{VIEW}": json.dumps(_state())}
"""Tags of the experiment that hold the view."""
