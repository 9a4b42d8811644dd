"""Every notebook runs from the Hub, and then again from the cache with the Hub gone."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.hub_fixtures import fill_hub, know_scripts
from support.notebook_runs import copy_project, run_notebooks

from course.environment.kernel import OFFLINE
from course.notebooks.execute import find_notebooks
from course.test import TRAINING
from helpers.local_hub import LocalHub

LIGHT = sorted({path.name[:2] for path in find_notebooks()} - {*TRAINING})


class HubLearner:
    """Someone with an empty cache who runs the notebooks from the `hub` source."""

    def __init__(self, folder: Path, hub: LocalHub) -> None:
        self.hub = hub
        self.project = copy_project(folder / "project")
        know_scripts(self.project)
        self.home = folder / "home"
        self.cache = folder / "hf"
        self.home.mkdir()
        self.environment = {
            **os.environ,
            **hub.client_environment,
            "HOME": str(self.home),
            "HF_HOME": str(self.cache),
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "COURSE_SOURCE": "hub",
            "PYTHONPATH": os.pathsep.join([str(self.project), str(OFFLINE)]),
        }

    def run_notebooks(
        self, numbers: Sequence[str], **variables: str
    ) -> subprocess.CompletedProcess:
        """Run every cell of some notebooks, two notebooks at a time."""
        return run_notebooks(self.project, numbers, {**self.environment, **variables})


@pytest.fixture(scope="module")
def learner(tmp_path_factory) -> Iterator[HubLearner]:
    folder = tmp_path_factory.mktemp("learner")
    with LocalHub(folder / "hub") as hub:
        fill_hub(hub)
        yield HubLearner(folder, hub)


@pytest.fixture(scope="module")
def online(learner) -> subprocess.CompletedProcess:
    """The first run, with an empty cache: the notebooks that do not train for long."""
    return learner.run_notebooks(LIGHT)


def test_the_notebooks_run_from_the_hub(learner, online):
    assert online.returncode == 0, online.stdout[-4000:]
    assert learner.hub.requests


@pytest.mark.slow
def test_those_that_train_run_from_the_hub(learner, online):
    trained = learner.run_notebooks(TRAINING)
    assert trained.returncode == 0, trained.stdout[-4000:]
    folder = learner.project / "data" / "models" / "embedded"
    # The stored runs of 09 are compared with it.
    assert [path.name for path in folder.iterdir()] == ["07_finetune_bert"]


def test_downloads_land_in_hf_home_only(learner, online):
    assert any(learner.cache.rglob("*.safetensors"))
    assert list(learner.home.rglob("huggingface")) == []


def test_the_notebooks_leave_nothing_beside_them(learner, online):
    left = [path.name for path in (learner.project / "notebooks" / "zh").iterdir()]
    assert [name for name in left if not name.endswith(".ipynb")] == []


@pytest.mark.slow
def test_every_notebook_runs_from_the_cache_with_the_hub_gone(learner, online):
    learner.hub.stop()
    offline = learner.run_notebooks([*LIGHT, *TRAINING], HF_HUB_OFFLINE="1")
    assert offline.returncode == 0, offline.stdout[-4000:]
