"""The program as a person starts it: what it leaves behind, and what a stop costs."""

import csv
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from helpers.checkpoints import complete_checkpoints
from helpers.environment import PROJECT
from helpers.local_hub import HubError, LocalHub
from tests.processes.conftest import OFTEN, PROGRAM, SMALL, environment, finetune, stop_at, weights

KILLS = 10
# Between two kills; ten times as many are less than the training has.
MOST_STEPS = 5
RESUME = ["--resume_from_checkpoint", "last"]


def predictions(folder) -> list[int]:
    with (folder / "test_predictions.csv").open(encoding="utf-8", newline="") as file:
        return [int(row["predicted"]) for row in csv.DictReader(file)]


def test_the_folder_holds_the_model_and_the_result(whole):
    names = {path.name for path in whole.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "result.json"} <= names
    result = json.loads((whole / "result.json").read_text())
    low, high = result["interval"]
    assert low <= result["accuracy"] <= high
    assert result["seconds"] > 0
    assert result["samples_per_second"] > 0
    assert result["arguments"]["train_samples"] == 96


def test_the_notebook_and_the_program_predict_the_same(tmp_path):
    folder = tmp_path / "run"
    done = finetune("--output_dir", str(folder), *SMALL)
    assert done.code == 0, done.errors
    path = PROJECT / "notebooks/zh/07_finetune_bert.ipynb"
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    last = next(number for number, cell in enumerate(cells) if cell.id == "predict-check")
    # The cells on the trap need more validation rows, and change nothing.
    cells = [cell for cell in cells[: last + 1] if not cell.id.startswith("order-trap")]
    code = "\n".join(cell.source for cell in cells)
    for before, after in {
        'split_validation(tokenized["train"])': 'split_validation(tokenized["train"], size=25)',
        "size=min(1000,": "size=min(96,",
        "size=min(2000,": "size=min(64,",
    }.items():
        assert before in code
        code = code.replace(before, after)
    space = {}
    exec(compile(code, path.name, "exec"), space)
    assert predictions(folder) == space["predicted"].tolist()


# SIGHUP is a closed terminal; Windows has none.
NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in dir(signal)]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: n.name)
def test_a_signal_saves_a_checkpoint_that_goes_on_to_the_same_model(whole, tmp_path, number):
    folder = tmp_path / "run"
    arguments = ["--output_dir", str(folder), *SMALL, *OFTEN]
    stopped = stop_at(9, number, *arguments)
    assert stopped.code == 130
    command = shlex.split(stopped.errors.strip().splitlines()[-1])
    assert command[:3] == PROGRAM
    done = finetune(*command[3:])
    assert done.code == 0, done.errors
    assert weights(folder) == weights(whole)
    assert predictions(folder) == predictions(whole)


@pytest.mark.slow
def test_ten_kills_in_a_row_change_no_digit(tmp_path):
    long = [*SMALL, *OFTEN, "--num_train_epochs=10"]
    undisturbed, folder = tmp_path / "undisturbed", tmp_path / "killed"
    assert finetune("--output_dir", str(undisturbed), *long).code == 0
    generator = random.Random(0)
    for _ in range(KILLS):
        complete = complete_checkpoints(folder)
        reached = int(complete[-1].name.partition("-")[2]) if complete else 0
        again = RESUME if folder.exists() and any(folder.iterdir()) else []
        step = reached + generator.randint(0, MOST_STEPS)
        stopped = stop_at(step, signal.SIGKILL, "--output_dir", str(folder), *long, *again)
        assert stopped.code == -signal.SIGKILL
    done = finetune("--output_dir", str(folder), *long, *RESUME)
    assert done.code == 0, done.errors
    assert weights(folder) == weights(undisturbed)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_damaged_checkpoint_is_refused_and_an_earlier_one_found(whole, tmp_path, name):
    folder = tmp_path / "run"
    folder.mkdir()
    last = complete_checkpoints(whole)[-1]
    for number in (16, 18):
        shutil.copytree(last, folder / f"checkpoint-{number}")
    broken = folder / "checkpoint-18" / name
    broken.write_bytes(broken.read_bytes()[:100])
    refused = finetune("--output_dir", str(folder), "--resume_from_checkpoint", str(broken.parent))
    assert refused.code == 2
    assert refused.errors.strip().splitlines() == [
        f"{name} of the checkpoint {broken.parent} is damaged. "
        "Pass --resume_from_checkpoint last to use the last complete one."
    ]
    assert [path.name for path in complete_checkpoints(folder)] == ["checkpoint-16"]


