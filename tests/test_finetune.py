"""What `python -m helpers.finetune` refuses; tests/processes starts it for real."""

import json
import shlex
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from datasets import load_dataset
from safetensors.torch import load_file
from support.own_datasets import two_classes
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from helpers import finetune, sources
from helpers.finetune import main
from helpers.finetune_arguments import (
    PREDICTIONS,
    command_line,
    parse_arguments,
    recorded_arguments,
)
from helpers.intervals import bootstrap_interval
from helpers.run_record import RECORD, RESULT, claim_folder
from helpers.sources import OWN_VARIABLES, SOURCE_VARIABLE
from helpers.training import RECIPE
from tests.test_checkpoints import make_checkpoint


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
        (["--learning_rate", "-1e-5"], "--learning_rate is -1e-05: pass a number above 0."),
        (["--learning_rate", "inf"], "--learning_rate is inf: pass a finite number."),
        (["--num_train_epochs", "0"], "--num_train_epochs is 0.0: pass a number above 0."),
        (["--num_train_epochs", "inf"], "--num_train_epochs is inf: pass a finite number."),
        (["--max_steps", "0"], "--max_steps is 0: pass a number above 0."),
        (["--warmup_steps", "nan"], "--warmup_steps is nan: pass a finite number."),
        (["--weight_decay", "nan"], "--weight_decay is nan: pass a finite number."),
        (["--label_smoothing_factor", "nan"], "--label_smoothing_factor is nan: pass a finite"),
        (["--seed", "-1"], "--seed is -1: pass a whole number from 0 to 4294967295."),
        (["--seed", str(2**32)], "--seed is 4294967296: pass a whole number from 0 to"),
        (["--max_length", str(10**22)], "and the model's limit is 512 tokens: leave it out"),
        (["--train_samples", "many"], "invalid int value: 'many': see --help."),
        (["--nonsense"], "There is no argument --nonsense: see --help."),
        (["--eval_strategy", "steps"], "These arguments cannot be used: "),
        (["--accelerator_config", "no.json"], "cannot be used: [Errno 2] No such file or dir"),
        (["--source", "moon"], "There is no source 'moon'"),
        (["--metric_for_best_model", "moon"], "pass one of loss, accuracy, mae, macro_f1."),
        (["--batch_eval_metrics", "True"], "--batch_eval_metrics is True: the program's metrics"),
        (["--prediction_loss_only", "True"], "--prediction_loss_only is True: the program's"),
        (["--remove_unused_columns", "False"], "--remove_unused_columns is False: the program's"),
        (["--label_names", "moon"], "--label_names is ['moon']: the program's metrics need"),
        (["--report_to", "wandb"], "Training cannot start with these arguments: WandbCallback"),
        (["--optim", "adamw_8bit"], "Training cannot start with these arguments: You need to ins"),
        (["--dataloader_num_workers", "-1"], "cannot start with these arguments: num_workers"),
        (["--adam_beta1", "2"], "cannot start with these arguments: Invalid beta parameter"),
        (["--use_liger_kernel", "True"], "cannot start with these arguments: You have set"),
        (["--push_to_hub", "True"], "--push_to_hub needs the Hub: log in, or leave it out"),
    ],
    ids=lambda value: value[0].lstrip("-") if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_in_one_sentence(
    capsys, tmp_path, monkeypatch, arguments, sentence
):
    # Where nobody answers.
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    folder = tmp_path / "run"
    assert sentence in refuse(capsys, "--output_dir", str(folder), *arguments)
    assert not folder.exists() or not any(folder.iterdir())


def test_a_run_needs_a_folder(capsys):
    assert refuse(capsys) == "There is no folder for the model: pass --output_dir FOLDER."


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


