"""`fast=True`, and the frozen lower half is computed once for each review."""

import tempfile

import torch
from transformers import AutoTokenizer, Trainer

from benchmarks.measure import predict_labels
from helpers.finetune import prepare_model
from helpers.finetune_arguments import KEEP_BEST
from helpers.lower_half import lower_half_outputs, remember_lower_half
from helpers.precision import fast_precision
from helpers.preprocess import tokenize
from helpers.sources import get_source
from helpers.training import make_compute_metrics, training_arguments


def train(train, validation, seed):
    """Train on texts with labels; return the function that predicts the labels of others."""
    source, folder, names = get_source(), tempfile.mkdtemp(), train.features["label"].names
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    whole, model = (prepare_model(source, names, None, seed) for _ in range(2))
    half = model.config.num_hidden_layers // 2

    def compute_once(*splits):
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_precision() == "bfloat16"):
            return lower_half_outputs(whole.eval(), half, splits)

    rows, held_back = (tokenize(split, tokenizer) for split in (train, validation))
    outputs = compute_once(rows, held_back)
    remember_lower_half(model, half, outputs)
    changes = {"seed": seed, "save_only_model": True, "disable_tqdm": True}
    trainer = Trainer(
        model=model,
        args=training_arguments(source, folder, fast=True, **KEEP_BEST, **changes),
        train_dataset=rows,
        eval_dataset=held_back,
        processing_class=tokenizer,
        compute_metrics=make_compute_metrics(source),
    )
    trainer.train()

    def predict(reviews):
        rows = tokenize(reviews, tokenizer)
        outputs.update(compute_once(rows))
        return predict_labels(model, rows, tokenizer, folder, fast=True)

    return predict
