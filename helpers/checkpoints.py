"""Checkpoints that a stopped training goes on from, to the same digits."""

import json
import signal
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

# The random state at the start of the epoch: from it the order of that epoch is drawn again.
EPOCH_STATE = "epoch_rng_state.pth"
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message says which, and what to do."""


class StoppedBySignal(Exception):
    """A signal asked to stop, and `checkpoint` holds what was reached."""

    def __init__(self, checkpoint: Path) -> None:
        """Name the folder of the checkpoint."""
        super().__init__(str(checkpoint))
        self.checkpoint = checkpoint


class KeepEpochOrder(TrainerCallback):
    """Lets a training that resumes see its batches in the same order.

    `Trainer` draws the order of a grouped epoch from the global random state. A checkpoint has
    that state as it was at its step; what is needed is the state the epoch begins with.
    """

    def __init__(self, resumed_from: Path | None = None) -> None:
        """Start anew, or from a checkpoint."""
        self._state = None
        if resumed_from is not None:
            self._state = torch.load(resumed_from / EPOCH_STATE, weights_only=True)
        self._resumes = resumed_from is not None
        self._waits = False

    def on_epoch_begin(self, *_, **__) -> None:
        """Take back the state that the epoch began with, or note it."""
        if self._resumes:
            torch.set_rng_state(self._state)
            self._resumes = False
        self._state = torch.get_rng_state()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Let a save after the last step wait: who resumes from it would skip the evaluation."""
        if control.should_save and ended_epoch(state):
            control.should_save = False
            self._waits = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Save what has waited; `Trainer` evaluates first."""
        control.should_save |= self._waits
        self._waits = False

    def on_save(self, args: TrainingArguments, state: TrainerState, *_, **__) -> None:
        """Put the state beside what `Trainer` saved."""
        if args.should_save:
            # After its last step an epoch is done, and the next one begins with the state of now.
            begins = torch.get_rng_state() if ended_epoch(state) else self._state
            torch.save(begins, checkpoint_folder(args, state) / EPOCH_STATE)


class StopOnSignal(TrainerCallback):
    """Saves a checkpoint after the step in which SIGINT or SIGTERM arrives, and stops there."""

    def __init__(self) -> None:
        """Listen for the signals; `restore` undoes it."""
        self._asked = False
        self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}

    def _ask(self, *_) -> None:
        self._asked = True

    def restore(self) -> None:
        """Let the signals do again what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Save once a process was asked to stop; all processes save after the same step."""
        asked = torch.tensor(int(self._asked))
        if args.world_size > 1:
            asked = asked.to(args.device)
            torch.distributed.all_reduce(asked, op=torch.distributed.ReduceOp.MAX)
        self._asked = bool(asked)
        control.should_save |= self._asked and not ended_epoch(state)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        """Save after the evaluation when the last step of an epoch was the one."""
        control.should_save |= self._asked

    def on_save(self, args: TrainingArguments, state: TrainerState, *_, **__) -> None:
        """Leave the training: what comes after the save would change what is resumed."""
        if self._asked:
            raise StoppedBySignal(checkpoint_folder(args, state))


def ended_epoch(state: TrainerState) -> bool:
    """Say whether the present step is the last one of an epoch."""
    return float(state.epoch).is_integer()


def checkpoint_folder(args: TrainingArguments, state: TrainerState) -> Path:
    """Return the folder in which `Trainer` saves the checkpoint of the present step."""
    return Path(args.output_dir) / f"checkpoint-{state.global_step}"


def check_checkpoint(folder: Path) -> None:
    """Read all of a checkpoint.

    Raises:
        CheckpointError: if a file is missing or cannot be read.
    """
    if not folder.is_dir():
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
            # Written by the training itself, and its random states are more than tensors.
            torch.load(path, map_location="cpu", weights_only=False)
    except FileNotFoundError as error:
        raise CheckpointError(f"The checkpoint {path.parent} has no {path.name}.") from error
    except Exception as error:
        # Each format breaks with errors of its own.
        raise CheckpointError(f"{path.name} of the checkpoint {path.parent} is damaged.") from error


def complete_checkpoints(folder: Path) -> Sequence[Path]:
    """Return the checkpoints in a folder that can be resumed, by step, the last one last."""
    found = [path for path in folder.glob("checkpoint-*") if path.name[11:].isdigit()]
    complete = []
    for path in sorted(found, key=lambda path: int(path.name[11:])):
        try:
            check_checkpoint(path)
        except CheckpointError:
            continue
        complete.append(path)
    return complete
