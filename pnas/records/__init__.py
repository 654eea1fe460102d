"""What is true of a search: results of children, the journal, and the files derived from it."""

from pnas.records.child_records import ChildJob, ChildResult, Status
from pnas.records.journal import Journal
from pnas.records.journal_reader import JournalReader
from pnas.records.journal_records import (
    ChildRecord,
    Choice,
    Event,
    StageRecord,
    best_child,
    best_children,
)
from pnas.records.summary import summarize, write_summary

__all__ = [
    "ChildJob",
    "ChildRecord",
    "ChildResult",
    "Choice",
    "Event",
    "Journal",
    "JournalReader",
    "StageRecord",
    "Status",
    "best_child",
    "best_children",
    "summarize",
    "write_summary",
]
