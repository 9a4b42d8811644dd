"""Notebook 07 as a program, for when a notebook is too small: `python -m helpers.finetune`.

It trains, selects on validation, reports once on test, and prints one line of JSON. The flags, the
progress bar and, under `accelerate launch` or `torchrun`, the processes are those of `Trainer`.
"""

import csv
import dataclasses
import errno
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    # The libraries take seconds to load: until then, Ctrl-C ends the program without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import datasets
import huggingface_hub
import numpy as np
import torch
import transformers
from datasets import Dataset, load_dataset
from safetensors import SafetensorError
from transformers import (
    AutoTokenizer,
    EvalPrediction,
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
    remove_half_checkpoint,
)
from helpers.closed_streams import survive_closed_streams
from helpers.divergence import DivergedError, StopOnDivergence
from helpers.files import write_whole
from helpers.finetune_arguments import (
    PREDICTIONS,
    FinetuneArguments,
    UsageError,
    command_line,
    in_one_sentence,
    parse_arguments,
    recorded_arguments,
)
from helpers.intervals import bootstrap_interval
from helpers.preprocess import token_counts, tokenize
from helpers.run_record import LAST, RECORD, RESULT, RunError, claim_folder
from helpers.sampling import SEED, TEST_SIZE, TRAIN_SIZE, split_validation, take_sample
from helpers.shell import join_command
from helpers.sources import Source, SourceError, get_source
from helpers.training import (
    Metrics,
    freeze_lower_layers,
    load_classifier,
    make_compute_metrics,
    training_arguments,
)


