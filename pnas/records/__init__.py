"""What is true of a search: results of children, the journal, and the files derived from it."""

from pnas.records.child_records import ChildJob, ChildResult, Status
from pnas.records.journal import ChildRecord, Choice, Event, Journal, StageRecord, best_child
from pnas.records.summary import summarize, write_summary

__all__ = [
    "ChildJob",
    "ChildRecord",
    "ChildResult",
    "Choice",
    "Event",
    "Journal",
    "StageRecord",
    "Status",
    "best_child",
    "summarize",
    "write_summary",
]
