"""Searches from Python and notebooks: `pnas.search(data)` and its result."""

from pnas.library.array_files import Arrays
from pnas.library.result import Child, Picture, SearchResult, Winner
from pnas.library.searching import open_result, search

__all__ = [
    "Arrays",
    "Child",
    "Picture",
    "SearchResult",
    "Winner",
    "open_result",
    "search",
]
