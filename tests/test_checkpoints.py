"""What a checkpoint is read for; tests/processes resumes from real ones."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments

from helpers.checkpoints import (
    EPOCH_STATE,
    CheckpointError,
    KeepEpochOrder,
    check_checkpoint,
    complete_checkpoints,
    last_checkpoint,
    remove_half_checkpoint,
)

FILES = ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json")


def make_checkpoint(folder: Path, step: int) -> Path:
    """Write what `Trainer` and the program write, of a model with two weights."""
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    states = {"python": random.getstate(), "numpy": np.random.get_state()}
    states["cpu"] = torch.random.get_rng_state()
    save_file(model.state_dict(), checkpoint / "model.safetensors")
    torch.save(optimizer.state_dict(), checkpoint / "optimizer.pt")
    torch.save(schedule.state_dict(), checkpoint / "scheduler.pt")
    torch.save(states, checkpoint / "rng_state.pth")
    torch.save(torch.get_rng_state(), checkpoint / EPOCH_STATE)
    TrainerState(global_step=step).save_to_json(str(checkpoint / "trainer_state.json"))
    return checkpoint


class Evil:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_what_trainer_writes_is_complete(tmp_path):
    check_checkpoint(make_checkpoint(tmp_path, 4))


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", EPOCH_STATE])
def test_nothing_in_a_checkpoint_is_run(tmp_path, name):
    checkpoint = make_checkpoint(tmp_path, 4)
    torch.save(Evil(tmp_path / "was_run"), checkpoint / name)
    with pytest.raises(CheckpointError, match=f"{name} of the checkpoint .* is damaged"):
        check_checkpoint(checkpoint)
    assert not complete_checkpoints(tmp_path)
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize("lacking", FILES)
def test_a_checkpoint_without_one_of_its_files_is_named(tmp_path, lacking):
    checkpoint = make_checkpoint(tmp_path, 4)
    (checkpoint / lacking).unlink()
    with pytest.raises(CheckpointError, match=f"checkpoint-4 has no {lacking}"):
        last_checkpoint(tmp_path)


def test_the_last_complete_checkpoint_is_found_by_its_step(tmp_path):
    assert last_checkpoint(tmp_path) is None
    for step in (9, 10, 11):
        make_checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-9" / "optimizer.pt").unlink()
    (tmp_path / "checkpoint-11" / "optimizer.pt").unlink()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


def test_only_half_a_checkpoint_is_removed_and_only_the_last(tmp_path):
    for step in (7, 8, 9, 10):
        make_checkpoint(tmp_path, step)
    for step in (8, 10):
        (tmp_path / f"checkpoint-{step}" / "scheduler.pt").unlink()
    for _ in range(2):
        remove_half_checkpoint(tmp_path)
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {"checkpoint-7", "checkpoint-8", "checkpoint-9"}


class Recorder(torch.nn.Module):
    """A model that learns one number, and keeps the rows that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.rows: list[int] = []

    def forward(self, row: torch.Tensor, **_) -> dict[str, torch.Tensor]:
        self.rows += row.tolist()
        return {"loss": (self.weight * row.float()).mean()}


def collate(batch: list[dict]) -> dict[str, torch.Tensor]:
    return {"row": torch.tensor([each["row"] for each in batch])}


def train(folder: Path, steps: int, resumed_from: Path | None, keeps_order: bool) -> list[int]:
    """Train on 120 rows for more than an epoch, or go on; return the rows in their order.

    Of 50 batches, the rows of similar length are grouped: one row in a batch, so that there are
    several groups.
    """
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,
        max_steps=steps,
        save_steps=123,
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    rows = [{"row": number, "input_ids": [0] * (1 + number % 7)} for number in range(120)]
    model = Recorder()
    callbacks = [KeepEpochOrder(resumed_from)] if keeps_order else []
    trainer = Trainer(
        model, arguments, data_collator=collate, train_dataset=rows, callbacks=callbacks
    )
    trainer.train(resume_from_checkpoint=str(resumed_from) if resumed_from else None)
    return model.rows


@pytest.mark.parametrize("keeps_order", [True, False], ids=["with it", "without it"])
def test_the_order_of_a_resumed_epoch_is_kept_by_the_callback_and_by_nothing_else(
    tmp_path, keeps_order
):
    undisturbed = train(tmp_path / "undisturbed", 129, None, keeps_order)
    before = train(tmp_path / "run", 123, None, keeps_order)
    after = train(tmp_path / "run", 129, tmp_path / "run" / "checkpoint-123", keeps_order)
    assert before == undisturbed[:123]
    assert (after == undisturbed[123:]) is keeps_order


def test_a_save_after_the_last_step_of_an_epoch_is_done_once_after_the_evaluation():
    callback, control = KeepEpochOrder(), TrainerControl(should_save=True)
    saves = []
    for step in (callback.on_step_end, callback.on_epoch_end, callback.on_epoch_end):
        step(TrainingArguments(use_cpu=True), TrainerState(epoch=1.0), control)
        saves.append(control.should_save)
        control.should_save = False
    assert saves == [False, True, False]