class DiskFullError(Exception):
    """Nothing more could be written into the output folder."""


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
    except OverflowError as error:
        raise UsageError(
            f"--max_length is {arguments.max_length}, and the model's limit is "
            f"{tokenizer.model_max_length} tokens: leave it out, or pass a smaller number."
        ) from error
    taken = {}
    for name, rows, usual, order in (
        ("train", splits["train"], TRAIN_SIZE, seed),
        ("test", tokenized["test"], TEST_SIZE, SEED),
    ):
        asked = getattr(arguments, f"{name}_samples")
        if asked is not None and asked > len(rows):
            raise UsageError(f"--{name}_samples is {asked}: there are {len(rows)}.")
        taken[name] = take_sample(rows, asked or min(usual, len(rows)), order)
    lengths = token_counts(taken["test"])
    test = taken["test"].select(sorted(range(len(lengths)), key=lengths.__getitem__))
    names = dataset["train"].features["label"].names
    return Data(taken["train"], splits["validation"], test, names)


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
        levels (None if the labels are no levels), seconds of training, samples a second, and all
        arguments.

    Raises:
        UsageError: if the data are too few, the encoder too small, or `Trainer` refuses to start;
            if the Hub refuses the model, which is saved all the same.
        StoppedBySignal: after SIGINT, SIGTERM or SIGHUP, once a checkpoint is saved.
        DivergedError: if the numbers are no longer finite.
    """
    # Stdout is for the result; what is said of one's own data, one process says.
    with ExitStack() as stack:
        silent = training.process_index > 0
        said = stack.enter_context(Path(os.devnull).open("w")) if silent else sys.stderr
        stack.enter_context(redirect_stdout(said))
        source = get_source(arguments.source)
    if training.learning_rate is None:
        training.learning_rate = source.learning_rate
    tokenizer = AutoTokenizer.from_pretrained(source.model)
    # One process fills the cache, the others read it.
    with training.main_process_first(desc="tokenizing"):
        data = prepare_data(source, tokenizer, arguments, training.seed)
    model = prepare_model(source, data.label_names, arguments.frozen_layers, training.seed)
    compute_metrics = make_compute_metrics(source)
    _check_metric(training.metric_for_best_model, compute_metrics, len(data.label_names))
    if training.push_to_hub:
        with in_one_sentence("--push_to_hub needs the Hub: log in, or leave it out"):
            huggingface_hub.whoami(training.hub_token)
    refused = "Training cannot start with these arguments"
    if resumed_from is not None:
        refused = f"The checkpoint {resumed_from} does not fit this training run"
    stop = StopOnSignal()
    try:
        with in_one_sentence(refused):
            # Read it now: `Trainer` deletes the checkpoint when it saves a later one.
            done_before = _steps_done(resumed_from)
            trainer = Trainer(
                model=model,
                args=training,
                train_dataset=data.train,
                eval_dataset=data.validation,
                processing_class=tokenizer,
                compute_metrics=compute_metrics,
                callbacks=[KeepEpochOrder(resumed_from), stop, StopOnDivergence()],
            )
        start = time.perf_counter()
        # Before the first step, what fails is what was asked for.
        with in_one_sentence(refused, unless=lambda: trainer.state.global_step > done_before):
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
        "mae": float(np.abs(predicted - truths).mean()) if source.ordered else None,
        "seconds": round(seconds, 2),
        "samples_per_second": round(epochs * len(data.train) / seconds, 2),
        "processes": training.world_size,
        "arguments": dataclasses.asdict(arguments) | training.to_dict(),
    }
    # Saving and sending apart: one that fails must not cost the other.
    trainer.save_model(_internal_call=True)
    unsent = _send(trainer) if training.push_to_hub else None
    if trainer.is_world_process_zero():
        _write_predictions(Path(training.output_dir), data.test, predicted)
        # Last and in one step: a folder with a result has all the rest.
        text = json.dumps(result, indent=1, default=str)
        write_whole(Path(training.output_dir, RESULT), text)
    if unsent:
        raise unsent
    return result


def _send(trainer: Trainer) -> UsageError | None:
    """Send the model to the Hub; return the error if that fails."""
    folder = trainer.args.output_dir
    upload = ["hf", "upload", trainer.hub_model_id, folder, "--exclude", "checkpoint-*"]
    try:
        # The last progress bar has left the cursor at the end of its line.
        with in_one_sentence(
            f"\nThe model and its result are in {folder}, and could not be sent to the Hub; "
            f"'{join_command(upload)}' sends them later"
        ):
            trainer.push_to_hub(commit_message="Model save")
    except UsageError as error:
        return error
    return None


def _check_metric(
    name: str | None, compute_metrics: Callable[[EvalPrediction], Metrics], labels: int
) -> None:
    """Refuse a metric that there is not now, and not after the first epoch."""
    known = ["loss", *compute_metrics((np.eye(labels), np.arange(labels)))]
    if name is not None and name.removeprefix("eval_") not in known:
        raise UsageError(f"--metric_for_best_model is {name}: pass one of {', '.join(known)}.")


def _steps_done(checkpoint: Path | None) -> int:
    if checkpoint is None:
        return 0
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return int(state["global_step"])


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
    scores = tester.predict(test).predictions
    if not np.isfinite(scores).all():
        raise DivergedError("the scores of the test reviews", "after training")
    return scores.argmax(axis=-1)


def _write_predictions(output: Path, test: Dataset, predicted: np.ndarray) -> None:
    with (output / PREDICTIONS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "predicted"])
        writer.writerows(zip(test["text"], test["label"], predicted.tolist(), strict=True))


@contextmanager
def claimed_output(
    arguments: FinetuneArguments, training: TrainingArguments
) -> Iterator[Path | None]:
    """Claim the output folder in the first process; all processes learn what came of it.

    Args:
        arguments: the course's arguments.
        training: those of `Trainer`.

    Yields:
        The checkpoint to resume from, or None.

    Raises:
        UsageError: if there is no folder.
        RunError: if the folder cannot be used.
        CheckpointError: if the checkpoint is missing or damaged.
        SourceError: if the learner's own data or weights cannot be used.
    """
    if not training.output_dir:
        raise UsageError("There is no folder for the model: pass --output_dir FOLDER.")
    folder, resume = Path(training.output_dir), training.resume_from_checkpoint
    with ExitStack() as stack:
        outcome = [None]
        if training.process_index == 0:
            try:
                record = recorded_arguments(arguments, training)
                outcome = [stack.enter_context(claim_folder(folder, record, resume))]
            except (RunError, CheckpointError, SourceError) as error:
                outcome = [error]
        if training.world_size > 1:
            torch.distributed.broadcast_object_list(outcome)
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        yield outcome[0]


@contextmanager
def _noticing_a_full_disk(training: TrainingArguments) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if not _is_disk_full(error, Path(training.output_dir)):
            raise
        if training.process_index == 0 and not training.save_only_model:
            remove_half_checkpoint(Path(training.output_dir))
        raise DiskFullError from error


def _is_disk_full(error: BaseException, output: Path) -> bool:
    if "No space left" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
        return True
    # PyTorch's writer does not say why it failed.
    return "PytorchStreamWriter" in str(error) and shutil.disk_usage(output).free < 2**20


def main(arguments: list[str]) -> int:
    """Run the program; return 0 for success, 2 for a failure, 130 if a signal stopped it."""
    with survive_closed_streams():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()
    # These bars are of loading and saving, a second each; that of training stays.
    transformers.logging.disable_progress_bar()
    first = int(os.environ.get("RANK", "0")) == 0

    def say(text: str) -> None:
        if first:
            print(text, file=sys.stderr)

    def say_command(output_dir: str) -> None:
        # A run that ended before its first checkpoint has left no record: it starts anew.
        resumes = Path(output_dir, RECORD).exists()
        say("  " + command_line(arguments, LAST if resumes else None))

    try:
        ours, training = parse_arguments(arguments)
    except UsageError as error:
        say(str(error))
        return 2
    try:
        with claimed_output(ours, training) as checkpoint, _noticing_a_full_disk(training):
            if training.resume_from_checkpoint:
                say(
                    f"Resuming from {checkpoint}."
                    if checkpoint
                    else "There is no complete checkpoint: starting from the beginning in "
                    f"{training.output_dir}."
                )
            result = finetune(ours, training, checkpoint)
    except (UsageError, RunError, SourceError, DivergedError) as error:
        say(str(error))
        return 2
    except CheckpointError as error:
        say(f"{error} Pass --resume_from_checkpoint {LAST} to use the last complete one.")
        return 2
    except StoppedBySignal as stopped:
        say(f"\nStopped; saved {stopped.checkpoint}. To resume:")
        say("  " + command_line(arguments, stopped.checkpoint))
        return 130
    except KeyboardInterrupt:
        say("\nStopped outside of training. To go on:")
        say_command(training.output_dir)
        return 130
    except DiskFullError:
        say(f"The disk of {training.output_dir} is full: free some space, then go on with")
        say_command(training.output_dir)
        return 2
    if first:
        shown = {name: value for name, value in result.items() if name != "arguments"}
        print(json.dumps(shown | {"output_dir": training.output_dir}))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
