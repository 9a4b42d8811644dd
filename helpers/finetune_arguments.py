"""The arguments of the program: the course's own, and those of `Trainer`."""

import io
import itertools
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

from transformers import HfArgumentParser, TrainingArguments

from helpers.environment import chosen_source
from helpers.run_record import LAST, RECORD, RESULT
from helpers.sampling import TEST_SIZE, TRAIN_SIZE, VALIDATION_SIZE
from helpers.shell import join_command
from helpers.sources import OWN_VARIABLES, SOURCE_VARIABLE, get_source
from helpers.training import RECIPE

PREDICTIONS = "test_predictions.csv"
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
# What the program's data and metrics are made for: the libraries' defaults.
NEEDED = {
    "batch_eval_metrics": False,
    "eval_do_concat_batches": True,
    "include_for_metrics": [],
    "label_names": None,
    "prediction_loss_only": False,
    "remove_unused_columns": True,
}
# These may differ when a training run is resumed.
FREE = ("output_dir", "resume_from_checkpoint", "local_rank")


class UsageError(Exception):
    """The program cannot do what it was asked to; the message says what to do."""


@dataclass
class FinetuneArguments:
    """What the course adds to the arguments of `TrainingArguments`."""

    source: str | None = field(
        default=None,
        metadata={
            "help": "embedded, hub, or own, which is what COURSE_DATA names; by default what "
            "COURSE_SOURCE names, or embedded"
        },
    )
    train_samples: int | None = field(
        default=None,
        metadata={"help": f"training reviews; by default {TRAIN_SIZE:,}, or all if there are less"},
    )
    validation_samples: int | None = field(
        default=None,
        metadata={
            "help": "reviews split off from train, on which the best epoch is selected; by default "
            f"{VALIDATION_SIZE}, or a fifth if there are fewer than {5 * VALIDATION_SIZE:,}"
        },
    )
    test_samples: int | None = field(
        default=None,
        metadata={
            "help": f"test reviews, used once; by default {TEST_SIZE:,}, or all if there are less"
        },
    )
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

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        # argparse's own takes -1 for a number, and -1e-5 for a flag.
        self._negative_number_matcher = re.compile(r"-\d*\.?\d+(e[+-]?\d+)?$", re.IGNORECASE)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}: see --help.")


def parse_arguments(arguments: Sequence[str]) -> tuple[FinetuneArguments, TrainingArguments]:
    """Return what the command line says, the course's arguments and those of `Trainer`.

    Raises:
        UsageError: for an unknown flag or an impossible value.
    """
    parser = _Parser(
        [FinetuneArguments, TrainingArguments],
        prog="python -m helpers.finetune",
        allow_abbrev=False,
        description="Fine-tune BERT on reviews as notebook 07 does. --output_dir gets the model, "
        f"its tokenizer, {RESULT} and {PREDICTIONS}; {RECORD} there holds the arguments, which "
        "resuming compares. --seed draws the training reviews, the head of the model and the "
        "order of the batches. Stopped by Ctrl-C, SIGTERM or a closed terminal, it saves a "
        f"checkpoint; --resume_from_checkpoint {LAST} resumes from the last complete one.",
    )
    parser.set_defaults(**DEFAULTS)
    with in_one_sentence("These arguments cannot be used"):
        ours, theirs, unknown = parser.parse_args_into_dataclasses(
            list(arguments), return_remaining_strings=True, look_for_args_file=False
        )
    if unknown:
        raise UsageError(f"There is no argument {unknown[0]}: see --help.")
    _check_numbers(ours, theirs)
    return ours, theirs


@contextmanager
def in_one_sentence(sentence: str, unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Turn any error of a library, each of which has its own, into a `UsageError`.

    Args:
        sentence: what cannot be done; the library's reason follows.
        unless: whether it was done all the same; the error is then none of the arguments.
    """
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        if unless():
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"{sentence}: {reason}") from error


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
        # -1 is the default: the epochs decide.
        "max_steps": None if theirs.max_steps == -1 else theirs.max_steps,
    }
    for name, value in vars(theirs).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"--{name} is {value}: pass a finite number.")
    for name, value in positive.items():
        if value is not None and not value > 0:
            raise UsageError(f"--{name} is {value}: pass a number above 0.")
    if not 0 <= theirs.seed < 2**32:
        raise UsageError(f"--seed is {theirs.seed}: pass a whole number from 0 to {2**32 - 1}.")
    for name, needed in NEEDED.items():
        value = getattr(theirs, name)
        if value != needed:
            raise UsageError(
                f"--{name} is {value}: the program's metrics need the default; leave it out."
            )


def recorded_arguments(ours: FinetuneArguments, theirs: TrainingArguments) -> dict[str, object]:
    """Return all that decides what a training run computes, to be compared when it is resumed.

    Raises:
        SourceError: if the learner's own data or weights cannot be used.
    """
    source = ours.source or chosen_source()
    every = asdict(ours) | theirs.to_dict() | {"source": source, "processes": theirs.world_size}
    if source == "own":
        every |= {name: os.environ.get(name) for name in OWN_VARIABLES}
        # What is found in them is said when they are loaded.
        with redirect_stdout(io.StringIO()):
            every["the content of COURSE_DATA and COURSE_MODEL"] = get_source(source).models_name
    return {name: value for name, value in every.items() if name not in FREE}


def command_line(arguments: Sequence[str], checkpoint: Path | str | None = None) -> str:
    """Return the command to paste that starts the program again.

    Args:
        arguments: those that it was started with.
        checkpoint: what it resumes from, in place of an earlier one; None starts it anew.
    """
    flag = "--resume_from_checkpoint"
    kept = [argument for argument in arguments if not argument.startswith(f"{flag}=")]
    if flag in kept:
        del kept[kept.index(flag) : kept.index(flag) + 2]
    command = [sys.executable, "-m"]
    processes = os.environ.get("LOCAL_WORLD_SIZE", "1")
    if processes != "1":
        command += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    command += ["helpers.finetune", *kept]
    # The variables may have been set for one command only.
    named = any(argument.split("=")[0] == "--source" for argument in kept)
    if not named and os.environ.get(SOURCE_VARIABLE):
        command += ["--source", os.environ[SOURCE_VARIABLE]]
    own = "--source=own" in command or ("--source", "own") in itertools.pairwise(command)
    set_now = {name: value for name in OWN_VARIABLES if (value := os.environ.get(name))}
    if checkpoint is not None:
        command += [flag, str(checkpoint)]
    return join_command(command, set_now if own else {})
