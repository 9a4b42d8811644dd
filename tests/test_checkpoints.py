"""What a checkpoint is read for; tests/processes resumes from real ones."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import TrainerState

from helpers.checkpoints import (
    EPOCH_STATE,
    CheckpointError,
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
    (tmp_path / "checkpoint-11" / "optimizer.pt").unlink()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


def test_only_half_a_checkpoint_is_removed(tmp_path):
    for step in (9, 10):
        make_checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-10" / "scheduler.pt").unlink()
    for _ in range(2):
        remove_half_checkpoint(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-9"]
