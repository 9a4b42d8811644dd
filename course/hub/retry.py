"""Try again what a busy or broken-off network has spoilt."""

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Result = TypeVar("Result")

# Seconds, about five minutes in all.
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0, 60.0, 60.0)

# A full disk, a folder that may not be written to, a refusal: waiting mends none of them.
LASTING_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
LASTING_STATUSES = (401, 403, 404)


def patiently(
    action: Callable[[], Result],
    pauses: Sequence[float] = PAUSES,
    report: Callable[[str], None] = print,
) -> Result:
    """Do something until it succeeds.

    Args:
        action: what to do.
        pauses: the seconds to wait before each further attempt.
        report: takes a line about each attempt that failed.

    Returns:
        What `action` returns.

    Raises:
        Exception: the error of the last attempt, or the first one that waiting does not mend.
    """
    for pause in pauses:
        try:
            return action()
        except Exception as error:
            if is_lasting(error):
                raise
            report(f"  {brief(error)}; again in {pause:g} s")
        time.sleep(pause)
    return action()


def is_lasting(error: BaseException) -> bool:
    """Say whether an error would come back however often one tries."""
    return any(
        getattr(cause, "errno", None) in LASTING_ERRORS
        or getattr(getattr(cause, "response", None), "status_code", None) in LASTING_STATUSES
        for cause in causes(error)
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__


def brief(error: BaseException) -> str:
    """Return the first line of the error that an error was raised from."""
    first = list(causes(error))[-1]
    lines = str(first).strip().splitlines()
    return (lines[0] if lines else type(first).__name__)[:200].strip(" .:")
