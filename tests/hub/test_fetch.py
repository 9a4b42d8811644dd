"""What fetching promises, kept by the real clients against a hub that does much wrong."""

import hashlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hub_fixtures import (
    DATASET,
    KNOW_SCRIPTS,
    METRIC_SCRIPTS,
    METRICS,
    MODEL,
    NOBODY,
    fill_hub,
    run_alone,
)

from course.environment.install import requirements
from helpers import hub as hub_module
from helpers import local_hub
from helpers.environment import PROJECT
from helpers.hub import MODEL_FILES
from helpers.local_hub import Faults, LocalHub, etag_of

# As the command, without the waiting: neither its own nor that inside the clients.
FETCH = """
import huggingface_hub, sys, time
from course.hub import fetch
time.sleep = lambda seconds: None
{before}
sys.exit(fetch.main(delays=[0.0] * 20))
"""
LOAD_NOTHING = "fetch.load_all = lambda delays: None"

LOAD = """
import evaluate
from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from helpers.sources import get_source

source = get_source()
whole = load_dataset(source.dataset, cache_dir=source.cache_dir)
config = load_dataset(source.dataset, source.long_texts, split="test", cache_dir=source.cache_dir)
tokenizer = AutoTokenizer.from_pretrained(source.model)
model = AutoModelForSequenceClassification.from_pretrained(source.model, num_labels=5)
model(**tokenizer("Great", return_tensors="pt"))
metrics = [evaluate.load(source.metric(name)) for name in ("accuracy", "f1", "mae")]
scores = [metric.compute(predictions=[0, 1], references=[0, 1]) for metric in metrics]
print(whole["train"].num_rows, config.num_rows, *[list(score)[0] for score in scores])
"""


def run(folder: Path, code: str, **variables: str) -> subprocess.CompletedProcess:
    return run_alone(folder, KNOW_SCRIPTS + code, **variables)


def fetch(folder: Path, endpoint: str, before: str = "", **variables: str):
    variables = {"HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1", **variables}
    return run(folder, FETCH.format(before=before), **variables)


def only_sentence(process: subprocess.CompletedProcess) -> str:
    """Return the one sentence with which a fetch gave up."""
    assert process.returncode == 1
    assert "Traceback" not in process.stdout + process.stderr
    (sentence,) = process.stderr.splitlines()
    assert sentence.endswith(".")
    return sentence


class Story:
    """A fetch from a hub with faults, another one, and a load with the hub stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with LocalHub(folder / "hub") as hub:
            fill_hub(hub)
            other = {"tf_model.h5": b"the same for another framework", "pytorch_model.bin": b"too"}
            kept = dict(next(iter(hub.repos["model", MODEL].commits.values()))["files"])
            contents = {path: hub.content_path(etag_of(e)).read_bytes() for path, e in kept.items()}
            hub.add_repo(MODEL, "model", contents | other)
            hub.faults = Faults(unavailable_every=3, cut_first_download=True)
            self.repos = hub.repos
            self.first = fetch(folder, hub.url)
            self.requests = list(hub.requests)
            hub.faults = Faults()
            self.second = fetch(folder, hub.url)
            self.second_requests = hub.requests[len(self.requests) :]
            self.endpoint = hub.url
        variables = {"HF_ENDPOINT": self.endpoint, "HF_HUB_OFFLINE": "1"}
        self.offline = run(folder, LOAD, **variables)

    def files(self, kind: str, repo: str) -> dict[str, dict]:
        """The entries of a repository's newest commit."""
        return self.repos[kind, repo].find("main")["files"]


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Story:
    return Story(tmp_path_factory.mktemp("fetch"))


@pytest.fixture
def fetched(story, tmp_path) -> Path:
    """A copy of the folder into which everything was fetched."""
    shutil.copytree(story.folder / "hf", tmp_path / "hf", symlinks=True)
    return tmp_path


@pytest.fixture
def hub(story):
    """The same hub again, without faults."""
    with LocalHub(story.folder / "hub") as hub:
        yield hub


def test_it_ends_well_though_every_third_request_fails_and_every_download_is_cut(story):
    assert story.first.returncode == 0, story.first.stdout + story.first.stderr
    assert 503 in {status for *_, status in story.requests}
    served = Counter(
        path
        for method, path, status in story.requests
        if (method, status) == ("GET", 200) and ("/resolve/" in path or "/lfs/" in path)
    )
    # Once cut, once whole.
    assert len(served) == 3 + len(MODEL_FILES) + len(METRICS)
    assert min(served.values()) >= 2


