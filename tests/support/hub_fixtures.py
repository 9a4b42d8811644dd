"""Fill a local hub with what the course takes from the real one, made up and small."""

import io
import math
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet
import torch
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import BertConfig, BertForPreTraining, BertTokenizer

from course.environment.kernel import OFFLINE
from helpers import hub
from helpers.environment import PROJECT
from helpers.files import git_blob_id
from helpers.local_hub import LocalHub

DATASET = "Yelp/yelp_review_full"
MODEL = "google-bert/bert-base-cased"
METRICS = ("accuracy", "f1", "mae")
METRIC_FOLDER = PROJECT / "helpers" / "metrics"
METRIC_SCRIPTS = {name: (METRIC_FOLDER / name / f"{name}.py").read_bytes() for name in METRICS}
METRIC_DIGESTS = {name: git_blob_id(script) for name, script in METRIC_SCRIPTS.items()}
# What a process runs first, to know these in place of the scripts on the real Hub.
KNOW_SCRIPTS = f"from helpers import hub\nhub.METRIC_SCRIPTS |= {METRIC_DIGESTS}\n"

# Where nobody answers.
NOBODY = "http://127.0.0.1:9"

STARS = ("1 star", "2 star", "3 stars", "4 stars", "5 stars")
ROWS = {"train": 3000, "test": 2000}

SENTIMENT = (
    "awful bad terrible horrible rude filthy disgusting worst refund never inedible scam nightmare",
    "disappointing bland overpriced slow cold mediocre greasy stale underwhelming lacking meh dry",
    "okay average decent fine alright fair standard acceptable mixed reasonable typical so-so",
    "good nice great tasty friendly pleasant solid enjoyable fresh helpful cozy generous flavorful",
    "amazing fantastic delicious excellent perfect wonderful incredible favorite love best superb",
)
NEUTRAL = (
    "the the the the a a an and and and of to to in in for with on at was was were is it it we we "
    "I I my our they their this that there but so when after because just very really place food "
    "service restaurant table waiter server menu order lunch dinner breakfast burger pizza salad "
    "chicken steak soup fries sushi tacos coffee beer wine dessert price parking drive manager "
    "staff kitchen bar room hotel bed shower store haircut dentist mechanic appointment phone "
    "people friend husband wife kids birthday Friday Saturday night minutes hour time again back "
    "went came ordered waited asked told tried ate paid left sat called said got had would could "
    "Vegas Phoenix Pittsburgh Charlotte Scottsdale downtown street corner mall two three ten 20 $15"
)

CARD = """---
dataset_info:
  config_name: yelp_review_full
  features:
  - name: label
    dtype:
      class_label:
        names:
{names}
  - name: text
    dtype: string
  splits:
  - name: train
    num_bytes: {train_bytes}
    num_examples: {train_rows}
  - name: test
    num_bytes: {test_bytes}
    num_examples: {test_rows}
  download_size: {download_bytes}
  dataset_size: {dataset_bytes}
configs:
- config_name: yelp_review_full
  data_files:
  - split: train
    path: yelp_review_full/train-*
  - split: test
    path: yelp_review_full/test-*
  default: true
---

# Reviews in the shape of Yelp's, made up
"""


def fill_hub(local: LocalHub) -> None:
    """Add the dataset, the model and the metrics under their names on the real Hub."""
    reviews = {split: list(make_reviews(split, count)) for split, count in ROWS.items()}
    local.add_repo(DATASET, "dataset", _dataset_files(reviews))
    local.add_repo(MODEL, "model", _model_files([text for _, text in reviews["train"]]))
    for name, script in METRIC_SCRIPTS.items():
        local.add_repo(f"evaluate-metric/{name}", "space", {f"{name}.py": script})


