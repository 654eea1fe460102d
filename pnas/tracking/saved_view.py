"""The view of an experiment that MLflow's UI opens at ``#/experiments/<id>/runs?viewStateShareKey=pnas``.

One row a search, best reward first, with the columns by which searches are compared. MLflow 3 keeps such views as
tags of the experiment (it makes them itself under "Views > Share view"); other versions take no notice of the tag.
"""

import json

VIEW = "pnas"
"""Its name in the address."""

_METRICS = (
    "best_reward",
    "test_accuracy",
    "children_trained",
    "children_failed",
    "spearman_next",
    "search_seconds",
)
_PARAMS = ("controller", "controller.K", "state_space", "state_space.B", "search", "data", "seed")


def _state() -> dict[str, object]:
    columns = [
        *(f"metrics.`{name}`" for name in _METRICS),
        *(f"params.`{name}`" for name in _PARAMS),
    ]
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
