import ast
import shutil

import pytest
import torch
from support.notebooks import code_cells
from transformers import AutoTokenizer

from helpers import saved_model, sources
from helpers.levels import LEVELS
from helpers.sampling import VALIDATION_SIZE
from helpers.saved_model import FILES, is_complete, load_finetuned, train_finetuned
from helpers.training import load_classifier, training_arguments


@pytest.fixture
def models(source, tmp_path, monkeypatch):
    """An empty folder for the models that this source trains."""
    monkeypatch.setattr(sources, "MODELS", tmp_path)
    return source.models


def save_untrained(source, folder) -> None:
    load_classifier(source, LEVELS, seed=7).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source.model).save_pretrained(folder)


def test_a_model_on_the_disk_is_loaded_without_a_word(source, models, capsys):
    save_untrained(source, models / "07_finetune_bert")
    model, tokenizer = load_finetuned(source)
    assert capsys.readouterr().out == ""
    assert torch.equal(
        model.classifier.weight, load_classifier(source, LEVELS, 7).classifier.weight
    )
    assert model.config.id2label == dict(enumerate(LEVELS))
    assert not model.training
    assert tokenizer("good")["input_ids"] == [101, 2204, 102]


def test_a_model_that_is_not_on_the_disk_is_trained_and_kept(source, models, capsys, monkeypatch):
    monkeypatch.setattr(saved_model, "train_finetuned", save_untrained)
    load_finetuned(source)
    printed = capsys.readouterr().out
    assert printed == "07_finetune_bert is not on this disk; it is trained again: about a minute\n"
    load_finetuned(source)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("is_made", [True, False])
def test_one_that_another_process_has_put_there_meanwhile_is_taken(
    source, models, monkeypatch, is_made
):
    def train(source, folder):
        if is_made:
            save_untrained(source, folder)
        raise OSError("Directory not empty")

    monkeypatch.setattr(saved_model, "train_finetuned", train)
    if is_made:
        assert load_finetuned(source)[0].config.num_labels == len(LEVELS)
    else:
        with pytest.raises(OSError, match="not empty"):
            load_finetuned(source)


@pytest.mark.parametrize("lacking", FILES)
def test_a_model_without_one_of_its_files_is_not_complete(tmp_path, lacking):
    for name in FILES:
        (tmp_path / name).touch()
    assert is_complete(tmp_path)
    (tmp_path / lacking).unlink()
    assert not is_complete(tmp_path)


def test_an_incomplete_model_is_set_aside_whole_and_trained_again(
    source, models, capsys, monkeypatch
):
    monkeypatch.setattr(saved_model, "train_finetuned", save_untrained)
    folder = models / "07_finetune_bert"
    for number in (1, 2):
        save_untrained(source, folder)
        (folder / "tokenizer.json").unlink()
        (folder / "notes.txt").write_text(f"mine {number}")
        load_finetuned(source)
        shutil.rmtree(folder)
        aside = models / f"07_finetune_bert_incomplete_{number}"
        assert (aside / "notes.txt").read_text() == f"mine {number}"
        assert (aside / "model.safetensors").is_file()
        printed = capsys.readouterr().out.splitlines()
        assert printed[1] == (
            "07_finetune_bert lacks tokenizer.json: all that is in it is now in "
            f"07_finetune_bert_incomplete_{number}"
        )


def test_it_is_trained_by_the_recipe_of_notebook_07(source, models, monkeypatch):
    """The arguments and the sizes that its cells write out, up to where `Trainer` is made."""

    class Stopped(Exception):
        pass

    def stop(**arguments):
        raise Stopped(arguments)

    monkeypatch.setattr(saved_model, "Trainer", stop)
    with pytest.raises(Stopped) as stopped:
        train_finetuned(source, models / "07_finetune_bert")
    [given] = stopped.value.args
    names = dict(source=source, scratch=Scratch, training_arguments=training_arguments)
    written = eval(call_in_07("arguments", "training_arguments"), names)
    elsewhere = ("output_dir", "logging_dir")
    found, expected = (
        {key: value for key, value in each.to_dict().items() if key not in elsewhere}
        for each in (given["args"], written)
    )
    assert found == expected
    assert f"size=min({len(given['train_dataset'])}," in code_cells("07")["load"].source
    assert 'split_validation(tokenized["train"])' in code_cells("07")["load"].source
    assert len(given["eval_dataset"]) == VALIDATION_SIZE
    trained = [name for name, p in given["model"].named_parameters() if p.requires_grad]
    assert "layers=model.config.num_hidden_layers // 2" in code_cells("07")["freeze"].source
    assert min(name for name in trained if ".layer." in name).startswith("bert.encoder.layer.3.")


class Scratch:
    name = "scratch"


def call_in_07(cell: str, name: str) -> str:
    """The call of a function in a cell of notebook 07."""
    nodes = ast.walk(ast.parse(code_cells("07")[cell].source))
    calls = (node for node in nodes if isinstance(node, ast.Call))
    return next(ast.unparse(call) for call in calls if getattr(call.func, "id", "") == name)


@pytest.mark.slow
def test_training_changes_the_upper_layers_and_leaves_the_model_only(source, models):
    folder = models / "07_finetune_bert"
    folder.mkdir(parents=True)
    train_finetuned(source, folder, train_size=32, num_train_epochs=1, disable_tqdm=True)
    assert is_complete(folder)
    assert list(models.iterdir()) == [folder]
    trained, _ = load_finetuned(source)
    before = load_classifier(source, LEVELS).state_dict()
    same = {name for name, weights in trained.state_dict().items() if weights.equal(before[name])}
    assert "bert.encoder.layer.2.output.dense.weight" in same
    assert "bert.encoder.layer.3.output.dense.weight" not in same
    assert "classifier.weight" not in same
