"""The metrics' scripts, which are programs: which ones may run, and the cache they run from.

`evaluate` may also take an error page for a script, cache it, and load it again the next time.
"""

import shutil
from collections.abc import Mapping

from helpers import hub
from helpers.files import has_digest

# The git ids of the scripts in the repository of `evaluate`, from which those on the Hub are
# copied, at the version that the course pins. Compare them again with each new version.
EVALUATE = "0.4.6"
SCRIPTS = {
    "accuracy": "aa5a07328844b225fd78c7ad106c91bab1f2a8e7",
    "f1": "05b0baadc6f18fc1125a0efec95c258c5c43949a",
    "mae": "e973bc5ff60926eb28e7daebf20c00bc639a40db",
}


def changed_scripts(offered: Mapping[str, str]) -> list[str]:
    """Return the metrics whose scripts are not those that may run.

    Args:
        offered: the git id of each script that a Hub has.
    """
    return [name for name, digest in SCRIPTS.items() if offered.get(name) != digest]


def remove_wrong_scripts(name: str) -> None:
    """Remove the cached copies of a metric's script that are not it, and their downloads."""
    wrong = [path for path in hub.metric_scripts(name) if not has_digest(path, SCRIPTS[name])]
    for path in wrong:
        shutil.rmtree(path.parent)
    if wrong:
        shutil.rmtree(hub.home() / "evaluate" / "downloads", ignore_errors=True)
