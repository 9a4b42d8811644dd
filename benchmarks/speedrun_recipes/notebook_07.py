"""The recipe of notebook 07 in float32: half of the layers frozen, the best of three epochs."""

import tempfile

from transformers import AutoTokenizer, Trainer

from benchmarks.measure import predict_labels
from helpers.finetune import prepare_model
from helpers.finetune_arguments import KEEP_BEST
from helpers.preprocess import tokenize
from helpers.sources import get_source
from helpers.training import make_compute_metrics, training_arguments


def train(train, validation, seed):
    """Train on texts with labels; return the function that predicts the labels of others."""
    source, folder = get_source(), tempfile.mkdtemp()
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    changes = {"seed": seed, "save_only_model": True, "disable_tqdm": True}
    trainer = Trainer(
        model=prepare_model(source, train.features["label"].names, None, seed),
        args=training_arguments(source, folder, **KEEP_BEST, **changes),
        train_dataset=tokenize(train, tokenizer),
        eval_dataset=tokenize(validation, tokenizer),
        processing_class=tokenizer,
        compute_metrics=make_compute_metrics(source),
    )
    trainer.train()

    def predict(reviews):
        return predict_labels(trainer.model, tokenize(reviews, tokenizer), tokenizer, folder)

    return predict
