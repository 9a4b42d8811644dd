"""What `python -m helpers.finetune` refuses; tests/processes starts it for real."""

import shlex
import sys

import pytest

from helpers.finetune import PREDICTIONS, RESULT, main, parse_arguments, resume_command
from helpers.training import RECIPE


def refuse(capsys, *arguments: str) -> str:
    """Run the program in this process; return the one sentence that it ends with."""
    assert main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1
    return captured.err.strip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--train_samples", "0"], "--train_samples is 0: pass a number above 0."),
        (["--train_samples", "99999"], "--train_samples is 99999: there are 8303."),
        (["--test_samples", "5000"], "--test_samples is 5000: there are 2000."),
        (["--validation_samples", "2"], "A validation split of 2 rows was asked for"),
        (["--max_length", "1"], "max_length is 1"),
        (["--frozen_layers", "9"], "--frozen_layers: 9 layers were to be frozen: pass 0 to 6."),
        (["--learning_rate", "-1"], "--learning_rate is -1.0: pass a number above 0."),
        (["--num_train_epochs", "0"], "--num_train_epochs is 0.0: pass a number above 0."),
        (["--train_samples", "many"], "invalid int value: 'many': see --help."),
        (["--nonsense"], "There is no argument --nonsense: see --help."),
        (["--eval_strategy", "steps"], "These arguments do not go together"),
        (["--source", "moon"], "There is no source 'moon'"),
    ],
    ids=lambda value: value[0].lstrip("-") if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_in_one_sentence(capsys, tmp_path, arguments, sentence):
    assert sentence in refuse(capsys, "--output_dir", str(tmp_path / "run"), *arguments)


def test_a_run_needs_a_folder(capsys):
    assert refuse(capsys) == "There is no folder for the model: pass --output_dir FOLDER."


def test_a_folder_that_cannot_be_written_is_refused(capsys, tmp_path):
    (tmp_path / "file").touch()
    said = refuse(capsys, "--output_dir", str(tmp_path / "file" / "run"))
    assert "cannot be written (Not a directory): pass another --output_dir." in said


@pytest.mark.parametrize("name", ["notes.txt", RESULT])
def test_nothing_of_the_user_s_is_overwritten(capsys, tmp_path, name):
    (tmp_path / name).write_text("mine")
    assert "pass another --output_dir" in refuse(capsys, "--output_dir", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_checkpoint_that_is_not_there_is_refused(capsys, tmp_path):
    folder = str(tmp_path / "checkpoint-7")
    arguments = ["--output_dir", str(tmp_path / "run"), "--resume_from_checkpoint", folder]
    assert refuse(capsys, *arguments).startswith(f"There is no checkpoint {folder}.")


def test_the_help_tells_of_the_folder_and_of_resuming(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for words in (RESULT, PREDICTIONS, "--resume_from_checkpoint last", "--train_samples"):
        assert words in told


def test_the_recipe_is_that_of_the_course():
    _, training = parse_arguments(["--output_dir", "run"])
    for name in ("per_device_train_batch_size", "num_train_epochs", "seed"):
        assert getattr(training, name) == RECIPE[name]


def test_a_flag_of_trainer_changes_the_recipe():
    _, training = parse_arguments(["--output_dir", "run", "--weight_decay", "0.01"])
    assert training.weight_decay == 0.01


@pytest.mark.parametrize(
    "earlier", [["--resume_from_checkpoint", "old"], ["--resume_from_checkpoint=last"]]
)
def test_the_command_to_resume_replaces_an_earlier_checkpoint(earlier):
    python, *arguments = shlex.split(resume_command(["--output_dir", "my run", *earlier], "new"))
    assert python == sys.executable
    expected = ["-m", "helpers.finetune", "--output_dir", "my run"]
    assert arguments == [*expected, "--resume_from_checkpoint", "new"]
