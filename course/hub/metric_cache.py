"""Rid the cache of metric scripts that are none.

`evaluate` takes an error page for a script, keeps it, and finds it again next time.
"""

import shutil

from course.environment.digests import git_digest
from helpers import hub


def remove_wrong_scripts(name: str, digest: str) -> bool:
    """Remove the copies of a metric's script that have not its digest, and their downloads.

    Args:
        name: the metric.
        digest: the git id of its script.

    Returns:
        Whether there were any.
    """
    wrong = [path for path in hub.metric_scripts(name) if git_digest(path) != digest]
    for path in wrong:
        shutil.rmtree(path.parent)
    if wrong:
        shutil.rmtree(hub.home() / "evaluate" / "downloads", ignore_errors=True)
    return bool(wrong)
