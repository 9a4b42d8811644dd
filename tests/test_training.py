import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error
from transformers import EvalPrediction, TrainingArguments

from helpers.levels import LEVELS
from helpers.sources import HUB
from helpers.training import (
    RECIPE,
    epoch_history,
    freeze_lower_layers,
    load_classifier,
    make_compute_metrics,
    training_arguments,
)

LOG = [
    {"loss": 1.61234567, "grad_norm": 2.5, "learning_rate": 1e-4, "epoch": 1.0, "step": 10},
    {
        "eval_loss": 1.51234567,
        "eval_accuracy": 0.412345,
        "eval_runtime": 3.25,
        "eval_samples_per_second": 100.1,
        "eval_steps_per_second": 4.2,
        "eval_model_preparation_time": 0.002,
        "epoch": 1.0,
        "step": 10,
    },
    {"loss": 1.2, "epoch": 2.0, "step": 20},
    {"eval_loss": 1.4, "eval_accuracy": 0.5, "eval_runtime": 3.5, "epoch": 2.0, "step": 20},
    {"train_runtime": 9.5, "train_loss": 1.4, "total_flos": 1e9, "epoch": 2.0, "step": 20},
]


def head(model) -> torch.Tensor:
    return model.classifier.weight.detach()


@pytest.fixture(scope="module")
def model(source):
    return load_classifier(source, LEVELS, seed=1)


def test_the_same_seed_draws_the_same_head(source, model):
    assert torch.equal(head(load_classifier(source, LEVELS, seed=1)), head(model))


def test_another_seed_draws_another_head(source, model):
    assert not torch.equal(head(load_classifier(source, LEVELS, seed=2)), head(model))


def test_dropout_is_off(model):
    assert {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)} == {0}
    assert {layer.attention.self.dropout.p for layer in model.bert.encoder.layer} == {0}


def test_frozen_layers_and_no_others_stay_as_they_are(source):
    other = load_classifier(source, LEVELS)
    before = {name: weights.clone() for name, weights in other.named_parameters()}
    freeze_lower_layers(other, 2)
    optimizer = torch.optim.SGD([p for p in other.parameters() if p.requires_grad], lr=0.1)
    tokens = torch.arange(2000, 2012).reshape(3, 4)
    other(input_ids=tokens, labels=torch.tensor([0, 1, 2])).loss.backward()
    optimizer.step()
    kept = {name for name, weights in other.named_parameters() if weights.equal(before[name])}
    frozen = ("bert.embeddings.", "bert.encoder.layer.0.", "bert.encoder.layer.1.")
    assert {name for name in before if name.startswith(frozen)} <= kept
    assert "bert.encoder.layer.2.output.dense.weight" not in kept
    assert "classifier.weight" not in kept


@pytest.mark.parametrize("layers", [-1, 7])
def test_as_many_layers_as_there_are_can_be_frozen(model, layers):
    with pytest.raises(ValueError, match=f"{layers} layers were to be frozen: pass 0 to 6"):
        freeze_lower_layers(model, layers)


def test_the_encoder_is_pretrained_whatever_the_seed(source, model):
    other = load_classifier(source, LEVELS, seed=2)
    assert torch.equal(
        other.bert.embeddings.word_embeddings.weight, model.bert.embeddings.word_embeddings.weight
    )


def test_loading_says_nothing(source, capfd):
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logging.getLogger("transformers").addHandler(handler)
    try:
        load_classifier(source, LEVELS)
    finally:
        logging.getLogger("transformers").removeHandler(handler)
    assert records == []
    assert capfd.readouterr() == ("", "")


def test_loading_leaves_the_verbosity_as_it_was(source):
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_info()
    try:
        load_classifier(source, LEVELS)
        assert transformers.logging.get_verbosity() == transformers.logging.INFO
    finally:
        transformers.logging.set_verbosity(before)


@pytest.mark.parametrize("names", [[], ["only"]])
def test_fewer_than_two_labels_are_refused(source, names):
    with pytest.raises(ValueError, match=f"needs two labels or more, not {len(names)}"):
        load_classifier(source, names)


def test_compute_metrics_is_what_scikit_learn_computes(source):
    generator = np.random.default_rng(3)
    logits, labels = generator.normal(size=(200, 5)), generator.integers(0, 5, size=200)
    predictions = logits.argmax(axis=1)
    scores = make_compute_metrics(source)(EvalPrediction(logits, labels))
    assert scores == {
        "accuracy": pytest.approx(accuracy_score(labels, predictions)),
        "mae": pytest.approx(mean_absolute_error(labels, predictions)),
        "macro_f1": pytest.approx(f1_score(labels, predictions, average="macro")),
    }


def test_labels_without_an_order_have_no_mean_absolute_error(source):
    compute_metrics = make_compute_metrics(replace(source, ordered=False))
    assert set(compute_metrics((np.eye(3), np.arange(3)))) == {"accuracy", "macro_f1"}


def test_the_arguments_are_those_of_the_recipe(source, tmp_path):
    arguments = training_arguments(source, tmp_path / "out")
    assert arguments.output_dir == str(tmp_path / "out")
    assert arguments.report_to == []
    assert (arguments.per_device_train_batch_size, arguments.num_train_epochs) == (16, 3)
    assert (arguments.learning_rate, arguments.warmup_steps) == (source.learning_rate, 0.1)
    assert arguments.train_sampling_strategy == "group_by_length"
    assert (arguments.eval_strategy, arguments.seed) == ("epoch", 42)


def test_each_source_has_its_own_learning_rate(tmp_path):
    assert training_arguments(HUB, tmp_path).learning_rate == 3e-5


def test_the_loss_is_not_multiplied_by_accumulated_batches(model):
    assert model.accepts_loss_kwargs is False


def test_changes_win_over_the_recipe(source, tmp_path):
    arguments = training_arguments(source, tmp_path, num_train_epochs=7, save_strategy="epoch")
    assert (arguments.num_train_epochs, arguments.save_strategy) == (7, "epoch")


def test_changes_leave_the_recipe_as_it_was(source, tmp_path):
    before = dict(RECIPE)
    training_arguments(source, tmp_path, num_train_epochs=7)
    assert before == RECIPE


@pytest.mark.parametrize("name", ["evaluation_strategy", "no_cuda", "epochs"])
def test_an_argument_that_does_not_exist_is_refused_by_name(source, tmp_path, name):
    with pytest.raises(TypeError, match=name):
        training_arguments(source, tmp_path, **{name: 1})


def test_the_recipe_needs_nothing_that_transformers_marks_as_old(source, tmp_path, recwarn):
    assert isinstance(training_arguments(source, tmp_path), TrainingArguments)
    assert [str(warning.message) for warning in recwarn] == []


def test_the_history_has_a_row_for_each_evaluated_epoch():
    assert epoch_history(LOG) == [
        {
            "epoch": 1.0,
            "training_loss": 1.6123,
            "validation_loss": 1.5123,
            "validation_accuracy": 0.4123,
        },
        {
            "epoch": 2.0,
            "training_loss": 1.2,
            "validation_loss": 1.4,
            "validation_accuracy": 0.5,
        },
    ]


def test_an_evaluation_before_any_training_has_no_training_loss():
    [row] = epoch_history([{"eval_loss": 1.6, "epoch": 0, "step": 0}])
    assert np.isnan(row["training_loss"])
