"""As `first_token`, with two epochs at twice the rate, and what is remembered in bfloat16."""

import tempfile

import torch
from transformers import AutoTokenizer, Trainer

from benchmarks.measure import predict_labels
from helpers.finetune import prepare_model
from helpers.first_token import compute_first_token_only
from helpers.lower_half import lower_half_outputs, remember_lower_half
from helpers.precision import fast_precision
from helpers.preprocess import tokenize
from helpers.sources import get_source
from helpers.training import training_arguments


def train(train, validation, seed):
    """Train on texts with labels; return the function that predicts the labels of others."""
    source, folder, names = get_source(), tempfile.mkdtemp(), train.features["label"].names
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    whole, model = (prepare_model(source, names, None, seed) for _ in range(2))
    half = model.config.num_hidden_layers // 2
    precision = torch.bfloat16 if fast_precision() == "bfloat16" else torch.float32

    def compute_once(split):
        with torch.autocast("cpu", precision, enabled=precision == torch.bfloat16):
            found = lower_half_outputs(whole.eval(), half, [split])
        return {text: hidden.to(precision) for text, hidden in found.items()}

    rows = tokenize(train, tokenizer)
    outputs = compute_once(rows)
    remember_lower_half(model, half, outputs)
    compute_first_token_only(model)
    changes = {"seed": seed, "num_train_epochs": 2, "learning_rate": 3e-4, "eval_strategy": "no"}
    trainer = Trainer(
        model=model,
        args=training_arguments(source, folder, fast=True, disable_tqdm=True, **changes),
        train_dataset=rows,
        processing_class=tokenizer,
    )
    trainer.train()

    def predict(reviews):
        rows = tokenize(reviews, tokenizer)
        outputs.update(compute_once(rows))
        return predict_labels(model, rows, tokenizer, folder, fast=True)

    return predict
