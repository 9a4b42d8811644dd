"""100,000 synthetic rows through the calls of notebooks 01 to 04, and the memory that they take."""

import json
import tempfile
import time
from pathlib import Path

import datasets
from datasets import Dataset, load_dataset
from transformers import AutoTokenizer

from helpers.display import random_elements_table
from helpers.memory import peak_megabytes
from helpers.preprocess import token_counts, tokenize
from helpers.sampling import SEED, split_validation
from helpers.sources import get_source

ROWS = 100_000
SHORT = 16


def synthetic_rows() -> Dataset:
    """Return ROWS different texts: the course's own, each with a number added."""
    source = get_source()
    reviews = load_dataset(source.dataset, split="train", cache_dir=source.cache_dir)
    texts, labels = list(reviews["text"]), list(reviews["label"])
    columns = {
        "label": [labels[number % len(labels)] for number in range(ROWS)],
        "text": [f"{texts[number % len(texts)]} {number}" for number in range(ROWS)],
    }
    return Dataset.from_dict(columns, features=reviews.features)


def main() -> None:
    """Print, as the last line, the seconds of each part and the peak memory of this process."""
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = str(Path(folder, "rows.parquet"))
        synthetic_rows().to_parquet(path)
        seconds, last = {}, time.perf_counter()

        def done(part: str) -> None:
            nonlocal last
            seconds[part], last = time.perf_counter() - last, time.perf_counter()

        rows = load_dataset("parquet", data_files=path, split="train", cache_dir=folder)
        done("load (01)")
        random_elements_table(rows, seed=SEED)
        done("show (02)")
        rows = tokenize(rows, AutoTokenizer.from_pretrained(get_source().model))
        done("map (03)")
        token_counts(rows)
        done("count tokens (03)")
        short = rows.filter(lambda row: len(row["input_ids"]) <= SHORT)
        done("filter (04)")
        splits = split_validation(rows)
        done("split (04)")
        random_elements_table(splits["train"].shuffle(seed=SEED), seed=SEED)
        done("shuffle and show (04)")
        result = {"rows": len(rows), "short_rows": len(short), "seconds": seconds}
        # Windows does not delete a file that is still mapped.
        del rows, short, splits
    print(json.dumps(result | {"peak_megabytes": peak_megabytes()}))


if __name__ == "__main__":
    main()
