"""Notebook 07 as a program, for when a notebook is too small: `python -m helpers.finetune`.

It trains, selects on validation, reports once on test, and prints one line of JSON. The flags, the
progress bar and, under `accelerate launch` or `torchrun`, the processes are those of `Trainer`.
"""

import csv
import dataclasses
import errno
import json
import os
import shlex
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import datasets
import numpy as np
import transformers
from datasets import Dataset, load_dataset
from safetensors import SafetensorError
from transformers import (
    AutoTokenizer,
    HfArgumentParser,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
)

from helpers.checkpoints import (
    CheckpointError,
    KeepEpochOrder,
    StopOnSignal,
    StoppedBySignal,
    check_checkpoint,
    complete_checkpoints,
)
from helpers.files import write_whole
from helpers.intervals import bootstrap_interval
from helpers.preprocess import token_counts, tokenize
from helpers.sampling import TRAIN_SIZE, VALIDATION_SIZE, split_validation, take_sample
from helpers.sources import Source, SourceError, get_source
from helpers.training import (
    RECIPE,
    freeze_lower_layers,
    load_classifier,
    make_compute_metrics,
    training_arguments,
)

RESULT = "result.json"
PREDICTIONS = "test_predictions.csv"
LAST = "last"
# Besides the course's recipe: the best epoch is kept.
KEEP_BEST = {
    "save_strategy": "epoch",
    "save_total_limit": 1,
    "load_best_model_at_end": True,
    "metric_for_best_model": "accuracy",
}
DEFAULTS = {
    **RECIPE,
    **KEEP_BEST,
    "output_dir": "",
    # None stands for that of the source.
    "learning_rate": None,
    # Not set, it follows the library's verbosity, which hides the bar with the warnings.
    "disable_tqdm": False,
}


class UsageError(Exception):
    """The program cannot do what it was asked to; the message says what to do."""


@dataclass
class FinetuneArguments:
    """What the course adds to the arguments of `TrainingArguments`."""

    source: str | None = field(
        default=None,
        metadata={"help": "embedded or hub; by default what COURSE_SOURCE names, or embedded"},
    )
    train_samples: int = field(default=TRAIN_SIZE, metadata={"help": "training reviews"})
    validation_samples: int = field(
        default=VALIDATION_SIZE,
        metadata={"help": "reviews split off from train, on which the best epoch is selected"},
    )
    test_samples: int = field(default=2000, metadata={"help": "test reviews, used once"})
    max_length: int | None = field(
        default=None,
        metadata={"help": "truncate texts to this many tokens; by default to the model's limit"},
    )
    frozen_layers: int | None = field(
        default=None,
        metadata={
            "help": "freeze the embeddings and this many layers; by default half of them, "
            "-1 freezes nothing"
        },
    )


