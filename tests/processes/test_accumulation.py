"""Batches of 16, the same as small batches accumulated, in one process and in two."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.processes.conftest import PROGRAM, SMALL, TORCHRUN, finetune

# In the order of the data, so that the same 16 reviews make each update.
STEPS = [*SMALL, "--train_sampling_strategy=sequential", "--num_train_epochs=1"]
STEPS += ["--logging_strategy=steps", "--logging_steps=1"]
TWO = [*TORCHRUN, "--standalone", "--nproc-per-node=2", "-m", "helpers.finetune"]
BATCHES = {
    "at once": (PROGRAM, 16, 1),
    "accumulated": (PROGRAM, 2, 8),
    "accumulated in two processes": (TWO, 2, 4),
}


def log(folder: Path) -> list[tuple[float, float]]:
    """The loss and the gradient norm of each step."""
    (state,) = folder.glob("checkpoint-*/trainer_state.json")
    entries = json.loads(state.read_text())["log_history"]
    return [(entry["loss"], entry["grad_norm"]) for entry in entries if "loss" in entry]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    parent = tmp_path_factory.mktemp("accumulation")
    folders = {}
    for name, (launcher, size, accumulated) in BATCHES.items():
        folders[name] = parent / name.replace(" ", "-")
        batch = [f"--per_device_train_batch_size={size}"]
        batch.append(f"--gradient_accumulation_steps={accumulated}")
        run = finetune("--output_dir", str(folders[name]), *STEPS, *batch, launcher=launcher)
        assert run.code == 0, run.errors
    return folders


@pytest.mark.parametrize("name", ["accumulated", "accumulated in two processes"])
def test_losses_and_gradient_norms_are_those_of_the_large_batch(folders, name):
    at_once, accumulated = log(folders["at once"]), log(folders[name])
    assert len(accumulated) == len(at_once) == 6
    for expected, found in zip(at_once, accumulated, strict=True):
        assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", ["accumulated", "accumulated in two processes"])
def test_the_weights_are_those_of_the_large_batch(folders, name):
    """Within 1e-5, where the largest learning rate is 1.5e-4; seen: 5e-6."""
    expected, found = (load_file(folders[key] / "model.safetensors") for key in ("at once", name))
    assert max((found[key] - expected[key]).abs().max() for key in expected) < 1e-5
