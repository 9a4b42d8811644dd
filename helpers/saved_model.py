"""The model that notebook 07 fine-tunes, from the disk or trained again."""

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
)

from helpers.finetune import prepare_data, prepare_model
from helpers.finetune_arguments import KEEP_BEST, FinetuneArguments
from helpers.sampling import SEED
from helpers.sources import Source
from helpers.training import make_compute_metrics, training_arguments

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
        set_aside(folder)
        try:
            train_finetuned(source, folder)
        except OSError:
            # Another process may have put the same one there in between.
            if not is_complete(folder):
                raise
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    return model.eval(), AutoTokenizer.from_pretrained(folder)


def is_complete(folder: Path) -> bool:
    """Say whether a folder holds all that loading a model and its tokenizer needs."""
    return all((folder / name).is_file() for name in FILES)


def set_aside(folder: Path) -> None:
    """Rename a folder that is in the way, and say so: what is in it may be somebody's work."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    lacking = ", ".join(name for name in FILES if not (folder / name).is_file())
    names = (f"{folder.name}_incomplete_{number}" for number in itertools.count(1))
    aside = next(path for path in map(folder.with_name, names) if not path.exists())
    folder.rename(aside)
    print(f"{folder.name} lacks {lacking}: all that is in it is now in {aside.name}")


def train_finetuned(
    source: Source, folder: Path, train_size: int | None = None, **changes: object
) -> None:
    """Train as notebook 07 does, and save the model and its tokenizer.

    Args:
        source: where the data and the weights are.
        folder: where the model goes; it must not exist, or be empty.
        train_size: how many reviews to train on; None is as many as 07 does.
        changes: any training arguments, in place of those of notebook 07.
    """
    arguments = FinetuneArguments(train_samples=train_size)
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    data = prepare_data(source, tokenizer, arguments, SEED)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Next to its place, so that moving it there is one step: a model is there whole or not at all.
    with TemporaryDirectory(dir=folder.parent) as scratch:
        kept = KEEP_BEST | {"save_only_model": True}
        trainer = Trainer(
            model=prepare_model(source, data.label_names, arguments.frozen_layers, SEED),
            args=training_arguments(source, f"{scratch}/checkpoints", **(kept | changes)),
            train_dataset=data.train,
            eval_dataset=data.validation,
            processing_class=tokenizer,
            compute_metrics=make_compute_metrics(source),
        )
        trainer.train()
        trainer.save_model(f"{scratch}/model")
        if folder.exists():
            # Refuses one that is not empty. On Windows, renaming needs the place free.
            folder.rmdir()
        Path(scratch, "model").rename(folder)
