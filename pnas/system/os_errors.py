"""Errors of the operating system that a user can put right, as one line."""

import errno
from pathlib import Path

from pnas.errors import NotWritable, PnasError, RunDirectoryError

_NOT_WRITABLE = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EFBIG,
    }
)
_NO_SUCH_PLACE = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})


def as_user_error(error: OSError, place: Path | None = None) -> PnasError:
    """Return what the user can put right about ``error``.

    Args:
        error: The error.
        place: Directory that the command writes, which is named where the error has no file name:
            that of a write to an open file has none.

    Raises:
        OSError: ``error`` itself, if it is nothing of the kind.
    """
    name = error.filename or place or "the output or a file"
    if error.errno in _NOT_WRITABLE:
        return NotWritable(
            f"{name}: cannot be opened or written ({error.strerror}). What was stored is intact; "
            "the same command continues when this is corrected"
        )
    if error.errno in _NO_SUCH_PLACE:
        return RunDirectoryError(f"{name}: cannot be made ({error.strerror})")
    if error.errno in _OUT_OF_FILES:
        return NotWritable(
            "open files: the limit of this process is too low (`ulimit -n` shows it, and 256 are "
            "enough). What was stored is intact; the same command continues"
        )
    raise error
