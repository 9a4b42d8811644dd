"""Go on when nobody listens any more: after `| head`, or when the terminal is closed."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO


class _Stream:
    """A stream that drops what can no longer be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, action: Callable[..., object], *arguments: str) -> None:
        try:
            action(*arguments)
        except OSError:
            # Python's own way out: what is still buffered has to go somewhere at the end.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def survive_closed_streams() -> Iterator[None]:
    """Inside it, printing to a closed stdout or stderr prints nothing, and raises nothing."""
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(_Stream(sys.stdout)))
        stack.enter_context(redirect_stderr(_Stream(sys.stderr)))
        try:
            yield
        finally:
            # What is still buffered would fail later, where Python ends.
            sys.stdout.flush()
            sys.stderr.flush()