class _Parser(HfArgumentParser):
    """Reports an error in one sentence, not after a list of two hundred flags."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}: see --help.")


def parse_arguments(arguments: list[str]) -> tuple[FinetuneArguments, TrainingArguments]:
    """Return what the command line says, the course's arguments and those of `Trainer`.

    Raises:
        UsageError: for an unknown flag or an impossible value.
    """
    parser = _Parser(
        [FinetuneArguments, TrainingArguments],
        prog="python -m helpers.finetune",
        allow_abbrev=False,
        description="Fine-tune BERT on reviews as notebook 07 does. --output_dir gets the model, "
        f"its tokenizer, {RESULT} and {PREDICTIONS}. --seed draws the training reviews, the head "
        "of the model and the order of the batches. Stopped by Ctrl-C or SIGTERM, it saves a "
        f"checkpoint; --resume_from_checkpoint {LAST} resumes from the last complete one.",
    )
    parser.set_defaults(**DEFAULTS)
    try:
        ours, theirs, unknown = parser.parse_args_into_dataclasses(
            arguments, return_remaining_strings=True, look_for_args_file=False
        )
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"These arguments do not go together: {reason}") from error
    if unknown:
        raise UsageError(f"There is no argument {unknown[0]}: see --help.")
    _check_numbers(ours, theirs)
    return ours, theirs


def _check_numbers(ours: FinetuneArguments, theirs: TrainingArguments) -> None:
    positive = {
        "train_samples": ours.train_samples,
        "validation_samples": ours.validation_samples,
        "test_samples": ours.test_samples,
        "per_device_train_batch_size": theirs.per_device_train_batch_size,
        "per_device_eval_batch_size": theirs.per_device_eval_batch_size,
        "gradient_accumulation_steps": theirs.gradient_accumulation_steps,
        "learning_rate": theirs.learning_rate,
        "num_train_epochs": theirs.num_train_epochs,
    }
    for name, value in positive.items():
        if value is not None and not value > 0:
            raise UsageError(f"--{name} is {value}: pass a number above 0.")


def prepare_output(folder: str | None, resume: str | None) -> tuple[Path, Path | None]:
    """Make sure that a folder can be written and that nothing in it would be overwritten.

    Args:
        folder: `--output_dir`.
        resume: `--resume_from_checkpoint`: a folder, `last`, or None.

    Returns:
        The folder, and the checkpoint to resume from or None.

    Raises:
        UsageError: if the folder cannot be used.
        CheckpointError: if the checkpoint is missing or damaged.
    """
    if not folder:
        raise UsageError("There is no folder for the model: pass --output_dir FOLDER.")
    output = Path(folder)
    try:
        output.mkdir(parents=True, exist_ok=True)
        probe = output / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written ({error.strerror}): pass another --output_dir."
        ) from error
    if (output / RESULT).exists():
        raise UsageError(f"{output} has a finished training run in it: pass another --output_dir.")
    if resume is None:
        if any(output.iterdir()):
            raise UsageError(
                f"{output} is not empty, and nothing in it is overwritten: pass another "
                f"--output_dir, or --resume_from_checkpoint {LAST} to resume the run in it."
            )
        return output, None
    if resume == LAST:
        complete = complete_checkpoints(output)
        return output, complete[-1] if complete else None
    check_checkpoint(Path(resume))
    return output, Path(resume)


@dataclass(frozen=True)
class Data:
    """The tokenized splits of a training run."""

    train: Dataset
    validation: Dataset
    test: Dataset
    label_names: list[str]


def prepare_data(
    source: Source, tokenizer: PreTrainedTokenizerBase, arguments: FinetuneArguments, seed: int
) -> Data:
    """Load, tokenize and sample, as notebook 07 does; the test split sorted by length.

    Args:
        source: where the data are.
        tokenizer: the model's tokenizer.
        arguments: how many reviews of each split, and how long.
        seed: draws the training reviews; validation and test are the same for every seed.

    Raises:
        UsageError: if there are fewer reviews than that.
    """
    dataset = load_dataset(source.dataset, cache_dir=source.cache_dir)
    try:
        tokenized = tokenize(dataset, tokenizer, arguments.max_length)
        splits = split_validation(tokenized["train"], size=arguments.validation_samples)
    except ValueError as error:
        raise UsageError(str(error)) from error
    for name, rows in (("train", splits["train"]), ("test", tokenized["test"])):
        size = getattr(arguments, f"{name}_samples")
        if size > len(rows):
            raise UsageError(f"--{name}_samples is {size}: there are {len(rows)}.")
    test = take_sample(tokenized["test"], arguments.test_samples)
    lengths = token_counts(test)
    test = test.select(sorted(range(len(test)), key=lengths.__getitem__))
    train = take_sample(splits["train"], arguments.train_samples, seed)
    return Data(train, splits["validation"], test, dataset["train"].features["label"].names)


def prepare_model(
    source: Source, label_names: list[str], frozen: int | None, seed: int
) -> PreTrainedModel:
    """Load the pretrained encoder with a new head, its lower layers frozen.

    Args:
        source: where the weights are.
        label_names: the name of each label.
        frozen: how many layers to freeze besides the embeddings; None is half of them, -1
            freezes nothing.
        seed: draws the weights of the head.

    Raises:
        UsageError: if the encoder does not have that many layers.
    """
    model = load_classifier(source, label_names, seed)
    layers = model.config.num_hidden_layers // 2 if frozen is None else frozen
    if layers == -1:
        return model
    try:
        freeze_lower_layers(model, layers)
    except ValueError as error:
        raise UsageError(f"--frozen_layers: {error}") from error
    return model


def finetune(
    arguments: FinetuneArguments, training: TrainingArguments, resumed_from: Path | None = None
) -> dict[str, object]:
    """Train, report on test, and save the model and the result into `training.output_dir`.

    Args:
        arguments: how many reviews of each split, and what is frozen.
        training: how to train.
        resumed_from: a checkpoint of the same training run, or None.

    Returns:
        The content of `result.json`: accuracy, its 95 % confidence interval, mean absolute error in
        levels, seconds of training, samples a second, and all arguments.

    Raises:
        UsageError: if the data are too few, or the encoder too small.
        StoppedBySignal: after SIGINT or SIGTERM, once a checkpoint is saved.
    """
    source = get_source(arguments.source)
    if training.learning_rate is None:
        training.learning_rate = source.learning_rate
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    # One process fills the cache, the others read it.
    with training.main_process_first(desc="tokenizing"):
        data = prepare_data(source, tokenizer, arguments, training.seed)
    model = prepare_model(source, data.label_names, arguments.frozen_layers, training.seed)
    # Read it now: `Trainer` deletes the checkpoint when it saves a later one.
    done_before = _steps_done(resumed_from)
    stop = StopOnSignal()
    try:
        trainer = Trainer(
            model=model,
            args=training,
            train_dataset=data.train,
            eval_dataset=data.validation,
            processing_class=tokenizer,
            compute_metrics=make_compute_metrics(source),
            callbacks=[KeepEpochOrder(resumed_from), stop],
        )
        start = time.perf_counter()
        trainer.train(resume_from_checkpoint=str(resumed_from) if resumed_from else None)
        seconds = time.perf_counter() - start
    finally:
        stop.restore()
    predicted = _predict(trainer, source, training, tokenizer, data.test)
    truths = np.array(data.test["label"])
    hits = predicted == truths
    steps = trainer.state.max_steps - done_before
    epochs = steps / trainer.state.max_steps * training.num_train_epochs
    result = {
        "accuracy": float(hits.mean()),
        "interval": bootstrap_interval(hits),
        "mae": float(np.abs(predicted - truths).mean()),
        "seconds": round(seconds, 2),
        "samples_per_second": round(epochs * len(data.train) / seconds, 2),
        "processes": training.world_size,
        "arguments": dataclasses.asdict(arguments) | training.to_dict(),
    }
    trainer.save_model()
    if trainer.is_world_process_zero():
        _write_predictions(Path(training.output_dir), data.test, predicted)
        # Last and in one step: a folder with a result has all the rest.
        text = json.dumps(result, indent=1, default=str)
        write_whole(Path(training.output_dir, RESULT), text)
    return result


def _steps_done(checkpoint: Path | None) -> int:
    if checkpoint is None:
        return 0
    return json.loads((checkpoint / "trainer_state.json").read_text())["global_step"]


def _predict(
    trainer: Trainer,
    source: Source,
    training: TrainingArguments,
    tokenizer: PreTrainedTokenizerBase,
    test: Dataset,
) -> np.ndarray:
    arguments = training_arguments(
        source,
        training.output_dir,
        eval_strategy="no",
        train_sampling_strategy="sequential",
        per_device_eval_batch_size=training.per_device_eval_batch_size,
        use_cpu=training.use_cpu,
        disable_tqdm=training.disable_tqdm,
    )
    tester = Trainer(trainer.model, arguments, processing_class=tokenizer)
    return tester.predict(test).predictions.argmax(axis=-1)


def _write_predictions(output: Path, test: Dataset, predicted: np.ndarray) -> None:
    with (output / PREDICTIONS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "predicted"])
        writer.writerows(zip(test["text"], test["label"], predicted.tolist(), strict=True))


def resume_command(arguments: list[str], checkpoint: Path | str) -> str:
    """Return the command that resumes from a checkpoint."""
    flag = "--resume_from_checkpoint"
    kept = [argument for argument in arguments if not argument.startswith(f"{flag}=")]
    if flag in kept:
        del kept[kept.index(flag) : kept.index(flag) + 2]
    command = [sys.executable, "-m", "helpers.finetune", *kept, flag, str(checkpoint)]
    return shlex.join(command)


def _is_disk_full(error: BaseException, output: Path) -> bool:
    if "No space left" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
        return True
    # PyTorch's writer does not say why it failed.
    status = os.statvfs(output)
    return "PytorchStreamWriter" in str(error) and status.f_bavail * status.f_frsize < 2**20


def main(arguments: list[str]) -> int:
    """Run the program; return 0 for success, 2 for a failure, 130 if a signal stopped it."""
    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()
    # These bars are of loading and saving, a second each; that of training stays.
    transformers.logging.disable_progress_bar()
    first = int(os.environ.get("RANK", "0")) == 0

    def say(text: str) -> None:
        if first:
            print(text, file=sys.stderr, flush=True)

    try:
        ours, training = parse_arguments(arguments)
        output, checkpoint = prepare_output_once(training)
        if training.resume_from_checkpoint:
            say(
                f"Resuming from {checkpoint}."
                if checkpoint
                else f"There is no complete checkpoint: starting from the beginning in {output}."
            )
        result = finetune(ours, training, checkpoint)
    except (UsageError, SourceError) as error:
        say(str(error))
        return 2
    except CheckpointError as error:
        say(f"{error} Pass --resume_from_checkpoint {LAST} to use the last complete one.")
        return 2
    except StoppedBySignal as stopped:
        say(f"\nStopped; saved {stopped.checkpoint}. To resume:")
        say("  " + resume_command(arguments, stopped.checkpoint))
        return 130
    except KeyboardInterrupt:
        say(f"\nStopped outside of training: to resume, add --resume_from_checkpoint {LAST}.")
        return 130
    except (OSError, RuntimeError, SafetensorError) as error:
        if not _is_disk_full(error, Path(training.output_dir)):
            raise
        say(f"The disk of {training.output_dir} is full: free some space, then resume with")
        say("  " + resume_command(arguments, LAST))
        return 2
    if first:
        shown = {name: value for name, value in result.items() if name != "arguments"}
        print(json.dumps(shown | {"output_dir": training.output_dir}), flush=True)
    return 0


def prepare_output_once(training: TrainingArguments) -> tuple[Path, Path | None]:
    """Prepare the output folder in the first process, then check it in the others.

    Raises:
        UsageError: if the folder cannot be used.
        CheckpointError: if the checkpoint is missing or damaged.
    """
    with training.main_process_first(desc="output folder"):
        return prepare_output(training.output_dir, training.resume_from_checkpoint)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
