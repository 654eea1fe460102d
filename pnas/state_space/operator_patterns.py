"""Operator strings, parsed by pattern: ``5x5 dconv`` is legal by its form, not by a list."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from pnas.errors import InvalidValue, require
from pnas.extensions import check_names, extension_names
from pnas.state_space.limits import MAX_KERNEL, MAX_OPERATORS

KEY = "state_space.operators"


class OperatorKind(StrEnum):
    """What an operator computes; the value is its written form, with K for the kernel size."""

    CONV = "KxK conv"
    DCONV = "KxK dconv"
    FACTORIZED_CONV = "1xK-Kx1 conv"
    DILATED_CONV = "KxK dilated conv"
    MAXPOOL = "KxK maxpool"
    AVGPOOL = "KxK avgpool"
    IDENTITY = "identity"
    EXTENSION = "a name that an extension offers"

    @property
    def smallest_kernel(self) -> int:
        """1 where a 1x1 kernel is an operator of its own; 3 where it would repeat another one."""
        has_own_1x1 = self in (OperatorKind.CONV, OperatorKind.DCONV, OperatorKind.IDENTITY)
        return 1 if has_own_1x1 else 3


class Operator(NamedTuple):
    """A parsed operator.

    Attributes:
        kind: What it computes.
        kernel: Side of its square window in pixels, odd; 1 for the identity and for extensions.
    """

    kind: OperatorKind
    kernel: int

    def __str__(self) -> str:
        """The written form, which `parse_operator` reads back."""
        return self.kind.value.replace("K", str(self.kernel))


PAPER_OPERATORS = (
    "3x3 dconv",
    "5x5 dconv",
    "7x7 dconv",
    "1x7-7x1 conv",
    "identity",
    "3x3 avgpool",
    "3x3 maxpool",
    "3x3 dilated conv",
)
"""The eight operators of Progressive NAS (Liu et al. 2018, section 3.1)."""

_FORMS = tuple(kind for kind in OperatorKind if kind is not OperatorKind.EXTENSION)
_FORM_RULE = f"every operator must have one of the forms {', '.join(_FORMS)}, with K an odd integer"
_EXTENSION_NAME = re.compile(r"[\w.+ -]+")


def _pattern(kind: OperatorKind) -> re.Pattern[str]:
    # The first K captures the kernel size; every later K must repeat it.
    first = kind.value.replace("K", "(?P<kernel>-?[0-9]{1,4})", 1)
    return re.compile(first.replace("K", "(?P=kernel)"))


_PATTERNS = {kind: _pattern(kind) for kind in _FORMS}


def parse_operator(text: Any) -> Operator:
    """Parse the operator written as ``text``, in which any run of blanks counts as one.

    Raises:
        InvalidValue: The text has none of the forms, or its kernel is even or too small
            (`OperatorKind.smallest_kernel`).
    """
    require(isinstance(text, str), KEY, _FORM_RULE, text)
    written = normalize_blanks(text)
    for kind, pattern in _PATTERNS.items():
        match = pattern.fullmatch(written)
        if match is not None:
            digits = match.groupdict().get("kernel", "1")
            return Operator(kind, _parse_kernel(kind, digits, text))

    if written in extension_names("operators"):
        return Operator(OperatorKind.EXTENSION, 1)
    raise InvalidValue(KEY, _FORM_RULE, text)


def parse_operators(texts: Any) -> tuple[str, ...]:
    """Return the written forms of a list of operators, each valid and none repeated.

    Raises:
        InvalidValue: The value is not a list, it is empty, it has an operator that
            `parse_operator` refuses, or it has a duplicate; an extension names an operator as the
            package does.
    """
    is_list = isinstance(texts, Sequence) and not isinstance(texts, str | bytes)
    is_filled = is_list and len(texts) > 0
    require(is_filled, KEY, "must be a list of at least one operator", texts)
    rule = f"must be a list of at most {MAX_OPERATORS} operators"
    require(len(texts) <= MAX_OPERATORS, KEY, rule, len(texts))
    check_names("operators", _has_form)

    written = tuple(map(_written_form, texts))
    is_unique = len(set(written)) == len(written)
    require(is_unique, KEY, "must not name an operator twice", list(texts))
    return written


def _has_form(name: str) -> bool:
    """Whether ``name`` is written like an operator of the package."""
    return any(pattern.fullmatch(name) for pattern in _PATTERNS.values())


def normalize_blanks(text: str) -> str:
    """Return ``text`` with every run of blanks replaced by one, and none at its ends."""
    return " ".join(text.split())


def _written_form(text: Any) -> str:
    """Return the normalized written form of a built-in operator or of an extension's."""
    operator = parse_operator(text)
    if operator.kind is not OperatorKind.EXTENSION:
        return str(operator)

    name = normalize_blanks(text)
    is_plain = _EXTENSION_NAME.fullmatch(name) is not None
    require(is_plain, KEY, "names must be letters, digits and blanks", name)
    return name


def _parse_kernel(kind: OperatorKind, digits: str, text: str) -> int:
    kernel = int(digits)
    is_odd = kernel % 2 == 1
    rule = f"K in '{kind}' must be an odd integer of at least {kind.smallest_kernel}"
    require(is_odd and kernel >= kind.smallest_kernel, KEY, rule, text)
    require(kernel <= MAX_KERNEL, KEY, f"K in '{kind}' must be at most {MAX_KERNEL}", text)
    return kernel
