"""Checkpoints from which a stopped training run resumes, to the same digits."""

import json
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_pt_utils import safe_globals

# The random state at the start of the epoch, from which the order of its batches is drawn.
EPOCH_STATE = "epoch_rng_state.pth"
# What a closed terminal sends; Windows has none.
HANGUP = getattr(signal, "SIGHUP", None)


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message says which and why."""


class StoppedBySignal(Exception):
    """A signal stopped the training run; `checkpoint` has its state."""

    def __init__(self, checkpoint: Path) -> None:
        """Store the folder of the checkpoint."""
        super().__init__(str(checkpoint))
        self.checkpoint = checkpoint


class KeepEpochOrder(TrainerCallback):
    """Gives a resumed training run its batches in the same order.

    `Trainer` draws the order of a grouped epoch from the global random state. A checkpoint has
    that state as it is at its step; what is needed is the state at the start of the epoch.
    """

    def __init__(self, resumed_from: Path | None = None) -> None:
        """Start from the beginning, or from a checkpoint."""
        self._state = None
        if resumed_from is not None:
            self._state = torch.load(resumed_from / EPOCH_STATE, weights_only=True)
        self._resumes = resumed_from is not None
        self._waits = False

    def on_epoch_begin(self, *_, **__) -> None:
        """Restore the state at the start of the epoch, or keep it for the checkpoints."""
        if self._resumes:
            torch.set_rng_state(self._state)
            self._resumes = False
        self._state = torch.get_rng_state()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Delay a save after the last step: resuming from it would skip the evaluation."""
        if control.should_save and ended_epoch(state):
            control.should_save = False
            self._waits = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Do the delayed save; `Trainer` evaluates before it."""
        control.should_save |= self._waits
        self._waits = False

    def on_save(self, args: TrainingArguments, state: TrainerState, *_, **__) -> None:
        """Save the state next to the files of `Trainer`."""
        if args.should_save:
            # After the last step of an epoch, the next one starts from the current state.
            begins = torch.get_rng_state() if ended_epoch(state) else self._state
            torch.save(begins, checkpoint_folder(args, state) / EPOCH_STATE)


class StopOnSignal(TrainerCallback):
    """Saves a checkpoint after the step in which SIGINT, SIGTERM or SIGHUP arrives, then stops."""

    def __init__(self) -> None:
        """Listen for the signals; `restore` undoes it."""
        self._asked = False
        numbers = [signal.SIGINT, signal.SIGTERM]
        # Under nohup it is ignored, and that was meant.
        if HANGUP is not None and signal.getsignal(HANGUP) != signal.SIG_IGN:
            numbers.append(HANGUP)
        self._before = {number: signal.signal(number, self._ask) for number in numbers}

    def _ask(self, *_) -> None:
        self._asked = True

    def restore(self) -> None:
        """Restore the previous signal handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Save if any process was asked to stop; all processes save after the same step."""
        asked = torch.tensor(int(self._asked))
        if args.world_size > 1:
            asked = asked.to(args.device)
            torch.distributed.all_reduce(asked, op=torch.distributed.ReduceOp.MAX)
        self._asked = bool(asked)
        # With the model only, nothing could be resumed.
        args.save_only_model &= not self._asked
        control.should_save |= self._asked and not ended_epoch(state)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Save after the evaluation if the signal came in the last step of an epoch."""
        control.should_save |= self._asked

    def on_save(self, args: TrainingArguments, state: TrainerState, *_, **__) -> None:
        """Stop training: whatever ran after the save would not be in the checkpoint."""
        if self._asked and not args.save_only_model:
            raise StoppedBySignal(checkpoint_folder(args, state))


def ended_epoch(state: TrainerState) -> bool:
    """Say whether the current step is the last one of an epoch."""
    return float(state.epoch).is_integer()


def checkpoint_folder(args: TrainingArguments, state: TrainerState) -> Path:
    """Return the folder in which `Trainer` saves the checkpoint of the current step."""
    return Path(args.output_dir) / f"checkpoint-{state.global_step}"


def check_checkpoint(folder: Path) -> None:
    """Check that every file of a checkpoint can be read.

    Raises:
        CheckpointError: if one is missing or damaged.
    """
    # Of a folder that may not be read, `Path.is_dir` raises an error.
    if not os.path.isdir(folder):
        raise CheckpointError(f"There is no checkpoint {folder}.")
    for name in ("model.safetensors", "optimizer.pt", "scheduler.pt", "trainer_state.json"):
        _read(folder / name)
    states = sorted(folder.glob("rng_state*.pth"))
    for path in [*states, folder / EPOCH_STATE] if states else [folder / "rng_state.pth"]:
        _read(path)


def _read(path: Path) -> None:
    try:
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                file.keys()
        else:
            # The random states are more than tensors: `Trainer` allows what it writes itself.
            with safe_globals():
                torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"The checkpoint {path.parent} has no {path.name}.") from error
    except Exception as error:
        # Each format has its own errors for a damaged file.
        raise CheckpointError(f"{path.name} of the checkpoint {path.parent} is damaged.") from error


def _checkpoints(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("checkpoint-*") if path.name[11:].isdigit()]
    return sorted(found, key=lambda path: int(path.name[11:]))


def complete_checkpoints(folder: Path) -> Sequence[Path]:
    """Return the checkpoints in a folder that can be resumed, in the order of their steps."""
    complete = []
    for path in _checkpoints(folder):
        try:
            check_checkpoint(path)
        except CheckpointError:
            continue
        complete.append(path)
    return complete


def last_checkpoint(folder: Path) -> Path | None:
    """Return the last checkpoint in a folder that can be resumed, or None if there is none at all.

    Raises:
        CheckpointError: if there are some, and none is complete; it says what the last one lacks.
    """
    if complete := complete_checkpoints(folder):
        return complete[-1]
    if found := _checkpoints(folder):
        check_checkpoint(found[-1])
    return None


def remove_half_checkpoint(folder: Path) -> None:
    """Remove the last checkpoint in a folder if it is incomplete: saving it has just failed."""
    for path in _checkpoints(folder)[-1:]:
        try:
            check_checkpoint(path)
        except CheckpointError:
            shutil.rmtree(path, ignore_errors=True)
