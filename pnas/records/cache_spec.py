"""Settings of the `cache` config group."""

from dataclasses import dataclass

from pnas.validation import check_fields, flag, optional, setting, text


@dataclass(frozen=True)
class CacheSpec:
    """Whether children are taken from, and added to, a file that several searches share.

    Attributes:
        path: The SQLite file, made if missing; None trains every child of this search.
        any_seed: Whether a child's reward is taken whatever seed it was trained with. Further
            trainings of a cell have seeds of their own in any case.
    """

    path: str | None = setting(None, optional(text("must be the path of a file")))
    any_seed: bool = setting(False, flag())

    def __post_init__(self) -> None:
        check_fields(self, "cache")
