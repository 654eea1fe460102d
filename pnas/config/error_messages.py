"""Hydra's and OmegaConf's errors as one line: key, rule, value received."""

import re
from dataclasses import fields, is_dataclass
from typing import Any

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pnas.config.credentials import show_redacted
from pnas.config.groups import GROUPS
from pnas.config.key_docs import meaning_of_null, takes_null
from pnas.config.override_errors import NOT_KEY_AND_VALUE, explain_override
from pnas.config.suggestions import (
    ROOT_KEYS,
    no_such_key,
    no_such_option,
    rule_for_unread_key,
)
from pnas.errors import InvalidValue
from pnas.system.redaction import scrub
from pnas.validation import rule_of

COMPOSITION_ERRORS = (HydraException, OmegaConfBaseException)
"""What composing a configuration raises for a mistake on the command line or in a YAML file."""

_TYPE_RULES = {
    "Integer": "must be an integer",
    "Float": "must be a number",
    "Boolean": "must be true or false",
}
"""What OmegaConf calls a type, in words."""

# "Could not override 'trainer.epoch'.", which names the key as it was typed.
_TYPED_KEY = re.compile(r"Could not override '([^']+)'")
# "... use +trainer.epoch=3", "Error merging override trainer.epochs=abc".
_TYPED_VALUE = re.compile(r"(?:use \+|override )[^\s=]+=(.*)")
_CONVERSION = re.compile(r"Value '(.*?)'(?: of type '.*')? could not be converted to (\w+)")
# "While dereferencing interpolation '${name}': Value 'demo' ..."
_REFERENCE = re.compile(r"^While dereferencing interpolation '.*?': ")
_MISSING_REFERENCE = re.compile(r"Interpolation key '(.*?)' not found")
# "str is not a ListConfig, list or tuple."
_NOT_A_LIST = "is not a ListConfig"
_DELETION = "does not support deletion"
_NOT_OPTIONAL = "is not Optional"
# "Ambiguous value for argument 'trainer.epochs=2,3'", "Sweep parameters 'seed=range(0,3)' ...".
_SEVERAL_VALUES = re.compile(r"(?:Ambiguous value for argument|Sweep parameters) '([^=]+)=(.*)'")


def explain(error: BaseException) -> str:
    """Return one line about what was typed wrong, without the credentials of a mistyped address."""
    return scrub(_explain(error))


def _explain(error: BaseException) -> str:
    if isinstance(error, MissingConfigException) and error.options is not None:
        return _unknown_option(error)
    if isinstance(error, OverrideParseException):
        return str(InvalidValue("command line", NOT_KEY_AND_VALUE, error.override))

    several = _SEVERAL_VALUES.match(str(error))
    if several is not None:
        rule = "must be one value: a list is typed as '[a,b]', and -m makes a run of each value"
        return str(InvalidValue(several[1], rule, several[2]))

    cause = error.__cause__ if isinstance(error, ConfigCompositionException) else error
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        return _bad_key(error, cause)

    message = " ".join(str(error).split())
    return str(explain_override(message) or message)


def explain_reference(config: DictConfig, error: Exception) -> InvalidValue:
    """Return which value of ``config`` cannot be resolved, and why.

    Args:
        config: The composed configuration.
        error: What resolving it has raised.
    """
    key = _unresolved_key(config) or "command line"
    reason = " ".join(str(error).splitlines()[0].split())
    raw: Any = OmegaConf.to_container(config, resolve=False)
    for name in key.split("."):
        raw = raw.get(name) if isinstance(raw, dict) else None
    received = show_redacted(raw) if isinstance(raw, str) else None
    return InvalidValue(key, _reference_rule(reason), received)


def _unresolved_key(config: DictConfig) -> str | None:
    for key in config:
        try:
            value = config[key]
            if isinstance(value, DictConfig) and (below := _unresolved_key(value)):
                return f"{key!s}.{below}"
            if isinstance(value, ListConfig):
                OmegaConf.to_container(value, resolve=True)
        except (OmegaConfBaseException, RecursionError):
            return str(key)
    return None


