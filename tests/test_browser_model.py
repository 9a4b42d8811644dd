"""The model that the website's page runs: which folders have one, and what the page is told."""

import base64
import gzip
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from support.notebooks import in_each_language
from transformers import AutoModel, AutoModelForSequenceClassification

from course.environment.npm import NpmError
from course.publish import browser_model, site
from course.publish.browser_model import (
    ModelError,
    load_model,
    model_files,
    packed,
    reading,
    write_browser_model,
)
from course.publish.try_page import BrowserModel, page_text
from helpers.levels import LEVELS


@pytest.fixture
def saved(classifier, tokenizer, tmp_path):
    """A folder as `save_model` of a Trainer writes it."""
    folder = tmp_path / "my_model"
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_folder_of_one_s_own_is_loaded_under_its_name(saved):
    model, tokenizer, own = load_model(saved)
    assert own == "my_model"
    assert not model.training
    assert reading(model, tokenizer) == {
        "before": [101], "after": [102], "limit": 512, "characters": 16 * 512, "unknown": 100
    }  # fmt: skip


def without_its_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def cut_off(folder):
    (folder / "model.safetensors").write_bytes(b"cut off")


def without_a_classifier(folder):
    AutoModel.from_pretrained(folder).save_pretrained(folder)


def with_several_labels_at_once(folder):
    options = {"problem_type": "multi_label_classification"}
    AutoModelForSequenceClassification.from_pretrained(folder, **options).save_pretrained(folder)


def with_one_number(folder):
    options = {"num_labels": 1, "ignore_mismatched_sizes": True}
    AutoModelForSequenceClassification.from_pretrained(folder, **options).save_pretrained(folder)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (shutil.rmtree, "it lacks config.json, model.safetensors, tokenizer.json"),
        (without_its_tokenizer, "it lacks tokenizer.json"),
        (cut_off, "it cannot be loaded"),
        (without_a_classifier, "it holds BertModel, which classifies no texts"),
        (with_one_number, "does not choose between labels"),
        (with_several_labels_at_once, "does not choose between labels"),
    ],
)
def test_a_folder_without_such_a_model_is_one_sentence(saved, harm, sentence):
    harm(saved)
    with pytest.raises(ModelError, match=sentence) as raised:
        load_model(saved)
    assert "\n" not in str(raised.value)


def test_a_model_that_reads_more_than_a_text_is_refused(saved):
    options = json.loads((saved / "tokenizer_config.json").read_text())
    more = options | {"model_input_names": ["input_ids", "bbox"]}
    (saved / "tokenizer_config.json").write_text(json.dumps(more))
    with pytest.raises(ModelError, match="reads more than a text"):
        load_model(saved)


def test_a_model_that_cannot_be_exported_is_one_sentence(tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator\nat line 1")

    monkeypatch.setattr(browser_model, "npm_packages", lambda _: tmp_path)
    monkeypatch.setattr(browser_model, "model_files", refuse)
    with pytest.raises(
        ModelError, match=r"^--model mine: it cannot be exported to ONNX: no such op"
    ):
        write_browser_model(None, None, "mine", tmp_path / "model")


@pytest.fixture
def parts(tmp_path, monkeypatch) -> dict[str, bytes]:
    """The files of a model, to be filled; there are packages of npm with their terms."""
    for name, version in (("onnxruntime-web", "1.2"), ("@huggingface/tokenizers", "3.4")):
        (tmp_path / name).mkdir(parents=True)
        about = json.dumps({"version": version, "license": "MIT"})
        (tmp_path / name / "package.json").write_text(about)
    (tmp_path / browser_model.LICENCE).write_text("Permission is granted.\n")
    (tmp_path / "run.mjs").write_bytes(b"run")
    files: dict[str, bytes] = {}
    monkeypatch.setattr(browser_model, "npm_packages", lambda _: tmp_path)
    monkeypatch.setattr(browser_model, "RUNTIME", {"a.mjs": "run.mjs"})
    monkeypatch.setattr(
        browser_model, "model_files", lambda *_, eight_bits: {True: files}[eight_bits]
    )
    return files


def test_all_that_the_page_loads_is_written_with_its_size(parts, classifier, tokenizer, tmp_path):
    parts["model.onnx"] = b"weights"
    folder = tmp_path / "site" / "model"
    written = write_browser_model(classifier, tokenizer, "mine", folder)
    texts = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert texts == {
        "runtime.js": packed({"a.mjs": b"run"}),
        "model.js": packed({"model.onnx": b"weights"}),
        "LICENSES.txt": "onnxruntime-web 1.2: MIT\n@huggingface/tokenizers 3.4: MIT\n"
        "onnxruntime-web: Copyright (c) Microsoft Corporation. All rights reserved.\n\n"
        "Permission is granted.\n",
    }
    assert written == BrowserModel(sum(map(len, texts.values())), [*LEVELS], "mine")


def test_the_size_of_a_large_page_is_said_before_it_is_written(
    parts, classifier, tokenizer, tmp_path, monkeypatch, capsys
):
    size = write_browser_model(classifier, tokenizer, None, tmp_path / "1").size
    monkeypatch.setattr(browser_model, "LARGEST", size)
    write_browser_model(classifier, tokenizer, None, tmp_path / "2")
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(browser_model, "LARGEST", size - 1)
    with pytest.raises(FileExistsError):
        write_browser_model(classifier, tokenizer, None, tmp_path / "2")
    assert "is going to load 0.0 MB: for less, press Ctrl-C" in capsys.readouterr().out


def test_a_page_of_45_megabytes_is_large():
    assert browser_model.LARGEST == 45e6


@pytest.mark.parametrize(("name", "own"), [("embedded", None), ("hub", "hub/07_finetune_bert")])
def test_without_a_folder_it_is_the_model_of_notebook_07(name, own, monkeypatch):
    monkeypatch.setattr(browser_model, "get_source", lambda: SimpleNamespace(name=name))
    monkeypatch.setattr(browser_model, "load_finetuned", lambda source: (source.name, "tokenizer"))
    assert load_model(None) == (name, "tokenizer", own)


class Words:
    """A tokenizer with two special tokens before a text and one after it."""

    model_max_length, unk_token_id = 600, 9

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [1, 2, 7, 8, 3] if add_special_tokens else [7, 8]}


