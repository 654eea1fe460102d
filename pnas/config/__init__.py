"""Typed schemas of conf/, and every check that a bad value meets before any work starts."""

from pnas.config.cell_quoting import quote_cells
from pnas.config.credentials import hide_credentials
from pnas.config.error_messages import COMPOSITION_ERRORS, explain
from pnas.config.schema import GROUPS, Settings, load_settings, read_settings, register_schema
from pnas.config.task_specs import TaskSpec

__all__ = [
    "COMPOSITION_ERRORS",
    "GROUPS",
    "Settings",
    "TaskSpec",
    "explain",
    "hide_credentials",
    "load_settings",
    "quote_cells",
    "read_settings",
    "register_schema",
]
