"""The program in two processes, on one machine and on two, against one process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.environment import PROJECT
from tests.processes.conftest import SMALL, TORCHRUN, environment, finetune

# The same global batch of 16.
HALF_BATCH = "--per_device_train_batch_size=8"
TWO = [*TORCHRUN, "--standalone", "--nproc-per-node=2", "-m", "helpers.finetune"]
# `accelerate launch --cpu` starts one process, whatever --num_processes says.
ACCELERATE = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch"]
ACCELERATE += ["--multi_gpu", "--num_processes=2", "--num_machines=1", "--mixed_precision=no"]
ACCELERATE += ["--dynamo_backend=no", "-m", "helpers.finetune"]
ADDRESSES = ("10.77.0.1", "10.77.0.2")
PORT = "29517"


def losses(folder: Path) -> list[float]:
    """The training loss of each epoch, as `Trainer` logged it."""
    state = max(
        folder.glob("checkpoint-*/trainer_state.json"), key=lambda path: path.stat().st_mtime
    )
    return [
        entry["loss"] for entry in json.loads(state.read_text())["log_history"] if "loss" in entry
    ]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    parent = tmp_path_factory.mktemp("processes")
    runs = {
        "one": finetune("--output_dir", str(parent / "one"), *SMALL),
        "torchrun": finetune(
            "--output_dir", str(parent / "torchrun"), *SMALL, HALF_BATCH, launcher=TWO
        ),
        "accelerate": finetune(
            "--output_dir", str(parent / "accelerate"), *SMALL, HALF_BATCH, launcher=ACCELERATE
        ),
    }
    for name, run in runs.items():
        assert run.code == 0, f"{name}: {run.errors}"
    return {name: parent / name for name in runs}


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_two_processes_take_part_and_one_writes(folders, launcher):
    result = json.loads((folders[launcher] / "result.json").read_text())
    assert result["processes"] == 2
    names = {path.name for path in folders[launcher].iterdir() if path.is_file()}
    assert names == {path.name for path in folders["one"].iterdir() if path.is_file()}


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_the_loss_is_not_multiplied_by_the_processes(folders, launcher):
    one, two = losses(folders["one"])[0], losses(folders[launcher])[0]
    assert two == pytest.approx(one, rel=0.05)


@pytest.mark.slow
def test_two_processes_end_within_two_hundredths_of_one(tmp_path):
    one = finetune("--output_dir", str(tmp_path / "one"), threads=2)
    two = finetune("--output_dir", str(tmp_path / "two"), HALF_BATCH, launcher=TWO)
    print(one.result, two.result)
    assert abs(one.result["accuracy"] - two.result["accuracy"]) <= 0.02


def ip(*arguments: str) -> int:
    return subprocess.run(["ip", *arguments], capture_output=True, check=False).returncode


@pytest.fixture
def machines():
    """Two network namespaces joined by a veth pair: two machines, for all that torchrun sees."""
    try:
        allowed = ip("netns", "add", "course-0") == 0
    except FileNotFoundError:
        pytest.skip("the command ip is missing: install iproute2")
    if not allowed:
        pytest.skip("network namespaces are not allowed here")
    names = ["course-0", "course-1"]
    try:
        ip("netns", "add", names[1])
        pair = f"course-a netns {names[0]} type veth peer course-b netns {names[1]}"
        assert ip("link", "add", *pair.split()) == 0
        for name, device, address in zip(names, ("course-a", "course-b"), ADDRESSES, strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", device)
            for link in ("lo", device):
                assert ip("-n", name, "link", "set", link, "up") == 0
        yield dict(zip(names, ("course-a", "course-b"), strict=True))
    finally:
        for name in names:
            ip("netns", "delete", name)


def test_two_machines_train_together(machines, folders, tmp_path):
    started = []
    for rank, (name, device) in enumerate(machines.items()):
        command = ["ip", "netns", "exec", name, *TORCHRUN, "--nnodes=2", "--nproc-per-node=1"]
        command += [f"--node-rank={rank}", "--rdzv-backend=static", "--rdzv-id=course"]
        command += [f"--rdzv-endpoint={ADDRESSES[0]}:{PORT}", f"--local-addr={ADDRESSES[rank]}"]
        command += ["-m", "helpers.finetune", "--output_dir", str(tmp_path / f"machine-{rank}")]
        started.append(
            subprocess.Popen(
                [*command, *SMALL, HALF_BATCH],
                cwd=PROJECT,
                env=environment() | {"GLOO_SOCKET_IFNAME": device},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    ends = [process.communicate(timeout=240) for process in started]
    assert [process.returncode for process in started] == [0, 0], ends
    result = json.loads((tmp_path / "machine-0" / "result.json").read_text())
    assert result["processes"] == 2
    assert not (tmp_path / "machine-1" / "result.json").exists()
    assert losses(tmp_path / "machine-0")[0] == pytest.approx(losses(folders["one"])[0], rel=0.05)
