"""Search strategies and the loop that runs them."""

from pnas.search.budget import STOPPED_BY, may_continue
from pnas.search.loop import Observer, SearchFailed, SearchLoop
from pnas.search.progressive import Progressive
from pnas.search.spec import SearchSpec
from pnas.search.strategy import Proposal, Strategy

__all__ = [
    "STOPPED_BY",
    "Observer",
    "Progressive",
    "Proposal",
    "SearchFailed",
    "SearchLoop",
    "SearchSpec",
    "Strategy",
    "may_continue",
]
