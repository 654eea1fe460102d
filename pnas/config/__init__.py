"""Typed schemas of conf/, and every check that a bad value meets before any work starts."""

from pnas.config.credentials import hide_credentials
from pnas.config.error_messages import COMPOSITION_ERRORS, explain
from pnas.config.groups import GROUPS
from pnas.config.schema import (
    Settings,
    load_settings,
    plain_config,
    read_settings,
    read_stored_settings,
    register_schema,
)
from pnas.config.single_composition import composed_once
from pnas.config.value_quoting import quote_values

__all__ = [
    "COMPOSITION_ERRORS",
    "GROUPS",
    "Settings",
    "composed_once",
    "explain",
    "hide_credentials",
    "load_settings",
    "plain_config",
    "quote_values",
    "read_settings",
    "read_stored_settings",
    "register_schema",
]