def test_every_file_has_the_digest_that_the_hub_names(story):
    for kind, repo, count in (("model", MODEL, len(MODEL_FILES)), ("dataset", DATASET, 3)):
        folder = story.folder / "hf" / "hub" / f"{kind}s--{repo.replace('/', '--')}" / "snapshots"
        entries = {
            path.relative_to(next(folder.iterdir())).as_posix(): path
            for path in folder.rglob("*")
            if path.is_file()
        }
        assert len(entries) == count
        for name, path in entries.items():
            content = path.read_bytes()
            blob = b"blob %d\0" % len(content) + content
            digests = hashlib.sha256(content).hexdigest(), hashlib.sha1(blob).hexdigest()
            assert etag_of(story.files(kind, repo)[name]) in digests


def test_the_same_weights_for_other_frameworks_stay_where_they_are(story):
    asked = "".join(path for _, path, _ in story.requests)
    assert "tf_model.h5" not in asked
    assert "pytorch_model.bin" not in asked


def test_no_error_page_is_kept_as_a_metric(story):
    scripts = list((story.folder / "hf" / "metric_scripts").rglob("*.*"))
    assert {path.stem: path.read_bytes() for path in scripts} == METRIC_SCRIPTS
    assert len(scripts) == len(METRICS)


def test_nothing_half_done_is_left_behind(story):
    assert list(story.folder.rglob("*.incomplete")) == []


def test_the_size_is_said_first(story):
    entries = [*story.files("dataset", DATASET).values()]
    entries += [story.files("model", MODEL)[name] for name in MODEL_FILES]
    size = sum(entry["size"] for entry in entries) / 1e6
    before, _, _ = story.first.stdout.partition("[1/8]")
    assert f"into {story.folder / 'hf'}: 8 files, {size:,.1f} MB.\n" in before


def test_each_file_is_announced_as_it_comes(story):
    lines = story.first.stdout.splitlines()
    announced = [line for line in lines if line.startswith("[")]
    assert [line.split()[0] for line in announced] == [f"[{n}/8]" for n in range(1, 9)]


def test_a_second_run_fetches_nothing(story):
    assert story.second.returncode == 0, story.second.stderr
    assert "Already in the cache, digests right: 8 of 8 files." in story.second.stdout
    assert not [path for _, path, _ in story.second_requests if "/api/" not in path]


def test_afterwards_everything_loads_with_the_hub_gone(story):
    assert story.offline.returncode == 0, story.offline.stderr
    assert story.offline.stdout.split() == ["3000", "2000", "accuracy", "f1", "mae"]


def test_nothing_lands_outside_hf_home(story):
    assert sorted(path.name for path in story.folder.iterdir()) == ["hf", "hub"]


def test_a_damaged_file_is_replaced(fetched, hub):
    (path,) = fetched.rglob("snapshots/*/model.safetensors")
    content = path.read_bytes()
    path.resolve().write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    process = fetch(fetched, hub.url, LOAD_NOTHING)
    assert process.returncode == 0, process.stderr
    assert "model.safetensors in the cache has a wrong digest" in process.stdout
    assert path.read_bytes() == content


def test_what_was_made_from_a_damaged_file_is_removed_with_it(fetched, hub):
    (path,) = fetched.rglob("snapshots/*/*/test-*.parquet")
    path.resolve().write_bytes(b"damaged")
    process = fetch(fetched, hub.url, LOAD_NOTHING)
    assert "still lacks the dataset" in only_sentence(process)
    assert list(fetched.rglob("*.arrow")) == []


def test_an_error_page_that_was_kept_as_a_metric_is_replaced(fetched, hub):
    (script,) = fetched.rglob("metric_scripts/f1/f1.py")
    script.write_text('{"error": "Service unavailable"}')
    assert fetch(fetched, hub.url, LOAD_NOTHING).returncode == 0
    assert script.read_bytes() == METRIC_SCRIPTS["f1"]


def test_a_file_that_always_comes_wrong_is_not_kept(fetched, hub):
    (path,) = fetched.rglob("snapshots/*/vocab.txt")
    right = path.read_bytes()
    wrong = bytes([right[0] ^ 1]) + right[1:]
    kept = hub.content_path(path.resolve().name)
    for damaged in (path.resolve(), kept):
        damaged.write_bytes(wrong)
    try:
        sentence = only_sentence(fetch(fetched, hub.url, LOAD_NOTHING))
    finally:
        kept.write_bytes(right)
    assert "vocab.txt was downloaded with a wrong digest" in sentence
    assert not path.exists()


