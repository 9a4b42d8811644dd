"""Time the alternatives to fine-tuning, on the same samples."""

import json
import os
import time
from collections.abc import Callable

import numpy as np
from datasets import Dataset
from sklearn.linear_model import LogisticRegression
from transformers import AutoModel, AutoTokenizer

from benchmarks.measure import prepare_data
from helpers.baselines import mean_embeddings, tfidf_logistic_regression
from helpers.intervals import bootstrap_interval
from helpers.memory import peak_megabytes
from helpers.sources import get_source


def tfidf(train: Dataset, test: Dataset) -> np.ndarray:
    """Weighted word counts and a linear classifier."""
    return tfidf_logistic_regression(train["text"], train["label"], test["text"])


def sentence_embeddings(train: Dataset, test: Dataset) -> np.ndarray:
    """The pretrained weights as they are, and a linear classifier."""
    source = get_source()
    encoder = AutoModel.from_pretrained(source.model).eval()
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    embedded = [mean_embeddings(list(rows["text"]), encoder, tokenizer) for rows in (train, test)]
    classifier = LogisticRegression(max_iter=1_000).fit(embedded[0], train["label"])
    return classifier.predict(embedded[1])


def setfit(train: Dataset, test: Dataset) -> np.ndarray:
    """The pretrained weights, trained on pairs of texts, and a linear classifier."""
    from sentence_transformers import SentenceTransformer
    from setfit import SetFitModel, Trainer, TrainingArguments

    model = SetFitModel(
        model_body=SentenceTransformer(get_source().model),
        model_head=LogisticRegression(max_iter=1_000),
    )
    arguments = TrainingArguments(
        "build/setfit", batch_size=16, max_steps=60, show_progress_bar=False, report_to="none"
    )
    rows = train.select_columns(["text", "label"])
    Trainer(model=model, args=arguments, train_dataset=rows).train()
    return np.asarray(model.predict(list(test["text"])).tolist())


def main() -> None:
    """Print, as the last line, seconds to train and predict, accuracy and its interval."""
    train, test, _ = prepare_data("longest")
    ways: dict[str, Callable[[Dataset, Dataset], np.ndarray]] = {
        "TF-IDF, logistic regression": tfidf,
        "sentence embeddings, logistic regression": sentence_embeddings,
    }
    if os.environ.get("FULL") == "1":
        ways["SetFit, 60 steps"] = setfit
    results = []
    for name, predict in ways.items():
        start = time.perf_counter()
        hits = predict(train, test) == np.array(test["label"])
        seconds = time.perf_counter() - start
        result = {"name": name, "seconds": seconds, "accuracy": float(hits.mean())}
        result |= {"interval": bootstrap_interval(hits), "peak_megabytes": peak_megabytes()}
        results.append(result)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
