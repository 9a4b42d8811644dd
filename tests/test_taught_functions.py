"""A function that a notebook writes out behaves as the one of the same name in helpers."""

import inspect
import random
import re
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value, load_dataset
from IPython.display import HTML
from support.notebooks import code_cells
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    set_seed,
)

from course.notebooks.execute import find_notebooks
from helpers import baselines, display, intervals, levels, plots, preprocess, sampling, training
from helpers.layer_rates import layer_rates
from helpers.lora import LoRALinear, add_lora
from helpers.multiple_tests import holm_adjusted
from helpers.objectives import cumulative_loss, median_level, rater_shares, soft_label
from helpers.pooling import MeanPooledClassifier, mean_pool
from helpers.training import epoch_history, training_arguments

# Each helper, with the notebook and the cell that write it out.
TAUGHT = [
    (display.reservoir_sample, "02", "reservoir-sample"),
    (display.choose_rows, "02", "choose-rows"),
    (display.readable, "02", "readable"),
    (display.show_random_elements, "02", "show"),
    (preprocess.tokenize, "03", "lengths"),
    (preprocess.padding_share, "03", "compare-padding"),
    (sampling.take_sample, "04", "small-datasets"),
    (sampling.split_validation, "04", "split-validation"),
    (sampling.shared_texts, "04", "leakage-check"),
    (training.make_compute_metrics, "06", "compute-metrics"),
    (intervals.bootstrap_interval, "06", "bootstrap"),
    (baselines.median_class, "06", "median"),
    (baselines.one_person_errors, "06", "one-person"),
    (baselines.half_panel_hits, "06", "ceiling"),
    (intervals.cluster_bootstrap_interval, "06", "one-person-interval"),
    (training.freeze_lower_layers, "07", "freeze"),
    (baselines.mean_embeddings, "07", "embeddings"),
    (median_level, "13", "median-level"),
    (mean_pool, "13", "mean-pooling"),
    (MeanPooledClassifier, "13", "mean-pooling"),
    (rater_shares, "13", "rater-shares"),
    (soft_label, "13", "soft-labels"),
    (cumulative_loss, "13", "ordinal"),
    (LoRALinear, "13", "lora"),
    (add_lora, "13", "lora-add"),
    (layer_rates, "13", "layer-rates"),
    (holm_adjusted, "13", "holm"),
]
# The notebooks only call these.
PLOTS = [
    plots.show,
    plots.plot_histogram,
    plots.plot_bars,
    plots.plot_lines,
    plots.plot_parts,
    plots.plot_learning_rates,
    plots.plot_scores,
    plots.plot_confusion_matrix,
    plots.plot_effects,
    plots.plot_reliability,
    plots.plot_roofline,
]

# What 15 to 17 people gave each of sixty texts.
RATINGS = [np.random.default_rng(n).integers(-4, 5, 15 + n % 3).tolist() for n in range(60)]
VALUES = np.random.default_rng(1).random(50)
LENGTHS = [3, 17, 60, 60, 1]
# Functions with the notebook, the cells that lead to each, and what it is called with.
CALLS = [
    (preprocess.padding_share, "03", ["compare-padding"], (LENGTHS, None)),
    (preprocess.padding_share, "03", ["compare-padding"], (LENGTHS, 64)),
    (intervals.bootstrap_interval, "06", ["bootstrap"], (VALUES, 0.5)),
    (intervals.bootstrap_interval, "06", ["bootstrap"], (VALUES, 0.95)),
    (baselines.median_class, "06", ["median"], ([0, 1, 2, 2], 3)),
    (baselines.median_class, "06", ["median"], ([3, 1], 3)),
    (baselines.median_class, "06", ["median"], ([4, 4, 0], 3)),
    (baselines.one_person_errors, "06", ["raters", "one-person"], (RATINGS,)),
    (baselines.half_panel_hits, "06", ["rating-level", "ceiling"], (RATINGS, 0)),
    (baselines.half_panel_hits, "06", ["rating-level", "ceiling"], (RATINGS, 3)),
    (intervals.cluster_bootstrap_interval, "06", ["one-person-interval"], (RATINGS, 0.5)),
    (intervals.cluster_bootstrap_interval, "06", ["one-person-interval"], (RATINGS, 0.95)),
    (median_level, "13", ["median-level"], (np.random.default_rng(0).dirichlet(np.ones(5), 50),)),
    (holm_adjusted, "13", ["holm"], ([0.01, 0.2, 0.004, 0.03],)),
]
# What the notebooks have imported before.
IMPORTED = {
    "ClassLabel": ClassLabel,
    "Fraction": Fraction,
    "HTML": HTML,
    "List": List,
    "np": np,
    "pd": pd,
    "random": random,
    "rating_level": levels.rating_level,
    "torch": torch,
}