@pytest.fixture
def own_hub(story, tmp_path) -> Iterator[LocalHub]:
    """A copy of the hub, to change."""
    shutil.copytree(story.folder / "hub", tmp_path / "hub")
    with LocalHub(tmp_path / "hub") as hub:
        yield hub


@pytest.fixture
def work(tmp_path) -> Iterator[Path]:
    """A file of the user's own, which is there after the test as it was before."""
    path = tmp_path / "my work" / "results.parquet"
    path.parent.mkdir()
    path.write_bytes(b"my work")
    yield path
    assert path.read_bytes() == b"my work"
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize(
    "way", ["{work}", "../../../../../../my work/results.parquet", "C:\\r.parquet"]
)
def test_a_listed_name_that_leaves_the_cache_is_refused(own_hub, tmp_path, work, way):
    files = own_hub.repos["dataset", DATASET].find("main")["files"]
    files[way.format(work=work)] = next(iter(files.values()))
    sentence = only_sentence(fetch(tmp_path, own_hub.url))
    assert "names a file outside the cache" in sentence
    assert not (tmp_path / "hf" / "hub").exists()


def test_a_commit_whose_name_leaves_the_cache_is_refused(own_hub, tmp_path, work):
    own_hub.repos["model", MODEL].find("main")["sha"] = f"../../../../{work.parent.name}"
    assert "outside the cache" in only_sentence(fetch(tmp_path, own_hub.url))


@pytest.mark.parametrize("header", ["ETag", "X_Linked_Etag", "X_Repo_Commit"])
@pytest.mark.parametrize("name", ["results.parquet", "new.parquet"])
def test_an_answer_that_leaves_the_cache_is_refused(
    own_hub, tmp_path, work, monkeypatch, header, name
):
    honest = local_hub._Handler._send_headers

    def lie(handler, status, **headers) -> None:
        if header in headers:
            headers[header] = f'"{work.parent / name}"'
        honest(handler, status, **headers)

    monkeypatch.setattr(local_hub._Handler, "_send_headers", lie)
    assert "outside the cache" in only_sentence(fetch(tmp_path, own_hub.url))


def test_of_a_link_in_the_cache_to_a_file_elsewhere_only_the_link_is_replaced(fetched, hub, work):
    (path,) = fetched.rglob("snapshots/*/config.json")
    content = path.read_bytes()
    path.unlink()
    path.symlink_to(work)
    assert fetch(fetched, hub.url, LOAD_NOTHING).returncode == 0
    assert path.read_bytes() == content


@pytest.fixture
def evil(own_hub, work) -> str:
    """A hub whose script for f1 is another program: it writes into the user's work."""
    script = f"open({str(work.parent / 'ran')!r}, 'w')".encode()
    own_hub.add_repo("evaluate-metric/f1", "space", {"f1.py": script})
    return own_hub.url


def test_a_changed_script_is_refused_before_anything_else_is_fetched(evil, own_hub, tmp_path):
    sentence = only_sentence(fetch(tmp_path, evil))
    assert "does not have the program that the course knows from evaluate" in sentence
    assert "for f1," in sentence
    asked = [path for _, path, _ in own_hub.requests if "/resolve/" in path]
    assert {path.split("/")[1] for path in asked} == {"spaces"}
    assert not list((tmp_path / "hf").rglob("f1.py"))


def test_a_script_that_is_not_there_is_refused(own_hub, tmp_path):
    own_hub.add_repo("evaluate-metric/mae", "space", {"README.md": b"moved"})
    assert "for mae," in only_sentence(fetch(tmp_path, own_hub.url))


LOAD_F1 = """
import evaluate
from helpers.sources import SourceError, get_source

source = get_source()
try:
    f1 = evaluate.load(source.metric("f1"))
    print(f1.compute(predictions=[0, 1], references=[0, 1]))
except SourceError as error:
    print(error)
"""


def load_f1(folder: Path, **variables: str) -> str:
    """Load a metric as the notebooks do; return the one line that comes of it."""
    process = run(folder, LOAD_F1, **variables)
    assert process.returncode == 0, process.stderr
    (line,) = process.stdout.splitlines()
    return line


def test_a_notebook_gets_a_metric_that_nobody_fetched(tmp_path, hub):
    assert load_f1(tmp_path, HF_ENDPOINT=hub.url) == "{'f1': 1.0}"


def test_a_notebook_refuses_a_changed_script_before_it_runs(evil, tmp_path):
    line = load_f1(tmp_path, HF_ENDPOINT=evil)
    assert "does not have the program that the course knows" in line
    assert line.endswith(".")


