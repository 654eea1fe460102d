"""What one MLflow run shows, as plain values, and the names of the tags that identify it."""

from dataclasses import dataclass, field

from pnas.tracking.metric_points import Point

SEARCH_ID = "pnas.search_id"
LEVEL = "pnas.level"
KEY = "pnas.key"
RUN_DIR = "pnas.run_dir"
SWEEP = "pnas.sweep"
ERROR = "pnas.error"
BEST_CELL = "pnas.best_cell"
WINNER_CELL = "pnas.winner_cell"
CACHED = "pnas.cached"
STOPPED = "pnas.stopped"
SUPERSEDED = "pnas.superseded"

SPARE = "pnas.spare"
"""What earlier versions called `SUPERSEDED`. It is written too, for filters that people saved."""

SEARCH_KEY = "search"
"""Key of the search run itself."""

TRAINING_ID = "pnas.training_id"
"""Tag by which the runs of a `task=train` are found, those of version 0.1.0 and before too."""

MEMBER = "pnas.member"
"""Tag of which training a run shows; in version 0.1.0 and before it was the run's only key."""

MAIN_MEMBER = "main"
"""Value of the tag `MEMBER` of the run of the whole command."""

RUNNING = "RUNNING"


@dataclass(frozen=True)
class RunFacts:
    """All that one MLflow run shows.

    Attributes:
        key: Identity of the run within its search.
        name: Name of the run.
        status: MLflow's status: RUNNING, FINISHED, FAILED or KILLED.
        start: When it began, in milliseconds since the epoch.
        end: When it ended, in milliseconds since the epoch; None while it runs.
        tags: Tags by name.
        params: Params by name.
        points: Values of metrics.
    """

    key: str
    name: str
    status: str
    start: int
    end: int | None
    tags: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
