"""Output of jobs that share one terminal: each line says which job it is from."""

import io
from typing import TextIO


class PrefixedStream(io.TextIOBase):
    """A text stream that puts a prefix before each whole line that goes on to another stream."""

    def __init__(self, stream: TextIO, prefix: str) -> None:
        self._stream = stream
        self._prefix = prefix
        self._unfinished_line = ""

    def write(self, text: str) -> int:
        """Pass whole lines on, one call a line so that the lines of several jobs do not mix."""
        *lines, self._unfinished_line = (self._unfinished_line + text).split("\n")
        for line in lines:
            self._stream.write(f"{self._prefix}{line}\n")
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Flush the other stream; an unfinished line stays here."""
        self._stream.flush()