def test_a_full_disk_ends_in_one_sentence(tmp_path):
    size = "size=60m"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", tmp_path], check=False)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here: that needs root")
    try:
        folder = tmp_path / "run"
        done = finetune("--output_dir", str(folder), *SMALL, *OFTEN)
        left = list(folder.iterdir())
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert done.code == 2
    said = done.errors.splitlines()
    assert said[-2] == f"The disk of {folder} is full: free some space, then go on with"
    # Nothing was saved: the same command starts again, in a folder that is empty again.
    assert shlex.split(said[-1]) == [*PROGRAM, "--output_dir", str(folder), *SMALL, *OFTEN]
    assert left == []
    assert "Traceback" not in done.errors


def test_two_starts_at_once_into_one_folder_leave_one_run(tmp_path):
    folder = tmp_path / "run"
    arguments = ["--output_dir", str(folder), *SMALL, "--num_train_epochs=1"]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda _: finetune(*arguments), range(2)))
    trained, refused = sorted(runs, key=lambda run: run.code)
    assert (trained.code, refused.code) == (0, 2)
    assert refused.errors.startswith(f"{folder} is not empty, and nothing in it is overwritten")
    assert (
        json.loads((folder / "result.json").read_text())["accuracy"] == trained.result["accuracy"]
    )


@pytest.mark.parametrize("refused", [False, True])
def test_a_model_that_the_hub_refuses_is_saved_all_the_same(tmp_path, monkeypatch, refused):
    commit = LocalHub.commit

    def refuse(hub, repo, branch, files, title):
        if refused and title != "initial commit":
            raise HubError(403, "Your storage is full")
        return commit(hub, repo, branch, files, title)

    monkeypatch.setattr(LocalHub, "commit", refuse)
    folder = tmp_path / "run"
    arguments = ["--output_dir", str(folder), *SMALL, "--num_train_epochs=1"]
    with LocalHub(tmp_path / "hub") as hub:
        variables = {**hub.client_environment, "HF_TOKEN": hub.token}
        done = finetune(*arguments, "--push_to_hub=True", **variables)
    (repo,) = hub.repos.values()
    assert ("model.safetensors" in repo.find("main")["files"]) is not refused
    assert {"model.safetensors", "result.json"} <= {path.name for path in folder.iterdir()}
    assert done.code == (2 if refused else 0), done.errors
    assert "Traceback" not in done.errors
    if refused:
        sentence = done.errors.splitlines()[-1]
        assert sentence.startswith(f"The model and its result are in {folder}, and could not be")
        assert f"'hf upload {repo.name} {folder} --exclude 'checkpoint-*'' sends them" in sentence
        assert "Your storage is full" in sentence
        assert hub.token not in done.errors


def test_ctrl_c_while_the_libraries_load_prints_no_traceback():
    program = [sys.executable, "-X", "importtime", *PROGRAM[1:]]
    with subprocess.Popen(
        program, cwd=PROJECT, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if line.rstrip().endswith(" numpy"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in rest


def test_a_run_whose_output_nobody_reads_ends_with_its_result(tmp_path):
    folder = tmp_path / "run"
    command = [*PROGRAM, "--output_dir", str(folder), *SMALL, "--num_train_epochs=1"]
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        command, cwd=PROJECT, env=environment(), stdout=writer, stderr=writer, check=False
    )
    os.close(writer)
    assert process.returncode == 0
    assert (folder / "result.json").is_file()