def taught(number: str, cell_ids: list[str], **given: object) -> dict[str, object]:
    """Run cells of a notebook up to their last definition; return the names they define."""
    cells = code_cells(number)
    names = IMPORTED | given
    for cell_id in cell_ids:
        # What stands at the left margin after the last definition is a use of it.
        lines = cells[cell_id].source.splitlines()
        last = max(n for n, line in enumerate(lines) if line.startswith(("def ", "class ")))
        body = [n for n in range(last + 1, len(lines)) if lines[n] and lines[n][0] != " "]
        exec("\n".join(lines[: body[0] if body else None]), names)
    return names


@pytest.fixture(scope="module")
def reviews(source):
    return load_dataset(source.dataset, split="test", cache_dir=source.cache_dir)


@pytest.mark.parametrize(("function", "number", "cell_id"), TAUGHT)
def test_a_helper_names_the_cell_that_teaches_it(function, number, cell_id):
    note = inspect.getdoc(function).splitlines()[-1]
    assert note == f"Taught in {number}, cell `{cell_id}`."
    assert cell_id in code_cells(number)


@pytest.mark.parametrize("function", PLOTS)
def test_a_plot_names_the_cell_that_uses_it_first(function):
    note = inspect.getdoc(function).splitlines()[-1]
    call = re.compile(rf"\b{function.__name__}\(")
    for path in find_notebooks():
        for cell_id, cell in code_cells(path.name[:2]).items():
            if call.search(cell.source):
                assert note == f"First used in {path.name[:2]}, cell `{cell_id}`."
                return
    pytest.fail(f"No notebook calls {function.__name__}.")


@pytest.mark.parametrize(("function", "number", "cells", "arguments"), CALLS)
def test_a_function_of_a_notebook_gives_the_same(function, number, cells, arguments):
    notebook = taught(number, cells)
    np.testing.assert_equal(notebook[function.__name__](*arguments), function(*arguments))


@pytest.mark.parametrize("seed", [0, 1, 42])
def test_reservoir_sample(seed):
    notebook = taught("02", ["reservoir-sample"])
    for size in (1, 5, 40):
        expected = display.reservoir_sample(range(30), size, random.Random(seed))
        found = notebook["reservoir_sample"](range(30), size, random.Random(seed))
        assert found == expected


@pytest.mark.parametrize("stream", [False, True])
def test_choose_rows(reviews, stream):
    notebook = taught("02", ["reservoir-sample", "choose-rows"])
    rows = reviews.select(range(50)).to_iterable_dataset() if stream else reviews
    expected = display.choose_rows(rows, 7, seed=3)
    assert notebook["choose_rows"](rows, 7, seed=3) == expected
    for wrong in (0, -1, 5_000):
        with pytest.raises(ValueError) as taught_error:
            notebook["choose_rows"](rows, wrong, seed=3)
        with pytest.raises(ValueError) as helper_error:
            display.choose_rows(rows, wrong, seed=3)
        assert str(taught_error.value) == str(helper_error.value)


def test_the_document_s_tokenize_function_pads_and_cuts_to_what_the_model_reads(tokenizer):
    notebook = taught("03", ["tokenize-function"], tokenizer=tokenizer)
    # None of the reviews is long enough to be cut.
    tokenized = notebook["tokenize_function"]({"text": ["good", "good " * 600]})
    assert [len(ids) for ids in tokenized["input_ids"]] == [512, 512]
    assert [sum(mask) for mask in tokenized["attention_mask"]] == [3, 512]


