"""A class behind one mirror: real clients, the real olah, and a Hub on loopback behind it."""

import hashlib
import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.hub_fixtures import DATASET, KNOW_SCRIPTS, METRICS, MODEL, ROWS, fill_hub, run_alone

from course.environment.install import LOCKS, requirements
from course.hub.mirror import PROJECT
from helpers import local_hub
from helpers.local_hub import LocalHub

TRAIN_PATH = "yelp_review_full/train-00000-of-00001.parquet"
TRAIN = f"/datasets/{DATASET}/resolve/main/{TRAIN_PATH}"
INFO = f"/api/models/{MODEL}"
TAG = f"v{importlib.metadata.version('evaluate')}"
TAGGED = f"/spaces/evaluate-metric/accuracy/resolve/{TAG}/accuracy.py"
START_SECONDS = 30

LOAD = f"""
    import hashlib, json
    import evaluate, torch
    from datasets import load_dataset
    from huggingface_hub import list_repo_tree
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from helpers.sources import HUB

    reviews = load_dataset("{DATASET}", cache_dir="cache")
    tokenizer = AutoTokenizer.from_pretrained("{MODEL}")
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained("{MODEL}", num_labels=5)
    texts = reviews["test"][:2]["text"]
    tokens = tokenizer(texts, truncation=True, padding=True, return_tensors="pt")
    listed = list_repo_tree("{DATASET}", repo_type="dataset", recursive=True)
    files = {{file.path: file.lfs.sha256 for file in listed if getattr(file, "lfs", None)}}
    sizes = {{file.path: file.size for file in list_repo_tree("{MODEL}", recursive=True)}}
    result = {{
        "rows": {{name: len(split) for name, split in reviews.items()}},
        "train_sha256": files["{TRAIN_PATH}"],
        "texts": hashlib.sha256(repr(reviews["train"]["text"][:]).encode()).hexdigest(),
        "logits": model(**tokens).logits.tolist(),
        "sizes": sizes,
        "metrics": {{}},
    }}
    for name in {METRICS}:
        metric = evaluate.load(HUB.metric(name))
        result["metrics"] |= metric.compute(predictions=[0, 1, 1], references=[0, 1, 0])
    print(json.dumps(result))
"""


@contextmanager
def listings_as_on_the_hub() -> Iterator[None]:
    """Let the stand-in redirect a listing's address that ends in a slash, as the Hub does."""

    def redirect(request, **_: object) -> None:
        address, _, query = request.path.partition("?")
        request._send({}, 302, Location=f"{address.rstrip('/')}?{query}")

    local_hub.route("GET", "{api}/tree/{revision}/")(redirect)
    try:
        yield
    finally:
        local_hub.ROUTES.pop()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def online() -> dict[str, str]:
    """This environment, not offline as the tests' kernels are: pip has to reach the index."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return environment | {"NO_PROXY": "127.0.0.1,localhost"}


@contextmanager
def run_mirror(folder: Path, upstream: str, *options: str) -> Iterator[str]:
    """Start `python -m course mirror` and yield its address once it listens."""
    port = free_port()
    command = [sys.executable, "-m", "course", "mirror", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--cache", str(folder), "--upstream", upstream, *options]
    log = folder.with_name(f"{folder.name}-{port}.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=online(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_port(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        # The group: the front door, and the mirror that it waits for.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=START_SECONDS)


def _await_port(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(
                    f"python -m course mirror ended with {process.wait(0.1)}: {log.read_text()}"
                )
    pytest.fail(f"The mirror does not listen after {START_SECONDS} seconds: {log.read_text()}")


def load_everything(folder: Path, mirror: str) -> dict:
    """Load dataset, model and metrics in a fresh process with an empty cache."""
    process = run_alone(folder, KNOW_SCRIPTS + textwrap.dedent(LOAD), HF_ENDPOINT=mirror)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def ask(mirror: str, path: str) -> tuple[int, bytes]:
    """Send one GET and return the status and the body of its answer."""
    try:
        with urllib.request.urlopen(mirror + path, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.fixture(scope="module")
def installed() -> None:
    """Install the mirror as its command does; only an index out of reach is an excuse."""
    process = subprocess.run(
        [sys.executable, "-c", "from course.environment import install; install.prepare('mirror')"],
        cwd=PROJECT,
        env=online(),
        capture_output=True,
        text=True,
    )
    if process.returncode and "Retrying (Retry(" in process.stderr:
        pytest.skip("the package index cannot be reached, so the mirror cannot be installed")
    assert process.returncode == 0, process.stderr


@dataclass
class Story:
    """What a class saw of its mirror, with the Hub behind it and after that was gone."""

    first: dict
    first_requests: list[tuple[str, str, int]]
    again: bytes
    again_requests: list[tuple[str, str, int]]
    without_hub: int
    second: dict
    offline: dict[str, int]


@pytest.fixture(scope="module")
def story(installed, tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("room")
    cache = folder / "mirror"
    with ExitStack() as running:
        hub = running.enter_context(LocalHub(folder / "hub"))
        fill_hub(hub)
        with listings_as_on_the_hub(), run_mirror(cache, hub.url) as mirror:
            first = load_everything(folder / "first", mirror)
            first_requests = hub.requests[:]
            _, again = ask(mirror, TRAIN)
            again_requests = hub.requests[len(first_requests) :]
            running.close()
            without_hub, _ = ask(mirror, TRAIN)
    with run_mirror(cache, hub.url, "--offline") as mirror:
        second = load_everything(folder / "second", mirror)
        offline = {path: ask(mirror, path)[0] for path in (INFO, f"{INFO}/revision/main", TAGGED)}
    return Story(first, first_requests, again, again_requests, without_hub, second, offline)


def test_a_client_loads_everything_through_the_mirror(story):
    assert story.first["rows"] == ROWS
    assert story.first["sizes"]["model.safetensors"] > 0
    assert set(story.first["metrics"]) == set(METRICS)
    fetched = {path for method, path, _ in story.first_requests if method == "GET"}
    assert f"/lfs/{story.first['train_sha256']}" in fetched


def test_what_the_mirror_has_is_not_downloaded_from_the_hub_again(story):
    assert hashlib.sha256(story.again).hexdigest() == story.first["train_sha256"]
    assert story.again_requests
    assert {method for method, _, _ in story.again_requests} == {"HEAD"}


def test_without_the_hub_a_second_client_gets_the_same_from_the_mirror_switched_offline(story):
    assert story.second == story.first


def test_a_mirror_not_switched_offline_refuses_even_what_it_has_without_the_hub(story):
    assert story.without_hub == 504


def test_an_offline_mirror_knows_revisions_but_not_the_newest_one_nor_that_a_tag_is_missing(story):
    # Hence a 401 counts as a 404 when a metric is looked for at the tag first.
    assert story.offline == {INFO: 401, f"{INFO}/revision/main": 200, TAGGED: 401}


def test_the_mirror_is_pinned_and_no_part_of_the_course_s_environment():
    assert all("==" in requirement for requirement in requirements("mirror"))
    assert "olah" not in (LOCKS / "course.txt").read_text(encoding="utf-8")
    assert "olah" not in (PROJECT / "environment.yml").read_text(encoding="utf-8")
