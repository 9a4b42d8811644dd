"""What `fetch` asks for, when it loads, and what it says; tests/hub fetches from a Hub."""

import errno
import subprocess
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import huggingface_hub
import pytest
from huggingface_hub.hf_api import RepoFile, RepoFolder

from course.hub import client, fetch
from course.hub.fetch import HubFile
from helpers import hub
from helpers.files import git_blob_id
from helpers.sources import SourceError

HUB = "https://hub.example"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """A cache of its own, for a Hub that nobody asks."""
    for name in ("HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN_PATH", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", HUB)
    monkeypatch.setenv("HF_TOKEN", "")
    return tmp_path


def file(content: bytes = b"{}", kind: str = "model", path: str = "config.json") -> HubFile:
    repo = {"model": hub.MODEL, "dataset": hub.DATASET}[kind]
    return HubFile(kind, repo, "c0", path, len(content), git_blob_id(content))


def store(one: HubFile, content: bytes) -> None:
    one.cache_path.parent.mkdir(parents=True, exist_ok=True)
    one.cache_path.write_bytes(content)


@pytest.mark.parametrize(("own", "sent"), [("hf_mine", "hf_mine"), ("", False)])
def test_what_is_listed_is_what_the_course_needs_with_the_digests_of_the_hub(
    own, sent, monkeypatch
):
    def entry(path, size, oid, **lfs):
        return RepoFile(path=path, size=size, oid=oid, **lfs)

    large = {"lfs": {"size": 9, "sha256": "d2", "oid": "d2", "pointerSize": 1}}
    trees = {
        "dataset": [entry("a/train.parquet", 9, "x", **large), entry(".gitattributes", 1, "d0")],
        "model": [RepoFolder(path="onnx", oid="x"), entry("config.json", 2, "d1")],
    }
    trees["model"].append(entry("tf_model.h5", 9, "d3"))
    api = Mock()
    api.repo_info = lambda repo, repo_type, revision: SimpleNamespace(sha=f"{repo_type}-{revision}")
    api.list_repo_tree = lambda repo, repo_type, revision, recursive: trees[repo_type] * recursive
    opened = Mock(return_value=api)
    monkeypatch.setattr(huggingface_hub, "HfApi", opened)
    monkeypatch.setenv("HF_TOKEN", own)
    assert fetch.list_remote_files([]) == [
        HubFile("dataset", hub.DATASET, "dataset-main", "a/train.parquet", 9, "d2"),
        HubFile("model", hub.MODEL, "model-main", "config.json", 2, "d1"),
    ]
    opened.assert_called_with(endpoint=HUB, token=sent)


@pytest.mark.parametrize(("own", "sent"), [("hf_mine", "hf_mine"), ("", False)])
@pytest.mark.parametrize("came", [b"{}", b"an error page"])
def test_a_download_is_kept_only_with_the_right_digest(came, own, sent, home, monkeypatch):
    wanted = file()
    got = Mock(side_effect=lambda *_, **__: store(wanted, came))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", got)
    monkeypatch.setenv("HF_TOKEN", own)
    if came == b"{}":
        fetch.download(wanted)
        assert wanted.cache_path.read_bytes() == came
    else:
        with pytest.raises(ValueError, match=r"^config.json was downloaded with a wrong digest"):
            fetch.download(wanted)
        assert not wanted.cache_path.exists()
    settings = {"repo_type": "model", "revision": "c0", "endpoint": HUB, "token": sent}
    got.assert_called_once_with(hub.MODEL, "config.json", cache_dir=home / "hub", **settings)


def test_only_what_is_missing_or_damaged_is_downloaded(home, monkeypatch, capsys):
    there, damaged = file(path="vocab.txt"), file(kind="dataset", path="test.parquet")
    store(there, b"{}")
    store(damaged, b"{")
    prepared = hub.prepared_dataset(fetch.HUB.cache_dir)
    removed, download = Mock(), Mock()
    monkeypatch.setattr(fetch.shutil, "rmtree", removed)
    monkeypatch.setattr(fetch, "download", download)
    assert fetch.download_missing([there, damaged, file()], []) == 2
    assert [call.args for call in download.call_args_list] == [(damaged,), (file(),)]
    removed.assert_called_once_with(prepared, ignore_errors=True)
    assert capsys.readouterr().out == (
        "  test.parquet in the cache has a wrong digest: fetching it again\n"
        "Already in the cache, digests right: 1 of 3 files.\n"
        f"[1/2] {hub.DATASET}: test.parquet, 0.0 MB\n"
        f"[2/2] {hub.MODEL}: config.json, 0.0 MB\n"
    )


@pytest.mark.parametrize(("free", "fits"), [(40_000_000, True), (39_999_999, False)])
def test_the_disk_must_have_room_for_the_dataset_twice_more(free, fits, home, monkeypatch):
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(fetch, "download", Mock())
    files = [file(bytes(10_000_000), kind) for kind in ("dataset", "model")]
    if fits:
        assert fetch.download_missing(files, []) == 2
    else:
        with pytest.raises(SourceError) as refusal:
            fetch.download_missing(files, [])
        assert str(refusal.value) == (
            f"The disk of {home} has 40.0 MB free and this takes 40.0 MB: make room, or set "
            "HF_HOME to a folder on another disk."
        )


@pytest.fixture
def steps(monkeypatch) -> SimpleNamespace:
    """The steps of a fetch: nothing comes, and nothing is missing."""
    one = file(bytes(2_000_000))
    steps = SimpleNamespace(
        download_metrics=Mock(),
        list_remote_files=Mock(return_value=[one, one]),
        download_missing=Mock(return_value=0),
        load_all=Mock(),
    )
    for name, step in vars(steps).items():
        monkeypatch.setattr(fetch, name, step)
    steps.missing = Mock(return_value=[])
    monkeypatch.setattr(hub, "list_missing", steps.missing)
    monkeypatch.setattr(hub, "check_endpoint", lambda: None)
    monkeypatch.setattr(client, "guard_client", Mock())
    return steps


@pytest.mark.parametrize(
    ("came", "missing", "loads"),
    [(0, [[], []], False), (1, [[]], True), (0, [["the dataset"], []], True)],
)
def test_everything_is_loaded_once_if_something_came_or_is_missing(
    came, missing, loads, steps, home, capsys
):
    steps.download_missing.return_value = came
    steps.missing.side_effect = missing
    assert fetch.main(delays=[1.0]) == 0
    assert [call.args for call in steps.load_all.call_args_list] == [([1.0],)] * loads
    first, *middle, last = capsys.readouterr().out.splitlines()
    assert first == f"From {HUB} into {home}: 2 files, 4.0 MB."
    assert len(middle) == loads
    assert last == (
        "Everything is in the cache, digests checked. To use it: export COURSE_SOURCE=hub"
    )


def test_what_is_still_missing_is_named(steps, capsys):
    steps.missing.return_value = ["the dataset", "the metric f1"]
    assert fetch.main(delays=[]) == 1
    assert capsys.readouterr().err == (
        "The cache still lacks the dataset, the metric f1: run 'python -m course fetch' again.\n"
    )


@pytest.mark.parametrize(("said", "last"), [("a\nOSError: no\n", "OSError: no"), ("", "it was")])
def test_loading_that_fails_is_told_by_its_last_line(said, last, monkeypatch):
    ended = subprocess.CompletedProcess([], 1, stderr=said)
    monkeypatch.setattr(fetch.subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(SourceError, match=rf"^Everything is downloaded, but .* failed \({last}"):
        fetch.load_all([])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SourceError("Unset it."), "Unset it."),
        (KeyboardInterrupt(), "Stopped: 'python -m course fetch' resumes where it was."),
        (OSError(errno.ENOSPC, "full"), "The disk of {home} is full: make room, or set HF_HOME "),
        (OSError(errno.EDQUOT, "full"), "The disk of {home} is full: make room, or set HF_HOME "),
        (OSError(errno.EROFS, "no", "a"), "HF_HOME={home} cannot be written to (a: no): make it "),
        (OSError(errno.EACCES, "no"), "Fetching from HF_ENDPOINT=https://hub.example failed ("),
        (OSError(errno.EIO, "no", "a"), "Fetching from HF_ENDPOINT=https://hub.example failed ("),
    ],
)
def test_what_stopped_it_is_one_sentence(error, said, home):
    wrapped = ValueError("while fetching")
    wrapped.__cause__ = error
    for each in (error, wrapped) if isinstance(error, OSError) else (error,):
        assert fetch.explain(each).startswith(said.format(home=home))
        assert len(fetch.explain(each).splitlines()) == 1
