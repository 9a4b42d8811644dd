"""Load all of the hub source through the real clients, so that they find it again offline.

`course.hub.fetch` starts this in a process of its own, after the files are downloaded and checked.
"""

import json
import sys
from collections.abc import Sequence

import evaluate
from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from course.hub.metric_cache import remove_wrong_scripts
from course.hub.retry import brief, is_lasting, patiently
from helpers.sources import HUB

STARS = 5


def load_metric(name: str, digest: str) -> None:
    """Load a metric, and remove what was loaded if it is not the metric's script.

    Args:
        name: the metric.
        digest: the git id of its script.

    Raises:
        ValueError: if it does not load, or what loaded is not the script.
    """
    try:
        evaluate.load(HUB.metric(name))
    except Exception as error:
        remove_wrong_scripts(name, digest)
        if is_lasting(error):
            raise
        raise ValueError(f"the metric {name} did not load: {brief(error)}") from None
    if remove_wrong_scripts(name, digest):
        raise ValueError(f"what came for the metric {name} was not its script")


def main(metrics: dict[str, str], pauses: Sequence[float]) -> None:
    """Load everything, patiently.

    Args:
        metrics: the digest of each metric's script.
        pauses: the seconds to wait before each further attempt.
    """
    patiently(lambda: load_dataset(HUB.dataset, cache_dir=HUB.cache_dir), pauses)
    patiently(lambda: AutoTokenizer.from_pretrained(HUB.model), pauses)
    load = AutoModelForSequenceClassification.from_pretrained
    patiently(lambda: load(HUB.model, num_labels=STARS), pauses)
    for name, digest in metrics.items():
        patiently(lambda name=name, digest=digest: load_metric(name, digest), pauses)


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
