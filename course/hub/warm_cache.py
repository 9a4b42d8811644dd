"""Load dataset and model of the Hub once, so that the clients find them in their caches offline.

`course.hub.fetch` runs it in a process of its own, once the files are downloaded and checked.
"""

import json
import sys
from collections.abc import Sequence

from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from course.hub.client import guard_client
from course.hub.retry import retry
from helpers.sources import HUB

STARS = 5


def main(delays: Sequence[float]) -> None:
    """Load dataset and model, with retries.

    Args:
        delays: the seconds to wait before each further attempt.
    """
    guard_client()
    retry(lambda: load_dataset(HUB.dataset, cache_dir=HUB.cache_dir), delays)
    retry(lambda: AutoTokenizer.from_pretrained(HUB.model), delays)
    load = AutoModelForSequenceClassification.from_pretrained
    retry(lambda: load(HUB.model, num_labels=STARS), delays)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