def test_a_run_is_not_resumed_on_data_that_changed_meanwhile(capsys, tmp_path, monkeypatch):
    path = two_classes(tmp_path)
    monkeypatch.setattr(sources, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("COURSE_DATA", str(path))
    arguments = ["--output_dir", str(tmp_path / "run"), "--source", "own"]
    with claim_folder(tmp_path / "run", recorded_arguments(*parse_arguments(arguments)), None):
        make_checkpoint(tmp_path / "run", 4)
    with path.open("a") as file:
        file.write("One more film,good\n")
    said = refuse(capsys, *arguments, "--resume_from_checkpoint", "last")
    assert "other arguments: the content of COURSE_DATA and COURSE_MODEL was own-two-cl" in said


FEW = ["--train_samples", "32", "--validation_samples", "25", "--test_samples", "16"]
FEW += ["--disable_tqdm", "True", "--logging_strategy", "no"]


def test_a_training_that_diverges_says_so_and_leaves_no_result(capsys, tmp_path):
    arguments = ["--output_dir", str(tmp_path), *FEW, "--learning_rate", "1e30"]
    said = refuse(capsys, *arguments, "--warmup_steps", "0")
    assert said.startswith("The training run diverged: the weights after step 2 are not finite")
    assert not any(tmp_path.iterdir())


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> tuple[Path, list[str]]:
    """The folder of a training that was stopped, and its arguments."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    arguments = ["--output_dir", str(folder), *FEW, "--save_only_model", "True"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(finetune, "StopOnSignal", StoppedAtOnce)
        assert main(arguments) == 130
    return folder, arguments


class StoppedAtOnce(finetune.StopOnSignal):
    """As if the signal had come in the first step."""

    def __init__(self) -> None:
        super().__init__()
        self._ask()


def test_a_stop_leaves_a_whole_checkpoint_even_where_only_models_are_saved(stopped):
    folder, _ = stopped
    assert (folder / "checkpoint-1" / "optimizer.pt").is_file()
    assert (folder / RECORD).is_file()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, stopped) -> Path:
    """The folder of the same training, which nobody stopped."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main(["--output_dir", str(folder), *stopped[1][2:]]) == 0
    return folder


def test_a_run_stopped_inside_an_epoch_goes_on_to_the_same_weights(stopped, undisturbed, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(stopped[0], folder)
    arguments = ["--output_dir", str(folder), *stopped[1][2:]]
    assert main([*arguments, "--resume_from_checkpoint", "last"]) == 0
    expected, found = (load_file(each / "model.safetensors") for each in (undisturbed, folder))
    assert [name for name in expected if not found[name].equal(expected[name])] == []
    assert (folder / PREDICTIONS).read_bytes() == (undisturbed / PREDICTIONS).read_bytes()


def test_the_result_is_what_the_predictions_of_the_test_reviews_say(undisturbed, source):
    result = json.loads((undisturbed / RESULT).read_text(encoding="utf-8"))
    rows = pd.read_csv(undisturbed / PREDICTIONS)
    hits = (rows["predicted"] == rows["label"]).to_numpy()
    assert result["accuracy"] == pytest.approx(hits.mean())
    assert result["interval"] == pytest.approx(bootstrap_interval(hits))
    assert result["mae"] == pytest.approx((rows["predicted"] - rows["label"]).abs().mean())
    test = load_dataset(source.dataset, split="test", cache_dir=source.cache_dir)
    known = dict(zip(test["text"], test["label"], strict=True))
    assert [known[text] for text in rows["text"]] == rows["label"].tolist()
    assert len(rows) == 16


def test_the_predictions_are_those_of_the_saved_model(undisturbed):
    model = AutoModelForSequenceClassification.from_pretrained(undisturbed).eval()
    tokenizer = AutoTokenizer.from_pretrained(undisturbed)
    rows = pd.read_csv(undisturbed / PREDICTIONS)
    with torch.no_grad():
        batch = tokenizer(list(rows["text"]), padding=True, truncation=True, return_tensors="pt")
        found = model(**batch).logits.argmax(dim=-1)
    assert found.tolist() == rows["predicted"].tolist()


def test_the_result_tells_how_it_was_trained(undisturbed, source):
    result = json.loads((undisturbed / RESULT).read_text(encoding="utf-8"))
    # Three epochs of 32 reviews.
    assert result["samples_per_second"] == pytest.approx(96 / result["seconds"], rel=0.01)
    assert result["processes"] == 1
    arguments = result["arguments"]
    assert (arguments["train_samples"], arguments["test_samples"]) == (32, 16)
    assert (arguments["seed"], arguments["learning_rate"]) == (42, source.learning_rate)
    assert arguments["output_dir"] == str(undisturbed)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("trainer_state.json", "[]"),
        ("trainer_state.json", "{}"),
        ("scheduler.pt", 3),
        ("epoch_rng_state.pth", "text"),
        ("rng_state.pth", [1]),
        ("optimizer.pt", {}),
    ],
)
def test_a_checkpoint_of_the_wrong_kind_is_refused(capsys, stopped, tmp_path, name, content):
    _, arguments = stopped
    folder = tmp_path / "run"
    shutil.copytree(stopped[0], folder)
    damaged = folder / "checkpoint-1"
    if name.endswith("json"):
        (damaged / name).write_text(content)
    else:
        torch.save(content, damaged / name)
    arguments = ["--output_dir", str(folder), *arguments[2:], "--resume_from_checkpoint", "last"]
    assert main(arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert said[0] == f"Resuming from {damaged}."
    assert said[1].startswith(f"The checkpoint {damaged} does not fit this training run: ")
    assert len(said) == 2


def test_ctrl_c_outside_of_training_tells_how_to_start_again(capsys, tmp_path, monkeypatch):
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(finetune, "prepare_data", interrupt)
    arguments = ["--output_dir", str(tmp_path / "run")]
    assert main(arguments) == 130
    assert capsys.readouterr().err.splitlines()[-1].strip() == command_line(arguments)
    assert not any((tmp_path / "run").iterdir())


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
def test_the_command_to_resume_replaces_an_earlier_checkpoint(monkeypatch, earlier):
    monkeypatch.delenv(SOURCE_VARIABLE, raising=False)
    python, *arguments = shlex.split(command_line(["--output_dir", "my run", *earlier], "new"))
    assert python == sys.executable
    expected = ["-m", "helpers.finetune", "--output_dir", "my run"]
    assert arguments == [*expected, "--resume_from_checkpoint", "new"]


def test_the_command_names_the_source_that_the_environment_chose(monkeypatch):
    monkeypatch.setenv(SOURCE_VARIABLE, "hub")
    assert command_line([]).endswith(" --source hub")
    assert command_line(["--source=embedded"]).endswith("helpers.finetune --source=embedded")
    assert recorded_arguments(*parse_arguments(["--output_dir", "run"]))["source"] == "hub"


def test_the_command_names_the_data_of_one_s_own_in_sh_and_in_powershell(monkeypatch):
    for name in OWN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_DATA", "my reviews.csv")
    monkeypatch.setattr(sys, "executable", "/my course/python")
    start = "'/my course/python' -m helpers.finetune --source own"
    assert command_line(["--source", "own"]) == f"COURSE_DATA='my reviews.csv' {start}"
    assert "my reviews" not in command_line(["--source", "embedded"])
    monkeypatch.setattr("os.name", "nt")
    assert command_line(["--source", "own"]) == f"$env:COURSE_DATA = 'my reviews.csv'; & {start}"


def test_the_command_starts_as_many_processes(monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    launcher = "torch.distributed.run --standalone --nproc-per-node=2 -m helpers.finetune"
    assert f"-m {launcher} --seed" in command_line(["--seed", "1"])


def test_where_the_results_go_is_not_compared():
    first, second = (
        recorded_arguments(*parse_arguments(["--output_dir", name, *more]))
        for name, more in (("run", ["--seed=7"]), ("./run", ["--seed", "7"]))
    )
    assert first == second
    assert first["seed"] == 7
