"""Operator strings, read by pattern: ``5x5 dconv`` is an operator for its form, not because a list has it."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from pnas.errors import InvalidValue, require
from pnas.extensions import extension_names

KEY = "state_space.operators"


class OperatorKind(StrEnum):
    """What an operator does; the value is its written form, with K for the kernel size."""

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
        """1 where a 1x1 kernel is an operator of its own; 3 where it would repeat another operator."""
        return 1 if self in (OperatorKind.CONV, OperatorKind.DCONV, OperatorKind.IDENTITY) else 3


class Operator(NamedTuple):
    """One operator.

    Attributes:
        kind: what it does.
        kernel: side of its square window in pixels, odd; 1 for the identity.
    """

    kind: OperatorKind
    kernel: int

    def __str__(self) -> str:
        """The written form; ``parse_operator`` reads it back."""
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


def _pattern(kind: OperatorKind) -> re.Pattern[str]:
    first = kind.value.replace("K", "(?P<kernel>-?[0-9]{1,4})", 1)
    return re.compile(first.replace("K", "(?P=kernel)"))


_PATTERNS = {kind: _pattern(kind) for kind in _FORMS}


def parse_operator(text: Any) -> Operator:
    """The operator written as ``text``, in which any run of blanks counts as one.

    Raises:
        InvalidValue: not one of the forms, or a kernel that is even or too small
            (`OperatorKind.smallest_kernel`).
    """
    require(isinstance(text, str), KEY, _FORM_RULE, text)
    written = " ".join(text.split())
    for kind, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(written):
            return Operator(kind, _kernel(kind, match.groupdict().get("kernel", "1"), text))
    if written in extension_names("operators"):
        return Operator(OperatorKind.EXTENSION, 1)
    raise InvalidValue(KEY, _FORM_RULE, text)


def _written(text: Any) -> str:
    """The written form of an operator, ours or an extension's."""
    operator = parse_operator(text)
    if operator.kind is not OperatorKind.EXTENSION:
        return str(operator)
    name = " ".join(text.split())
    require(
        re.fullmatch(r"[\w.+ -]+", name) is not None,
        KEY,
        "names must be letters, digits and blanks",
        name,
    )
    return name


def _kernel(kind: OperatorKind, digits: str, text: str) -> int:
    kernel = int(digits)
    rule = f"K in '{kind}' must be an odd integer of at least {kind.smallest_kernel}"
    require(kernel >= kind.smallest_kernel and kernel % 2 == 1, KEY, rule, text)
    return kernel


def parse_operators(texts: Any) -> tuple[str, ...]:
    """The written forms of a list of operators, each valid and none repeated.

    Raises:
        InvalidValue: not a list, an empty one, an operator that `parse_operator` refuses, or a duplicate.
    """
    is_list = isinstance(texts, Sequence) and not isinstance(texts, str | bytes)
    require(is_list and len(texts) > 0, KEY, "must be a list of at least one operator", texts)
    written = tuple(map(_written, texts))
    require(len(set(written)) == len(written), KEY, "must not name an operator twice", list(texts))
    return written