def run_alone(folder: Path, code: str, **variables: str) -> subprocess.CompletedProcess:
    """Run code in a fresh process that has an empty home and its cache in a folder."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "HF_HOME": str(folder / "hf"),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "COURSE_SOURCE": "hub",
        # Connections outside loopback are refused.
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(OFFLINE)]),
        **variables,
    }
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)


def know_scripts(project: Path) -> None:
    """Let a copy of the course know these scripts in place of those on the real Hub."""
    path = project / "helpers" / "hub.py"
    text = path.read_text(encoding="utf-8")
    for name, digest in METRIC_DIGESTS.items():
        text = text.replace(hub.METRIC_SCRIPTS[name], digest)
    path.write_text(text, encoding="utf-8")


def make_reviews(split: str, count: int) -> Iterator[tuple[int, str]]:
    """Yield a split's labels and texts, always the same ones.

    As in Yelp's, the classes are balanced, lengths are log-normal (130 words on average, 1,000 at
    most), a text's words lean to its star and those beside it, and a line break is a `\\n` of two
    characters.
    """
    generator = random.Random(split)
    labels = [row % len(STARS) for row in range(count)]
    generator.shuffle(labels)
    neutral = NEUTRAL.split()
    sentiment = [words.split() for words in SENTIMENT]
    for label in labels:
        lean = [0.5 ** (2 * abs(star - label)) for star in range(len(STARS))]
        remaining = min(1000, max(5, round(generator.lognormvariate(math.log(130) - 0.32, 0.8))))
        sentences = []
        while remaining > 0:
            words = generator.choices(neutral, k=min(remaining, generator.randint(5, 14)))
            remaining -= len(words)
            if generator.random() < 0.6:
                star = generator.choices(sentiment, lean)[0]
                words[generator.randrange(len(words))] = generator.choice(star)
            words[0] = words[0][0].upper() + words[0][1:]
            sentences.append(" ".join(words) + generator.choice([".", ".", ".", "!", "?"]))
            if generator.random() < 0.1:
                sentences[-1] += "\\n\\n"
        yield label, " ".join(sentences)


def _dataset_files(reviews: dict[str, list[tuple[int, str]]]) -> dict[str, bytes]:
    files = {}
    facts = {"names": "\n".join(f"          '{i}': {name}" for i, name in enumerate(STARS))}
    for split, rows in reviews.items():
        labels, texts = zip(*rows, strict=True)
        table = pyarrow.table({"label": pyarrow.array(labels, pyarrow.int64()), "text": texts})
        parquet = io.BytesIO()
        pyarrow.parquet.write_table(table, parquet)
        files[f"yelp_review_full/{split}-00000-of-00001.parquet"] = parquet.getvalue()
        facts |= {f"{split}_bytes": table.nbytes, f"{split}_rows": table.num_rows}
    facts["download_bytes"] = sum(len(content) for content in files.values())
    facts["dataset_bytes"] = facts["train_bytes"] + facts["test_bytes"]
    return {"README.md": CARD.format(**facts).encode(), **files}


def _model_files(texts: list[str]) -> dict[str, bytes]:
    vocabulary = _vocabulary(texts)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(vocabulary), num_hidden_layers=2, **sizes)
    tokenizer = BertTokenizer(vocabulary, do_lower_case=False, model_max_length=512)
    with tempfile.TemporaryDirectory() as folder:
        # With the heads of pre-training, that a classifier leaves aside, as in the real one.
        for part in (BertForPreTraining(config), tokenizer):
            part.save_pretrained(folder)
        Path(folder, "vocab.txt").write_bytes("\n".join([*vocabulary, ""]).encode())
        return {name: Path(folder, name).read_bytes() for name in hub.MODEL_FILES}


def _vocabulary(texts: list[str]) -> dict[str, int]:
    # The words of the texts, and characters to spell any other. The library's own trainer settles
    # ties by chance: it makes another vocabulary each time.
    split = BertPreTokenizer().pre_tokenize_str
    words = {word for text in texts for word, _ in split(text)}
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    characters = [chr(code) for code in range(33, 127)]
    pieces = [*special, *characters, *(f"##{c}" for c in characters), *sorted(words)]
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