def test_readable():
    notebook = taught("02", ["readable"])
    label = ClassLabel(names=["bad", "good"])
    for value, feature in [
        (0, label),
        (-1, label),
        (None, label),
        ([0, 1, -1], List(label)),
        ([[1], [0]], List(List(label))),
        (None, List(label)),
        ("text", Value("string")),
    ]:
        assert notebook["readable"](value, feature) == display.readable(value, feature)


def test_show_random_elements(monkeypatch):
    shown = []
    features = Features({"label": ClassLabel(names=["bad", "good"]), "text": Value("string")})
    rows = {"label": [0, 1, -1], "text": ["$1 or $2", "<b>", "plain"]}
    dataset = Dataset.from_dict(rows, features=features)
    cells = ["reservoir-sample", "choose-rows", "readable", "show"]
    notebook = taught("02", cells)
    notebook["display"] = lambda html: shown.append(html.data)
    monkeypatch.setattr(display, "display", lambda html: shown.append(html.data))
    notebook["show_random_elements"](dataset, 3, seed=1)
    display.show_random_elements(dataset, 3, seed=1)
    assert shown[0] == shown[1]


@pytest.mark.parametrize("max_length", [None, 16])
def test_tokenize(reviews, tokenizer, max_length):
    tokenize_batch = taught("03", ["lengths"])["tokenize_batch"]
    rows = reviews.select(range(20))
    options = {"tokenizer": tokenizer, "max_length": max_length}
    expected = rows.map(tokenize_batch, batched=True, fn_kwargs=options)[:]
    # One text has one type: the helper leaves that column out.
    assert {number for types in expected.pop("token_type_ids") for number in types} == {0}
    assert preprocess.tokenize(rows, tokenizer, max_length)[:] == expected


def test_split_validation(reviews):
    halves = taught("04", ["split-validation"])["split_validation"](reviews, 100)
    splits = sampling.split_validation(reviews, 100)
    assert halves["train"]["text"][:] == splits["train"]["text"][:]
    assert halves["test"]["text"][:] == splits["validation"]["text"][:]


def test_take_sample_is_the_sample_of_the_document(reviews):
    expected = reviews.shuffle(seed=42).select(range(100))
    assert sampling.take_sample(reviews, 100)["text"][:] == expected["text"][:]


def test_shared_texts(reviews):
    first, second = reviews.select(range(10)), reviews.select(range(8, 20))
    found = taught("04", ["leakage-check"])["shared_texts"](first, second)
    assert found == sampling.shared_texts(first, second)
    assert len(found) == 2


def test_compute_metrics(source):
    import evaluate

    metrics = {name: evaluate.load(source.metric(name)) for name in ("accuracy", "f1", "mae")}
    notebook = taught("06", ["compute-metrics"], **metrics)
    generator = np.random.default_rng(0)
    evaluation = (generator.normal(size=(200, 5)), generator.integers(0, 5, 200))
    expected = training.make_compute_metrics(source)(evaluation)
    assert notebook["compute_metrics"](evaluation) == expected


@pytest.mark.parametrize("layers", [0, 2, 6])
def test_freeze_lower_layers(source, layers):
    notebook = taught("07", ["freeze"])
    trained = []
    for freeze in (training.freeze_lower_layers, notebook["freeze_lower_layers"]):
        model = training.load_classifier(source, ["bad", "good"])
        freeze(model, layers)
        trained.append([name for name, p in model.named_parameters() if p.requires_grad])
    assert trained[0] == trained[1]


def test_mean_embeddings(classifier, tokenizer, reviews):
    notebook = taught("07", ["embeddings"])
    texts, encoder = reviews["text"][:12], classifier.base_model
    expected = baselines.mean_embeddings(texts, encoder, tokenizer, batch_size=5)
    found = notebook["mean_embeddings"](texts, encoder, tokenizer, batch_size=5)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("metric", "patience"), [("loss", 1), ("accuracy", 2)])
