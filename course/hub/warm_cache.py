"""Load everything of the hub source once, so that the clients find it in their caches offline.

`course.hub.fetch` runs it in a process of its own, once the files are downloaded and checked.
"""

import json
import sys
from collections.abc import Mapping, Sequence

from datasets import load_dataset
from evaluate.loading import HubEvaluationModuleFactory
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from course.hub.client import guard_client
from course.hub.retry import retry
from helpers.sources import HUB

STARS = 5


class CheckedScript(HubEvaluationModuleFactory):
    """A metric of the Hub for `evaluate` to cache, from a script that has been checked."""

    def __init__(self, name: str, path: str) -> None:
        """Take the script at a path for that of a metric."""
        super().__init__(f"evaluate-metric/{name}")
        self.path = path

    def download_loading_script(self, revision: str) -> str:
        """Return the script, in place of whatever the Hub would send this time."""
        return self.path


def main(scripts: Mapping[str, str], delays: Sequence[float]) -> None:
    """Load everything, with retries.

    Args:
        scripts: the path of each metric's script.
        delays: the seconds to wait before each further attempt.
    """
    guard_client()
    retry(lambda: load_dataset(HUB.dataset, cache_dir=HUB.cache_dir), delays)
    retry(lambda: AutoTokenizer.from_pretrained(HUB.model), delays)
    load = AutoModelForSequenceClassification.from_pretrained
    retry(lambda: load(HUB.model, num_labels=STARS), delays)
    for name, path in scripts.items():
        CheckedScript(name, path).get_module()


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
