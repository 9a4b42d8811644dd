"""Remove from the cache what is not a metric's script.

`evaluate` may take an error page for a script, cache it, and load it again the next time.
"""

import shutil

from helpers import hub
from helpers.files import has_digest


def remove_wrong_scripts(name: str, digest: str) -> bool:
    """Remove the cached copies of a metric's script that have the wrong digest.

    Args:
        name: the metric.
        digest: the git id of its script.

    Returns:
        Whether there were any; then their downloads are removed too.
    """
    wrong = [path for path in hub.metric_scripts(name) if not has_digest(path, digest)]
    for path in wrong:
        shutil.rmtree(path.parent)
    if wrong:
        shutil.rmtree(hub.home() / "evaluate" / "downloads", ignore_errors=True)
    return bool(wrong)