def test_a_notebook_refuses_a_script_that_was_changed_in_the_cache(fetched, evil):
    (script,) = fetched.rglob("metric_scripts/f1/f1.py")
    script.write_bytes(b"print('changed')")
    assert "does not have the program" in load_f1(fetched, HF_ENDPOINT=evil)


def test_a_notebook_runs_no_script_that_evaluate_has_kept_by_its_name(fetched, work):
    kept = fetched / "hf/modules/evaluate_modules/metrics/evaluate-metric--f1" / ("0" * 64)
    kept.mkdir(parents=True)
    (kept / "f1.py").write_text(f"open({str(work.parent / 'ran')!r}, 'w')")
    assert load_f1(fetched, HF_ENDPOINT=NOBODY, HF_HUB_OFFLINE="1") == "{'f1': 1.0}"


@pytest.mark.parametrize("source", ["embedded", "hub"])
def test_a_changed_copy_of_a_script_is_not_run(fetched, work, source):
    variables = {"COURSE_SOURCE": source, "HF_ENDPOINT": NOBODY, "HF_HUB_OFFLINE": "1"}
    assert load_f1(fetched, **variables) == "{'f1': 1.0}"
    (copy,) = fetched.rglob("modules/evaluate_modules/metrics/f1/*/f1.py")
    copy.write_text(f"open({str(work.parent / 'ran')!r}, 'w')")
    assert load_f1(fetched, **variables) == "{'f1': 1.0}"


def test_with_a_fetched_script_the_hub_is_not_asked_for_one(fetched, evil):
    assert load_f1(fetched, HF_ENDPOINT=evil) == "{'f1': 1.0}"


def test_the_scripts_that_may_run_are_those_of_the_version_that_is_pinned():
    assert f"evaluate=={hub_module.EVALUATE}" in requirements()
    assert tuple(hub_module.METRIC_SCRIPTS) == METRICS
    for page in ("teaching.md", "teaching.zh-CN.md"):
        text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
        assert f"`evaluate` {hub_module.EVALUATE}" in text


@pytest.mark.parametrize("endpoint", ["http://[::1", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_is_one_sentence(tmp_path, endpoint):
    code = "import sys\nfrom course.hub import fetch\nsys.exit(fetch.main())"
    sentence = only_sentence(run(tmp_path, code, HF_ENDPOINT=endpoint))
    assert sentence.startswith("HF_ENDPOINT is not the address of a Hub: ")


def test_a_cache_that_cannot_be_written_to_is_one_sentence(tmp_path, hub):
    (tmp_path / "hf").write_text("a file in the place of the folder")
    sentence = only_sentence(fetch(tmp_path, hub.url))
    assert sentence.startswith(f"HF_HOME={tmp_path / 'hf'} cannot be written to (")
    assert "set HF_HOME to another folder" in sentence


def test_no_hub_is_one_sentence(tmp_path):
    sentence = only_sentence(fetch(tmp_path, NOBODY))
    assert f"HF_ENDPOINT={NOBODY}" in sentence
    assert "mirror" in sentence


def test_a_refused_token_is_one_sentence_without_the_token(tmp_path, hub):
    process = fetch(tmp_path, hub.url, HF_TOKEN="hf_wrong")
    assert "refuses your token" in only_sentence(process)
    assert "hf_wrong" not in process.stdout + process.stderr


def test_offline_is_one_sentence(tmp_path, hub):
    assert "unset it" in only_sentence(fetch(tmp_path, hub.url, HF_HUB_OFFLINE="1"))
    assert hub.requests == []


def test_too_small_a_disk_is_one_sentence_before_anything_comes(tmp_path, hub):
    small = "fetch.shutil.disk_usage = lambda path: type('Usage', (), {'free': 1_000_000})"
    sentence = only_sentence(fetch(tmp_path, hub.url, small))
    assert "1.0 MB free" in sentence
    assert "HF_HOME" in sentence
    # The metrics' scripts come first, a few kilobytes.
    assert not [path for _, path, _ in hub.requests if "/resolve/" in path and "space" not in path]


def test_a_disk_that_fills_up_is_one_sentence(tmp_path, hub):
    full = "def write(*a, **k): open('/dev/full', 'wb', 0).write(b'a')\n"
    full += "huggingface_hub.hf_hub_download = write"
    assert "is full: make room" in only_sentence(fetch(tmp_path, hub.url, full))


def test_interrupted_it_says_that_it_resumes_where_it_was(tmp_path, hub):
    stop = "def stop(*a, **k): raise KeyboardInterrupt\nhuggingface_hub.hf_hub_download = stop"
    assert "resumes where it was" in only_sentence(fetch(tmp_path, hub.url, stop))
