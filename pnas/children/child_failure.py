"""The error that ends the training of one child without ending the search."""


class ChildFailure(Exception):
    """This child cannot be trained. The message says why in one line."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the same computation in smaller parts might have succeeded."""
    # TensorFlow's error is recognised by its name: this module does not import TensorFlow.
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def first_line(error: Exception) -> str:
    """Return one line about ``error``: TensorFlow's messages go on for pages of graph."""
    lines = str(error).strip().splitlines()
    first = lines[0] if lines else ""
    if isinstance(error, ChildFailure):
        return first
    return f"{type(error).__name__}: {first}"