def test_trainer_stops_where_notebook_07_says_that_it_would(source, tmp_path, metric, patience):
    arguments = training_arguments(source, str(tmp_path))
    stop_epoch = taught("07", ["early-stopping"], training_args=arguments)["stop_epoch"]
    whole = epoch_history(train_tiny(source, tmp_path, metric))
    stopped = epoch_history(train_tiny(source, tmp_path, metric, EarlyStoppingCallback(patience)))
    assert len(stopped) < len(whole)
    assert stopped[-1]["epoch"] == stop_epoch(whole, metric, patience)
    assert stopped == whole[: len(stopped)]


def train_tiny(source, folder, metric: str, *callbacks: TrainerCallback) -> list[dict]:
    """Learn random labels by heart; return the log."""
    generator = np.random.default_rng(0)
    ids, labels = generator.integers(0, 50, (96, 8)), generator.integers(0, 2, 96)
    rows = Dataset.from_dict({"input_ids": ids, "labels": labels}).with_format("torch")
    set_seed(0)
    sizes = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 32}
    sizes |= {"num_hidden_layers": 1, "num_attention_heads": 2}
    changes = {"learning_rate": 1e-2, "num_train_epochs": 8, "metric_for_best_model": metric}
    changes |= {"load_best_model_at_end": True, "save_strategy": "epoch", "save_only_model": True}
    changes |= {"train_sampling_strategy": "random", "disable_tqdm": True}
    trainer = Trainer(
        BertForSequenceClassification(BertConfig(**sizes)),
        training_arguments(source, folder, **changes),
        train_dataset=rows.select(range(64)),
        eval_dataset=rows.select(range(64, 96)),
        compute_metrics=lambda seen: {"accuracy": np.mean(seen[0].argmax(axis=1) == seen[1])},
        callbacks=list(callbacks),
    )
    trainer.train()
    return trainer.state.log_history


def test_rater_shares_and_soft_label():
    notebook = taught("13", ["rater-shares", "soft-labels"])
    for row in RATINGS:
        assert notebook["rater_shares"](row) == rater_shares(row)
        assert notebook["soft_label"](row) == soft_label(row)


def test_cumulative_loss():
    notebook = taught("13", ["ordinal"])
    logits, labels = torch.linspace(-2, 2, 20).reshape(5, 4), torch.arange(5)
    assert notebook["cumulative_loss"](logits, labels) == cumulative_loss(logits, labels)


def test_mean_pooled_classifier(source, tokenizer):
    notebook = taught("13", ["mean-pooling"])
    model = training.load_classifier(source, ["bad", "good"])
    batch = tokenizer(["A film.", "A longer text."], padding=True, return_tensors="pt")
    ids, mask = batch["input_ids"], batch["attention_mask"]
    expected = MeanPooledClassifier(model)(ids, mask)["logits"]
    assert torch.equal(notebook["MeanPooledClassifier"](model)(ids, mask)["logits"], expected)
    hidden = torch.rand(2, mask.shape[1], 3)
    assert torch.equal(notebook["mean_pool"](hidden, mask), mean_pool(hidden, mask))


def test_add_lora(source):
    notebook = taught("13", ["lora", "lora-add"])
    trained = []
    for add in (add_lora, notebook["add_lora"]):
        model = training.load_classifier(source, ["bad", "good"])
        add(model, rank=2)
        # The paths of a new model are drawn at random: alike, they give alike.
        values = {
            name: p.fill_(0.01).shape for name, p in model.state_dict().items() if "down" in name
        }
        kept = [name for name, p in model.named_parameters() if p.requires_grad]
        with torch.no_grad():
            query = model.base_model.encoder.layer[0].attention.self.query
            query.up.weight.fill_(0.02)
            trained.append((values, kept, query(torch.ones(1, query.linear.in_features))))
    assert trained[0][:2] == trained[1][:2]
    assert torch.equal(trained[0][2], trained[1][2])


def test_layer_rates(source):
    notebook = taught("13", ["layer-rates"])
    model = training.load_classifier(source, ["bad", "good"])
    groups = [rates(model, 1e-4, 1e-3, 0.8) for rates in (layer_rates, notebook["layer_rates"])]
    assert [group["lr"] for group in groups[0]] == [group["lr"] for group in groups[1]]
    sizes = [[len(group["params"]) for group in part] for part in groups]
    assert sizes[0] == sizes[1]
