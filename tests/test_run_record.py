"""A training run starts in an empty folder, and resumes only in its own."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from support.permissions import forbid

from helpers.run_record import LAST, LOCK, RECORD, RESULT, RunError, claim_folder
from tests.test_checkpoints import make_checkpoint

ARGUMENTS = {"seed": 42, "learning_rate": 1e-4, "source": "embedded"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of a run that stopped after a checkpoint."""
    folder = tmp_path / "run"
    with claim_folder(folder, ARGUMENTS, None) as checkpoint:
        assert checkpoint is None
        make_checkpoint(folder, 4)
    return folder


def claim(folder: Path, resume: str | None = None, **changes: object) -> Path | None:
    with claim_folder(folder, ARGUMENTS | changes, resume) as checkpoint:
        return checkpoint


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {str(path): path.read_bytes() for path in files}


def test_a_run_leaves_its_arguments(folder):
    assert json.loads((folder / RECORD).read_text())["arguments"] == ARGUMENTS


def test_a_run_that_ends_before_its_first_checkpoint_gives_the_folder_back(tmp_path):
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), claim_folder(tmp_path, ARGUMENTS, None):
            raise KeyboardInterrupt
        assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("resume", [LAST, "checkpoint-4"])
def test_a_run_resumes_in_its_own_folder(folder, resume):
    resume = resume if resume == LAST else str(folder / resume)
    assert claim(folder, resume) == folder / "checkpoint-4"


def test_a_killed_run_without_a_checkpoint_starts_from_the_beginning(folder):
    shutil.rmtree(folder / "checkpoint-4")
    assert claim(folder, LAST) is None


@pytest.mark.parametrize("resume", [None, LAST])
@pytest.mark.parametrize("name", ["model.safetensors", RESULT, "checkpoint-4/model.safetensors"])
def test_a_folder_of_the_user_s_is_refused_and_stays_as_it_is(tmp_path, name, resume):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    before = content(tmp_path)
    with pytest.raises(RunError, match=r"pass .*--output_dir"):
        claim(tmp_path, resume)
    assert content(tmp_path) == before
    assert not (tmp_path / LOCK).exists()


def test_only_in_a_folder_of_a_run_it_is_offered_to_resume(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").touch()
    for occupied, more in (
        (tmp_path / "mine", ""),
        (folder, f", or --resume_from_checkpoint {LAST} to resume the run in it"),
    ):
        with pytest.raises(RunError) as refused:
            claim(occupied)
        assert str(refused.value) == (
            f"{occupied} is not empty, and nothing in it is overwritten: pass another "
            f"--output_dir{more}."
        )


def test_a_record_of_something_else_is_refused_and_kept(tmp_path):
    (tmp_path / RECORD).write_text('{"my": "notes"}')
    with pytest.raises(RunError, match=r"run.json in .* is damaged, or not of this program"):
        claim(tmp_path, LAST)
    assert (tmp_path / RECORD).read_text() == '{"my": "notes"}'


def test_other_arguments_are_named_and_refused(folder):
    before = content(folder)
    with pytest.raises(RunError) as refused:
        claim(folder, LAST, seed=7, learning_rate=2e-4)
    told = "--learning_rate was 0.0001 and is 0.0002, --seed was 42 and is 7"
    assert f"The run in {folder} was started with other arguments: {told}. " in str(refused.value)
    assert content(folder) == before


def test_a_checkpoint_of_another_run_is_refused(folder, tmp_path):
    other = make_checkpoint(tmp_path / "other", 6)
    with pytest.raises(RunError, match=r"checkpoint-6 is not of the run in"):
        claim(folder, str(other))


def test_checkpoints_that_cannot_be_resumed_are_not_replaced(folder):
    (folder / "checkpoint-4" / "optimizer.pt").unlink()
    before = content(folder)
    with pytest.raises(RunError, match=r"checkpoint-4 has no optimizer.pt. No other in .* is comp"):
        claim(folder, LAST)
    assert content(folder) == before


@pytest.mark.parametrize(
    ("resume", "told"), [(None, "is not empty"), (LAST, "Another process trains in")]
)
def test_a_second_start_is_refused_while_the_first_trains(tmp_path, resume, told):
    with claim_folder(tmp_path, ARGUMENTS, None), pytest.raises(RunError, match=told):
        claim(tmp_path, resume)


def test_of_eight_starts_at_once_one_gets_the_folder(tmp_path):
    barrier, done = Barrier(8), Barrier(8)

    def start(_: int) -> bool:
        barrier.wait()
        try:
            with claim_folder(tmp_path, ARGUMENTS, None):
                done.wait()
                return True
        except RunError:
            done.wait()
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(8))) == 1


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot be written \(Not a directory\)"):
        claim(tmp_path / "file" / "run")


@pytest.mark.parametrize("resume", [None, LAST])
def test_a_folder_that_may_not_be_read_is_refused(tmp_path, monkeypatch, resume):
    forbid(tmp_path, monkeypatch)
    with pytest.raises(RunError, match=r"cannot be written \(Permission denied\)"):
        claim(tmp_path / "run", resume)