def _unknown_option(error: MissingConfigException) -> str:
    options = list(error.options or ())
    # An option may be typed as a path, which has slashes of its own.
    group, _, option = str(error.missing_cfg_file).partition("/")
    if group not in GROUPS and group != "experiment":
        group, _, option = str(error.missing_cfg_file).rpartition("/")
    rule = no_such_option(option, options)
    listed = option.removeprefix("[").removesuffix("]").split(",")
    if len(listed) > 1 and {each.strip() for each in listed} <= set(options):
        rule = "must be one option: -m makes a run of each"
    return str(InvalidValue(group or "config", rule, option))


def _bad_key(error: BaseException, cause: OmegaConfBaseException) -> str:
    """The line for a key that does not exist, or whose value has the wrong type."""
    message = _REFERENCE.sub("", str(cause.msg).splitlines()[0])
    key = str(cause.full_key)
    value = _typed_value(str(error))

    is_unknown = "is not in struct" in message or "not in '" in message
    if is_unknown:
        return str(InvalidValue(*_rule_for_unknown_key(_typed_key(error) or key, cause), value))

    converted = _CONVERSION.fullmatch(message)
    if converted:
        received, type_name = converted.groups()
        return str(InvalidValue(key, _rule_for_type(type_name, cause), received))
    if _NOT_OPTIONAL in message:
        return str(InvalidValue(key, _declared_rule(cause) or "must have a value", None))
    if _NOT_A_LIST in message:
        return str(InvalidValue(key, "must be a list, as in '[a,b]'", value))
    reference = _MISSING_REFERENCE.search(message)
    if reference is not None:
        return str(_missing_reference(key, message, reference[1]))
    if _DELETION in message:
        return str(InvalidValue(key, "must have a value; it cannot be removed", f"~{key}"))
    return f"{key}: {message.rstrip('.')}. Received: {value}"


def _missing_reference(key: str, message: str, missing: str) -> InvalidValue:
    """The error of a value that refers to a key which does not exist."""
    if missing in ROOT_KEYS:
        return InvalidValue(missing, "must have a value; it cannot be removed", f"~{missing}")
    return InvalidValue(key, _reference_rule(message), f"${{{missing}}}")


def _reference_rule(reason: str) -> str:
    return f"must refer to a value that exists and fits ({reason})"


def _rule_for_unknown_key(key: str, cause: OmegaConfBaseException) -> tuple[str, str]:
    """The key as it was typed, and what is wrong with it."""
    name, _, rest = key.partition(".")
    spec = None if cause.parent_node is None else OmegaConf.get_type(cause.parent_node)
    if name not in GROUPS or spec is None or not is_dataclass(spec):
        return key, no_such_key(key)

    group = GROUPS[name]
    option = group.option_of(cause.parent_node)
    return key, rule_for_unread_key(group, rest, spec, option)


def _rule_for_type(type_name: str, cause: OmegaConfBaseException) -> str:
    """What the value must be: the rule declared beside the field, else the type in words."""
    rule = _TYPE_RULES.get(type_name, f"must be of type {type_name}")
    spec = _spec_of_key(cause)
    if spec is None:
        return rule

    key = _last_name(cause)
    declared = _declared_rule(cause)
    if declared is not None:
        rule = declared
    elif takes_null(spec, key):
        rule = f"{rule}, or null"

    # Who types "all" or "none" learns what null stands for.
    null = meaning_of_null(spec, key)
    return f"{rule} (null = {null})" if null is not None else rule


def _declared_rule(cause: OmegaConfBaseException) -> str | None:
    """The rule declared beside the field that an error is about; None if it has none."""
    spec = _spec_of_key(cause)
    declared = None if spec is None else rule_of(spec, _last_name(cause))
    return None if declared is None else declared.text


def _spec_of_key(cause: OmegaConfBaseException) -> type | None:
    """The specification that has the key that an error is about; None if none has it."""
    spec = None if cause.parent_node is None else OmegaConf.get_type(cause.parent_node)
    if spec is None or not is_dataclass(spec):
        return None
    has_key = _last_name(cause) in {each.name for each in fields(spec)}
    return spec if has_key else None


def _last_name(cause: OmegaConfBaseException) -> str:
    return str(cause.full_key).rpartition(".")[2]


def _typed_key(error: BaseException) -> str | None:
    found = _TYPED_KEY.search(str(error))
    return None if found is None else found[1]


def _typed_value(text: str) -> str:
    found = _TYPED_VALUE.search(text)
    return text.splitlines()[0] if found is None else found[1]
