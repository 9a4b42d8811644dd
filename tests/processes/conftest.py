"""Start the program, alone or in several processes, and stop it at a step."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from course.environment.kernel import prepare_kernel_environment
from helpers import launch
from helpers.environment import PROJECT
from helpers.launch import STEP, Run

SMALL = ["--train_samples=96", "--validation_samples=25", "--test_samples=64"]
# A checkpoint every other step, so that a kill may come before, in and after a save.
OFTEN = ["--save_strategy=steps", "--save_steps=2", "--load_best_model_at_end=False"]
PROGRAM = [sys.executable, *launch.PROGRAM]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run"]


def environment(threads: int = 1) -> dict[str, str]:
    prepare_kernel_environment()
    return os.environ | {"OMP_NUM_THREADS": str(threads)}


def finetune(
    *arguments: str, launcher: list[str] = PROGRAM, threads: int = 1, **variables: str
) -> Run:
    done = subprocess.run(
        [*launcher, *arguments],
        cwd=PROJECT,
        env=environment(threads) | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def stop_at(step: int, number: signal.Signals, *arguments: str) -> Run:
    """Start the program, and send it a signal once its progress bar shows the step."""
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=PROJECT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        seen = b""
        sent = False
        while block := os.read(process.stderr.fileno(), 4096):
            seen += block
            reached = [int(found[1]) for found in STEP.finditer(seen)]
            if not sent and reached and max(reached) >= step:
                process.send_signal(number)
                sent = True
        output = process.stdout.read().decode()
    return Run(process.returncode, output, seen.decode())


def weights(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Path:
    """The folder of a training that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    done = finetune("--output_dir", str(folder), *SMALL, *OFTEN)
    assert done.code == 0, done.errors
    return folder