@pytest.mark.parametrize(
    ("sizes", "limit"), [({"max_position_embeddings": 512}, 512), ({}, 600)], ids=["model", "words"]
)
def test_the_page_is_told_what_stands_around_a_text_and_how_long_it_may_be(sizes, limit):
    assert reading(SimpleNamespace(config=SimpleNamespace(**sizes)), Words()) == {
        "before": [1, 2], "after": [3], "limit": limit, "characters": 16 * limit, "unknown": 9
    }  # fmt: skip


def test_a_bad_folder_ends_the_command_and_leaves_the_earlier_site(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(site, "SOURCE", tmp_path / "source")
    monkeypatch.setattr(site, "OUTPUT", tmp_path / "site")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("earlier")
    assert site.main(["--model", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.startswith(f"--model {tmp_path / 'nowhere'}: it lacks")
    assert (tmp_path / "site" / "index.html").read_text() == "earlier"


def test_without_npm_the_site_has_no_such_page_and_says_why(tmp_path, monkeypatch, capsys):
    def refuse(*_: object) -> None:
        raise NpmError("there is no Node.js here")

    monkeypatch.setattr(site, "load_model", lambda _: (None, None, None))
    monkeypatch.setattr(site, "write_browser_model", refuse)
    assert site.write_model(None, tmp_path) is None
    assert capsys.readouterr().out == (
        "site: the model, for the browser (half a minute or so)\n"
        "site: without the page to try the model: there is no Node.js here\n"
    )


def test_how_much_the_page_loads_is_said(tmp_path, monkeypatch, capsys):
    written, made = BrowserModel(31_000_000, ["bad", "good"]), Mock()
    made.return_value = written
    monkeypatch.setattr(site, "load_model", lambda folder: ("model", "tokenizer", folder.name))
    monkeypatch.setattr(site, "write_browser_model", made)
    assert site.write_model(Path("mine"), tmp_path) == written
    made.assert_called_once_with("model", "tokenizer", "mine", tmp_path / "model")
    said = "site: the page to try the model loads 31.0 MB\n"
    assert capsys.readouterr().out.endswith(said)


def test_the_files_name_no_folder_of_this_machine(classifier, tokenizer):
    for name, content in model_files(classifier, tokenizer, eight_bits=True).items():
        assert b"site-packages" not in content, name
        assert str(tokenizer.name_or_path).encode() not in content, name


def test_a_packed_file_is_the_same_every_time_and_comes_back_whole():
    content = bytes(range(256)) * 9
    script = packed({"a.bin": content})
    assert packed({"a.bin": content}) == script
    name, text = re.fullmatch(r'packedFiles\["(.+)"\] = "(.+)";\n', script).groups()
    assert (name, gzip.decompress(base64.b64decode(text))) == ("a.bin", content)


@in_each_language
def test_the_names_of_labels_and_folders_are_text(language):
    own = BrowserModel(31_000_000, ["<b>bad</b>", "good"], own="my `model`\n<i>")
    text, others = page_text(language, own), BrowserModel(31_000_000, ["bad", "good"])
    assert "try-examples" in page_text(language, others)
    label, level = {"zh": ("标签", "等级"), "en": ("label", "level")}[language]
    for page, head in ((text, label), (page_text(language, others), level)):
        assert f'<thead><tr><th scope="col">{head}</th>' in page
    assert "try-examples" not in text
    assert "&lt;b&gt;bad&lt;/b&gt;" in text
    assert "`my 'model' <i>`" in text
    assert "31.0 MB" in text


@in_each_language
def test_every_sentence_of_the_script_is_on_the_page_in_each_language(language):
    text = page_text(language, BrowserModel(31_000_000, list(LEVELS)))
    script = (site.try_page.TEMPLATE / "try.js").read_text(encoding="utf-8")
    used = set(re.findall(r'sentence\("(\w+)"', script)) | {"word", "effect"}
    assert used == set(re.findall(r"data-(\w+)=", text)) - {"folder"}
