"""An observer that stands for a kill: it ends the process's loop between two transactions."""

from typing import Any

from pnas.records import ChildRecord


class Kill(Exception):
    """Stands for a kill between two transactions."""


class KillAfter:
    """An observer that ends the process's loop after some number of children."""

    def __init__(self, children: int) -> None:
        self._left = children

    def stage_opened(self, b: int, children: Any) -> None: ...

    def stage_extended(self, b: int, children: Any) -> None: ...

    def child_ended(self, child: ChildRecord) -> None:
        self._left -= 1
        if self._left < 0:
            raise Kill

    def learning(self, b: int) -> None: ...

    def stage_closed(self, b: int) -> None: ...
