"""The model that notebook 07 fine-tunes, from the disk or trained again."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from datasets import load_dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
)

from helpers.preprocess import tokenize
from helpers.sampling import TRAIN_SIZE, split_validation, take_sample
from helpers.sources import Source
from helpers.training import (
    freeze_lower_layers,
    load_classifier,
    make_compute_metrics,
    training_arguments,
)

NAME = "07_finetune_bert"
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def load_finetuned(source: Source) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Load the model that notebook 07 saves; train and save it first where it is not on the disk.

    Args:
        source: where the data and the weights lie, and where trained models go.

    Returns:
        The model, ready to predict, and its tokenizer.
    """
    folder = source.models / NAME
    if not is_complete(folder):
        print(f"{NAME} is not on this disk; it is trained again: about a minute")
        train_finetuned(source, folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    return model.eval(), AutoTokenizer.from_pretrained(folder)


def is_complete(folder: Path) -> bool:
    """Say whether a folder holds all that loading a model and its tokenizer needs."""
    return all((folder / name).is_file() for name in FILES)


def train_finetuned(
    source: Source, folder: Path, train_size: int = TRAIN_SIZE, **changes: object
) -> None:
    """Train as notebook 07 does, and save the model and its tokenizer.

    Args:
        source: where the data and the weights lie.
        folder: where the model goes, in place of what is there.
        train_size: how many reviews to train on.
        changes: any training arguments, in place of those of notebook 07.
    """
    dataset = load_dataset(source.dataset, cache_dir=source.cache_dir)
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    splits = split_validation(tokenize(dataset["train"], tokenizer))
    model = load_classifier(source, dataset["train"].features["label"].names)
    freeze_lower_layers(model, layers=model.config.num_hidden_layers // 2)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, so that moving it there is one step: a model is there whole or not at all.
    with TemporaryDirectory(dir=folder.parent) as scratch:
        best = {
            "save_strategy": "epoch",
            "save_only_model": True,
            "save_total_limit": 1,
            "load_best_model_at_end": True,
            "metric_for_best_model": "accuracy",
        }
        trainer = Trainer(
            model=model,
            args=training_arguments(source, f"{scratch}/checkpoints", **(best | changes)),
            train_dataset=take_sample(splits["train"], size=train_size),
            eval_dataset=splits["validation"],
            processing_class=tokenizer,
            compute_metrics=make_compute_metrics(source),
        )
        trainer.train()
        trainer.save_model(f"{scratch}/model")
        shutil.rmtree(folder, ignore_errors=True)
        Path(scratch, "model").rename(folder)
