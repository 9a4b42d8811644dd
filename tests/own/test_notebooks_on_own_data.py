"""Every notebook runs on a learner's own data, of four kinds, without a network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.hub_fixtures import DATASET, ROWS, fill_hub
from support.notebook_runs import copy_project, run_notebooks
from support.own_datasets import KINDS
from transformers import BertConfig, BertForMaskedLM

from course.environment.kernel import OFFLINE
from course.notebooks.execute import find_notebooks
from course.test import TRAINING
from helpers.environment import PROJECT
from helpers.local_hub import LocalHub

LIGHT = sorted({path.name[:2] for path in find_notebooks()} - {*TRAINING})
# The quick one has the most that the notebooks could stumble over.
QUICK = "unordered classes"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A course of the learner's own: what is trained in it stays there."""
    return copy_project(tmp_path_factory.mktemp("own") / "project")


def variables(project: Path, path: Path) -> dict[str, str]:
    """What somebody sets who has data of their own and no network."""
    return {
        "COURSE_SOURCE": "own",
        "COURSE_DATA": str(path),
        "HF_HOME": str(project / "hf"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join([str(project), str(OFFLINE)]),
    }


def run(project: Path, kind: str, numbers: list[str], **others: str) -> None:
    """Run notebooks on one kind of data, which stays as it is."""
    folder = project / "mine" / kind
    folder.mkdir(parents=True, exist_ok=True)
    path = next(folder.iterdir(), None) or KINDS[kind](folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    done = run_notebooks(project, numbers, variables(project, path) | others)
    assert done.returncode == 0, done.stdout[-4000:]
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_the_notebooks_that_do_not_train_run_on_it(project):
    run(project, QUICK, LIGHT)


def test_the_program_takes_it_and_says_what_it_found_beside_its_result(project, tmp_path):
    command = [sys.executable, "-m", "helpers.finetune", "--source", "own"]
    command += ["--output_dir", str(tmp_path / "run"), "--num_train_epochs", "1"]
    environment = {**os.environ, **variables(project, KINDS["two classes"](tmp_path))}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout.splitlines()[-1])["mae"] is not None
    assert "2 classes in this order: 'bad' 30, 'good' 29" in done.stderr
    assert "classes" not in done.stdout


CHOOSE = """
from datasets import load_dataset
from helpers.sources import get_source
source = get_source()
rows = load_dataset(source.dataset, cache_dir=source.cache_dir)
print(rows["train"].features["label"].names, rows.num_rows)
"""


def test_a_dataset_on_the_hub_is_taken_by_its_name(tmp_path):
    with LocalHub(tmp_path / "hub") as hub:
        fill_hub(hub)
        environment = {**os.environ, **hub.client_environment, "COURSE_SOURCE": "own"}
        environment |= {"COURSE_DATA": DATASET, "HF_HOME": str(tmp_path / "hf")}
        environment["PYTHONPATH"] = os.pathsep.join([str(PROJECT), str(OFFLINE)])
        command = [sys.executable, "-c", CHOOSE]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    *said, last = done.stdout.splitlines()
    assert last == "['1 star', '2 star', '3 stars', '4 stars', '5 stars'] " + str(ROWS)
    assert any("5 classes in this order" in line for line in said)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != QUICK])
def test_those_run_on_the_other_kinds_too(project, kind):
    run(project, kind, LIGHT)


@pytest.mark.slow
def test_weights_of_one_s_own_are_trained_and_used(project, tmp_path, tokenizer):
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4}
    config = BertConfig(vocab_size=tokenizer.vocab_size, num_hidden_layers=4, **sizes)
    for part in (BertForMaskedLM(config), tokenizer):
        part.save_pretrained(tmp_path / "weights")
    run(project, "two classes", ["05", "07", "08"], COURSE_MODEL=str(tmp_path / "weights"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_those_that_train_run_on_it(project, kind):
    run(project, kind, list(TRAINING))
