"""Retry what failed because a network was busy or cut off."""

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from helpers.sources import SourceError

Result = TypeVar("Result")

# In seconds; about five minutes in all.
DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0, 60.0, 60.0)

# A full disk, a folder that must not be written to, a refusal: waiting fixes none of them, and
# nothing that a SourceError tells the user to do.
PERMANENT_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}
PERMANENT_STATUSES = {401, 403, 404}


def retry(action: Callable[[], Result], delays: Sequence[float] = DELAYS) -> Result:
    """Call a function until it succeeds, and print a line about each failed attempt.

    Args:
        action: the function.
        delays: the seconds to wait before each further attempt.

    Returns:
        What `action` returns.

    Raises:
        Exception: the error of the last attempt, or the first one that waiting cannot fix.
    """
    for delay in delays:
        try:
            return action()
        except Exception as error:
            if is_permanent(error):
                raise
            print(f"  {first_line(error)}; retrying in {delay:g} s")
        time.sleep(delay)
    return action()


def is_permanent(error: BaseException) -> bool:
    """Say whether an error would come back at every attempt."""
    return any(
        isinstance(cause, SourceError)
        or getattr(cause, "errno", None) in PERMANENT_ERRORS
        or getattr(getattr(cause, "response", None), "status_code", None) in PERMANENT_STATUSES
        for cause in cause_chain(error)
    )


def cause_chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and the errors that it was raised from, the first cause last."""
    while error is not None:
        yield error
        error = error.__cause__


def first_line(error: BaseException) -> str:
    """Return the first line of the message of an error's first cause."""
    cause = list(cause_chain(error))[-1]
    lines = str(cause).strip().splitlines()
    return (lines[0] if lines else type(cause).__name__)[:200].strip(" .:")
