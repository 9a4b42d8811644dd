"""Load everything of the hub source once, so that the clients find it in their caches offline.

`course.hub.fetch` runs it in a process of its own, once the files are downloaded and checked.
"""

import json
import sys
from collections.abc import Sequence

import evaluate
from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from course.hub.metric_cache import remove_wrong_scripts
from course.hub.retry import first_line, is_permanent, retry
from helpers.sources import HUB

STARS = 5


def load_metric(name: str, digest: str) -> None:
    """Load a metric; remove what was cached if it is not the metric's script.

    Args:
        name: the metric.
        digest: the git id of its script.

    Raises:
        ValueError: if it does not load, or what was loaded is not the script.
    """
    try:
        evaluate.load(HUB.metric(name))
    except Exception as error:
        remove_wrong_scripts(name, digest)
        if is_permanent(error):
            raise
        raise ValueError(f"the metric {name} did not load: {first_line(error)}") from None
    if remove_wrong_scripts(name, digest):
        raise ValueError(f"what was downloaded for the metric {name} is not its script")


def main(metrics: dict[str, str], delays: Sequence[float]) -> None:
    """Load everything, with retries.

    Args:
        metrics: the digest of each metric's script.
        delays: the seconds to wait before each further attempt.
    """
    retry(lambda: load_dataset(HUB.dataset, cache_dir=HUB.cache_dir), delays)
    retry(lambda: AutoTokenizer.from_pretrained(HUB.model), delays)
    load = AutoModelForSequenceClassification.from_pretrained
    retry(lambda: load(HUB.model, num_labels=STARS), delays)
    for name, digest in metrics.items():
        retry(lambda name=name, digest=digest: load_metric(name, digest), delays)


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
